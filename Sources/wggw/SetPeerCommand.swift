import ArgumentParser
import Gateway

struct SetPeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-peer", abstract: "Change what is named of a peer; all else stays.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption
    @OptionGroup var peer: PeerFlags

    @Argument(help: ArgumentHelp("Which.", valueName: "name"), completion: peerNames)
    var name: String

    @Option(name: .customLong("name"), help: ArgumentHelp("Another name for it.", valueName: "name"))
    var newName: String?

    func run() throws {
        var options = try peer.options()
        options.name = newName
        let draft = try common.writer("set-peer").setPeer(name, options, why: message.message)
        report(draft, common)
        if draft.isNew { common.note("next: `wggw apply`") }
    }
}
