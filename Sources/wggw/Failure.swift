import ArgumentParser
import BoxModel
import Gateway
import Glibc
import NetTypes
import SiteModel
import Storage
import System

/// Why a command ends, as people read it and as scripts do.
struct Failure {
    /// sysexits(3).
    enum Status {
        static let failed: Int32 = 1
        static let wouldChange: Int32 = 2
        static let findings: Int32 = 3
        static let cannotTell: Int32 = 4
        static let notRoot: Int32 = 77
        static let badProfile: Int32 = 78
    }

    let error: any Error
    /// nil where none was named.
    let command: String?

    /// What is wrong, in words; for who started this process, and reads them.
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NotRoot: "\(error)"
        case let error as CommandError: error.words
        case let error as BackupError: error.prose.text
        default: GatewayError(error).lines.map(\.text).joined(separator: "\n")
        }
    }

    func exit() -> Never {
        switch error {
        case let error as ProfileErrors: refuse(error)
        case GatewayError.profile(let errors): refuse(errors)
        case let error as NotRoot: fail(["\(error)"], Status.notRoot)
        case let error as GatewayError: fail(error.lines.map(\.text), status(of: error))
        case let error as StorageError: fail([error.prose.text], Status.failed)
        case let error as CommandError: fail([error.words], Status.failed)
        // The parser's, which has usage below it.
        case let error as ValidationError: parserExit(ValidationError(error.message.printable))
        case let error as BoxError: parserExit(Told(words: error.prose.text))
        case let error as BackupError: parserExit(Told(words: error.prose.text))
        default:
            guard let meant else { parserExit(error) }
            fail(["there is no command \(command!); did you mean \(meant)?"], ExitCode.validationFailure.rawValue)
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

    private func fail(_ lines: [String], _ status: Int32) -> Never {
        for (i, line) in lines.enumerated() { Console.error(i == 0 ? "wggw: \(line)" : "\(line)") }
        Console.exit(status)
    }

    private func refuse(_ errors: ProfileErrors) -> Never {
        for line in errors.lines { Console.error("\(line)") }
        fail(["\(Format.count(errors.errors.count, "fault")), nothing was changed"], Status.badProfile)
    }

    /// What the argument parser says of an error; help, a version and a completion script are its errors as well, and data.
    private func parserExit(_ error: any Error) -> Never {
        let status = Wggw.exitCode(for: error).rawValue
        let text = Wggw.fullMessage(for: error, columns: nil)
        if status == 0 {
            if !text.isEmpty { Console.raw(text + "\n") }
        } else if !text.isEmpty {
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) { Console.error("\(line)") }
        }
        Console.exit(status)
    }

    private func status(of error: GatewayError) -> Int32 {
        switch error {
        case .invalid where command == "apply" || command == "profile": Status.badProfile
        case .checksBroken: Status.badProfile
        // Root without the capability, as in most containers.
        case .box(let cause) where cause.code == EPERM: Status.notRoot
        case .applyFailed(let failure) where failure.code == EPERM: Status.notRoot
        default: Status.failed
        }
    }
}

/// An error for the parser, which asks it for its words.
private struct Told: Error, CustomStringConvertible {
    let words: String
    var description: String { words }
}

/// What the command line itself refuses, in its own words.
struct CommandError: Error {
    let words: String

    init(_ words: String) { self.words = words }
}

extension ApplyFailure {
    /// The errno that the box gave, or 0.
    fileprivate var code: Int32 { if case .box(let cause) = cause { cause.code } else { 0 } }
}

/// Somebody who may not do what was asked: neither root nor, as the service's user, in charge of the network.
struct NotRoot: Error, CustomStringConvertible {
    let command: String

    var description: String { "`wggw \(command)` needs root; run `sudo wggw \(command)`" }

    static func refuse(_ command: String) throws {
        if !isAdministrator { throw NotRoot(command: command) }
    }
}
