import ArgumentParser
import Compiler
import Gateway

struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Bring the revision that was applied last back: at boot, or after down.",
        discussion: "JSON: as apply.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    func run() throws { try common.change("up", json) { try $0.up(willPerform: $1) } }
}
