import ArgumentParser
import Gateway
import Glibc
import NetTypes
import System

/// `wggw`, the command line. Each command is a file; they print, and leave the work to Gateway.
@main
struct Wggw: ParsableCommand {
    /// The one place for it; scripts/build reads it here.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "wggw",
        abstract: "Turns this box into a WireGuard gateway.",
        discussion: """
            Describe the site, look at the plan, apply it, and go back if you do not like it:

              sudo wggw init --lan 192.168.1.0/24 --endpoint vpn.example.org
              sudo wggw add-peer laptop --qr
              sudo wggw plan
              sudo wggw apply
              sudo wggw status
              sudo wggw log
              sudo wggw rollback

            Exit status: 0 done, 1 failed, 2 something would change (plan --detailed-exitcode), 3 something found (lint) \
            or stopped (explain), 4 cannot be told (explain), 64 wrong usage, 77 not root, \
            78 bad profile. Data goes to standard output, everything else to standard error. Data that cannot be written is a \
            failure, unless its reader has gone (as `head` does).
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Describe the site",
                subcommands: [
                    InitCommand.self, AddPeerCommand.self, SetPeerCommand.self, RemovePeerCommand.self,
                    ListCommand.self, ExportCommand.self, ImportCommand.self, ProfileCommand.self, AdoptCommand.self,
                    DisguiseCommand.self,
                ]),
            CommandGroup(
                name: "Bring it onto the box",
                subcommands: [
                    PlanCommand.self, ApplyCommand.self, ConfirmCommand.self, RollbackCommand.self, UpCommand.self,
                    DownCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, ExplainCommand.self, CheckCommand.self, DoctorCommand.self, LogCommand.self,
                    HistoryCommand.self, ShowCommand.self, DiffCommand.self,
                    LintCommand.self,
                ]),
            CommandGroup(name: "Keep", subcommands: [BackupCommand.self, RestoreCommand.self]),
            CommandGroup(name: "What runs on", subcommands: [WatchCommand.self]),
            CommandGroup(name: "The built-in datapath", subcommands: [DatapathCommand.self]),
            CommandGroup(name: "For wggw itself", subcommands: [GuardCommand.self, LogSwitchCommand.self]),
        ])

    static func main() {
        Console.prepare()
        var arguments = Array(CommandLine.arguments.dropFirst())
        // wg-quick runs one program with the interface's name; a link of this name makes wggw that program.
        if CommandLine.arguments.first?.split(separator: "/").last == "wggw-datapath" {
            arguments.insert("datapath", at: 0)
        }
        // To look at all the commands for that takes as long as the rest of the start.
        if arguments == ["--version"] {
            Console.raw(version + "\n")
            Console.exit(0)
        }
        arguments = ProveOption.complete(commandFirst(arguments))
        do {
            var command = try parsed(arguments)
            // An editor is the person's own, and may have to become somebody else, as by sudo.
            try protectProcess(fromNewPrivileges: !(command is ProfileCommand.EditProfile))
            if !(command is DatapathCommand || command is WatchCommand) { keepMemory() }
            try command.run()
        } catch {
            Failure(error: error, command: arguments.first).exit()
        }
        Console.exit(0)
    }

    /// The parser's errors repeat arguments. Of those that are not printable it is asked again, in a form that is: what is wrong
    /// with them is so in either form.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        if let command = parsedAlone(arguments) { return command }
        do { return try parseAsRoot(arguments) } catch {
            let printable = arguments.map(\.printable)
            if printable != arguments { _ = try parseAsRoot(printable) }
            throw error
        }
    }

    /// By the command alone, without a look at all others, which is a tenth of a start. nil for whatever is no command's use: help,
    /// faults and completion are the whole program's to tell.
    private static func parsedAlone(_ arguments: [String]) -> (any ParsableCommand)? {
        let all = configuration.groupedSubcommands.lazy.flatMap(\.subcommands)
        guard let name = arguments.first, let type = all.first(where: { $0.configuration.commandName == name }),
            type.configuration.subcommands.isEmpty, let command = try? type.parseAsRoot(Array(arguments.dropFirst()))
        else { return nil }
        // Else it is one for help, which knows only this command.
        return Swift.type(of: command) == type ? command : nil
    }

    /// What every command takes may stand before the command as well.
    private static func commandFirst(_ arguments: [String]) -> [String] {
        var end = 0
        while end < arguments.count {
            switch arguments[end] {
            case "--state-dir": end += 2
            case "-q", "--quiet": end += 1
            case let word where word.hasPrefix("--state-dir="): end += 1
            default: return Array(arguments[end...] + arguments[..<end])
            }
        }
        return arguments
    }
}
