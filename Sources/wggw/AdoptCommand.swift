import ArgumentParser
import Gateway

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Draft a revision with the peers that somebody added by `wg set`.",
        discussion: """
            Else they are drift: `wggw watch` takes them away again at once, or tells of them where the profile says \
            site.drift = "report". They are called adopted-1, adopted-2 and so on, may reach the LAN unless a policy says \
            otherwise, and are dialed nowhere: where a peer was heard last is no endpoint.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption

    @Argument(help: ArgumentHelp("What to call it, if it is a single one.", valueName: "name"))
    var name: String?

    func run() throws {
        let draft = try common.writer("adopt").adopt(name: name, why: message.message)
        report(draft, common)
        common.note("next: `wggw set-peer` with a policy if it shall not reach the whole LAN, then `wggw apply`")
    }
}
