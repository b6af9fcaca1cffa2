import ArgumentParser
import Compiler
import Gateway

struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Bring the revision that was applied last back: at boot, or after down.",
        discussion: "JSON: as apply.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        try NotRoot.refuse("up")
        let control = try common.reader("up")
        let report = try undisturbed {
            try control.up { show($0, common, json) }
        }
        try show(report, control, common, json)
    }
}
