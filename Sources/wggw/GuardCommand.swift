import ArgumentParser
import Gateway
import Glibc

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "Take an apply back that nobody confirms; `apply --confirm` starts it.",
        shouldDisplay: false)

    @OptionGroup var common: CommonOptions

    @Argument(help: "Which apply.")
    var token: String

    func run() throws {
        try NotRoot.refuse("guard")
        let control = try common.reader("guard")
        while true {
            // Another wggw may be at work, or the disk be full for a moment: there is nobody to tell, and it has to go back.
            if (try? control.guardTick(token: token)) == true { return }
            sleep(1)
        }
    }
}
