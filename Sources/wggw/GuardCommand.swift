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
        let control: ControlPlane
        do {
            try NotRoot.refuse("guard")
            control = try common.reader("guard")
            try control.prepareToGuard(token: token)
        } catch {
            tellStarter(Failure.words(error))
            throw ExitCode(Failure.Status.failed)
        }
        tellStarter()
        control.guardApply(token: token) { seconds in sleep(UInt32(seconds)) }
    }
}
