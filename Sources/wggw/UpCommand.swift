import ArgumentParser
import Gateway

struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Bring the revision that was applied last back: at boot, or after down.",
        discussion: """
            A draft stays a draft. With --restart the new datapath takes the old one's place as with `wggw apply`: no connection \
            ends. That is what an upgrade of the package does.

            JSON: as apply.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "Start the datapath anew, as after an upgrade of wggw; peers go over to the new one.")
    var restart = false

    func run() throws { try common.change("up", json) { try $0.up(restarts: restart, willPerform: $1) } }
}
