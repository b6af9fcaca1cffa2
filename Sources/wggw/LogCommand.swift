import ArgumentParser
import Gateway
import Glibc
import NetTypes

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "What WireGuard itself says, as it happens: handshakes, keypairs, keepalives, with the peers' names.",
        discussion: """
            From the built-in datapath, or from the kernel: then its debug lines are turned on while this runs, and off again \
            at its end, however it ends. Ctrl-C ends it.

            JSON: one object a line, with the keys time (UTC), since_boot (nanoseconds), event (a word such as \
            receiving-initiation), peer (name, null for a stranger), public_key, peer_number (the kernel's), endpoint, keypair, \
            attempts, text; or with the one key missed, the number of events that were lost (null: not counted).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(
        name: .customLong("since-start"),
        help: "First what happened before: the datapath's last 1024 events, or what is in the kernel's log.")
    var sinceStart = false

    @Flag(inversion: .prefixedNo, help: "Wait for what is to come.")
    var follow = true

    @Argument(help: ArgumentHelp("Only what these peers do.", valueName: "name"))
    var peers: [String] = []

    func validate() throws {
        if !follow && !sinceStart {
            throw ValidationError("--no-follow needs --since-start: without both there is nothing")
        }
    }

    func run() throws {
        try NotRoot.refuse("log")
        let control = try common.reader("log")
        try control.followLog(only: peers, remembered: sinceStart, follows: follow) { entry in
            switch entry {
            case .event(let event, let name): show(event, name)
            case .missed(let count):
                if json.isOn {
                    Console.raw(JSON.object([("missed", .number(count))]).line + "\n")
                } else {
                    Console.data(count.map { "\(Format.count($0, "event")) missed" } ?? "events missed")
                }
            }
            Console.expectReader()
        }
    }

    private func show(_ event: TunnelEvent, _ name: String?) {
        if json.isOn { return Console.raw(event.json(name).line + "\n") }
        let who = name ?? event.peer.map { "(stranger) \($0)" } ?? event.peerNumber.map { "(peer \($0))" } ?? "-"
        let padding = String(repeating: " ", count: max(0, 12 - who.count))
        Console.data("\(Format.clock(event.seconds))  \(who, .bold)\(padding)  \(event.text)")
    }
}

extension TunnelEvent {
    fileprivate func json(_ name: String?) -> JSON {
        .object([
            ("time", .string(Format.utc(seconds, nanoseconds))), ("since_boot", .unsigned(sinceBoot)),
            ("event", .string(kind.rawValue)), ("peer", .text(name)), ("public_key", .text(peer)),
            ("peer_number", .number(peerNumber)), ("endpoint", .text(endpoint)), ("keypair", .number(keypair)),
            ("attempts", .number(attempts)), ("text", .string(text)),
        ])
    }
}

/// Runs for as long as a `wggw log` does that reads the kernel's lines.
struct LogSwitchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-switch", abstract: "Keep the kernel's WireGuard debug lines on; `log` starts it.",
        shouldDisplay: false)

    func run() throws {
        try NotRoot.refuse("log-switch")
        do { try ControlPlane.holdKernelLog(until: STDIN_FILENO) } catch {
            tellStarter("\(error)")
            throw ExitCode(Failure.Status.failed)
        }
    }
}
