import ArgumentParser
import Gateway
import System

struct ConfirmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "Keep what `apply --confirm`, `rollback --confirm` or `down --confirm` did.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        try NotRoot.refuse("confirm")
        let revision = try undisturbed { try common.reader("confirm").confirm() }
        common.note("\(stays(revision))")
    }
}
