import ArgumentParser
import Gateway

struct DownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Take everything of wggw's off this box; the revisions stay.",
        discussion: """
            The connections of all peers end with it. --confirm as with apply: who came in by the tunnel cannot confirm, and it comes \
            back.

            JSON: as apply.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption
    @OptionGroup var confirmation: ConfirmOption

    func run() throws {
        try common.change("down", json) { try $0.down(confirmWithin: confirmation.seconds, willPerform: $1) }
    }
}
