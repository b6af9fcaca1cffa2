import ArgumentParser
import Gateway

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back: a new revision out of an old one, applied.",
        discussion: """
            Without a number, to what was applied before; where there was nothing, wggw goes off the box. An apply that waits \
            for confirmation is taken back. --confirm as with apply. JSON: as apply.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("To which one; see `wggw history`.", valueName: "revision"))
    var revision: Int?

    @OptionGroup var confirmation: ConfirmOption

    func run() throws {
        try common.change("rollback", json) {
            try $0.rollback(
                to: revision, why: message.message, confirmWithin: confirmation.seconds, willPerform: $1)
        }
    }
}
