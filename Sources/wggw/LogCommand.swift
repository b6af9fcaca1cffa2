import BoxModel
import ArgumentParser
import Explaining
import Gateway
import Glibc
import NetTypes
import Reports

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract:
            "What happens, with the peers' names: handshakes, keypairs, keepalives; or with --denied what is refused, and why.",
        discussion: """
            From the built-in datapath, or from the kernel: then its debug lines are turned on while this runs, and off again \
            at its end, however it ends. Ctrl-C ends it.

            With --denied: each packet that the gateway refuses, who sent it, whom it was for, and what stopped it, with the line \
            of the profile (`profile export`); from the firewall at most 50 a second, and what WireGuard itself drops: a source that \
            is not the peer's, a destination that is nobody's, a session that does not come. What the firewall refuses is kept for \
            --since only where the profile says log.denied = true, and by the service.

            JSON: one object a line, with the keys \(Report.event(nil, name: nil).help); or with the one key \(Report.missed(nil).help). \
            Of what the firewall refuses: \(Report.denial(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(
        name: .customLong("since-start"),
        help: "First what happened before: the datapath's last 1024 events, or what is in the kernel's log.")
    var sinceStart = false

    @Flag(inversion: .prefixedNo, help: "Wait for what is to come.")
    var follow = true

    @Flag(help: "What is refused, and nothing else.")
    var denied = false

    @Option(
        help: ArgumentHelp(
            "With --denied: first what was refused in this time, as 90s, 10m, 2h or 1d.", valueName: "time"),
        transform: { try Period(parsing: $0) })
    var since: Period?

    @Argument(help: ArgumentHelp("Only what these peers do.", valueName: "name"))
    var peers: [String] = []

    func validate() throws {
        if denied && sinceStart { throw ValidationError("--denied goes with --since, not with --since-start") }
        if !denied && since != nil { throw ValidationError("--since goes with --denied") }
        if !follow && !sinceStart && since == nil {
            throw ValidationError(
                "--no-follow needs \(denied ? "--since" : "--since-start"): without both there is nothing")
        }
    }

    func run() throws {
        try NotRoot.refuse("log")
        let control = try common.reader("log")
        if denied {
            let moment = since.map { Int64(time(nil)) - $0.seconds }
            try control.followDenied(only: peers, since: moment, follows: follow, reader: STDOUT_FILENO, show)
        } else {
            try control.followLog(only: peers, remembered: sinceStart, follows: follow, reader: STDOUT_FILENO, show)
        }
    }

    private func show(_ entry: LogEntry) {
        switch entry {
        case .event(let event, let name): show(event, name)
        case .denied(let denial): show(denial)
        case .deaf(let reason):
            common.note("only what the firewall refuses is told, nothing of WireGuard's own: \(reason.prose.text)")
        case .missed(let count):
            if json.isOn {
                Console.raw(Report.missed(count).json.line + "\n")
            } else {
                Console.data(count.map { "\(Format.count($0, "event")) missed" } ?? "events missed")
            }
        }
        Console.expectReader()
    }

    private func show(_ denial: Denial) {
        if json.isOn { return Console.raw(Report.denial(denial).json.line + "\n") }
        let place = denial.place.map { " (line \($0.line))" } ?? ""
        let header = denial.packet.header
        let service = Format.service(header).map { " (\($0))" } ?? ""
        line(
            denial.packet.seconds, denial.from,
            "→ \(denial.to) \(header.service)\(service): \(denial.cause)\(place)")
    }

    private func show(_ event: TunnelEvent, _ name: String?) {
        if json.isOn { return Console.raw(Report.event(event, name: name).json.line + "\n") }
        let who = name ?? event.peer.map { "(stranger) \($0)" } ?? event.peerNumber.map { "(peer \($0))" } ?? "-"
        line(event.seconds, who, event.text)
    }

    private func line(_ seconds: Int64, _ who: String, _ text: String) {
        let padding = String(repeating: " ", count: max(0, 12 - who.count))
        Console.data("\(Format.clock(seconds))  \(who, .bold)\(padding)  \(text)")
    }
}

/// A length of time, as people write it: `90s`, `10m`, `2h`, `1d`.
struct Period {
    /// Whole ones.
    let seconds: Int64

    init(parsing text: String) throws {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), (1...100_000) ~= number
        else { throw ValidationError("\(text) is no time; write 90s, 10m, 2h or 1d") }
        seconds = number * unit
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
            tellStarter(Failure.words(error))
            throw ExitCode(Failure.Status.failed)
        }
    }
}
