import ArgumentParser
import Compiler
import Gateway
import Glibc
import SiteModel
import Storage

/// Why a command ends, as people read it and as scripts do.
struct Failure {
    /// sysexits(3).
    enum Status {
        static let failed: Int32 = 1
        static let wouldChange: Int32 = 2
        static let notRoot: Int32 = 77
        static let badProfile: Int32 = 78
    }

    private let error: any Error
    private let command: String?

    init(_ error: any Error, of command: String?) {
        self.error = error
        self.command = command
    }

    func exit() -> Never {
        switch error {
        case let error as ProfileErrors: refuse(error)
        case GatewayError.profile(let errors): refuse(errors)
        case let error as NotRoot:
            Console.error("wggw: \(error)")
            Glibc.exit(Status.notRoot)
        case let error as GatewayError:
            Console.error("wggw: \(error)")
            Glibc.exit(status(of: error))
        case let error as StorageError:
            Console.error("wggw: \(error)")
            Glibc.exit(Status.failed)
        default:
            if let meant {
                Console.error("wggw: there is no command \(command!); did you mean \(meant)?")
                Glibc.exit(ExitCode.validationFailure.rawValue)
            }
            Wggw.exit(withError: error)
        }
    }

    /// The command that a word which is none was likely meant to be.
    private var meant: String? {
        let known = Wggw.configuration.groupedSubcommands.flatMap(\.subcommands).compactMap { command in
            command.configuration.commandName
        }
        guard let command, !command.hasPrefix("-"), command != "help", !known.contains(command) else { return nil }
        return nearest(command, among: known)
    }

    private func refuse(_ errors: ProfileErrors) -> Never {
        Console.error("\(errors)")
        Console.error("wggw: \(Format.count(errors.errors.count, "fault")), nothing was changed")
        Glibc.exit(Status.badProfile)
    }

    private func status(of error: GatewayError) -> Int32 {
        switch error {
        case .invalid where command == "apply" || command == "profile": Status.badProfile
        // Root without the capability, as in most containers.
        case .box(let cause) where cause.code == EPERM: Status.notRoot
        case .applyFailed(let failure) where failure.cause.code == EPERM: Status.notRoot
        default: Status.failed
        }
    }
}

/// Somebody who may not do what was asked.
struct NotRoot: Error, CustomStringConvertible {
    let command: String

    var description: String { "`wggw \(command)` needs root; run `sudo wggw \(command)`" }

    static func refuse(_ command: String) throws {
        if geteuid() != 0 { throw NotRoot(command: command) }
    }
}
