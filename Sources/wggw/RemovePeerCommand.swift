import ArgumentParser
import Gateway

struct RemovePeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-peer", abstract: "Remove peers; a rollback brings them back with their keys.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption

    @Argument(help: ArgumentHelp("Which.", valueName: "name"), completion: peerNames)
    var names: [String]

    func run() throws {
        let draft = try common.writer("remove-peer").removePeers(names, why: message.message)
        report(draft, common)
        common.note("next: `wggw apply` shuts \(names.joined(separator: ", ")) out")
    }
}
