import ArgumentParser
import BoxModel
import Compiler
import Gateway
import NetTypes
import Reports
import SiteModel
import Storage

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How the gateway is: who is connected, and whether the box is as it should be.",
        discussion: """
            The exit status is 0 where all is as it should be, and 1 with an alarm, with drift, or where another firewall is in the way.

            JSON: an object with the keys \(Report.status(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        try NotRoot.refuse("status")
        let control = try common.reader("status")
        let status = try control.status()
        if json.isOn {
            let router =
                try status.applied.map {
                    try control.routerInstructions(
                        status.advice, of: $0.site, meeting: status.surroundings)
                } ?? []
            Console.raw(Report.status(status, router: router, words: \.phrase).json.text)
        } else {
            show(status)
            advise(status)
        }
        if !status.isWell { throw ExitCode(Failure.Status.failed) }
    }

    private func advise(_ status: GatewayStatus) {
        warn(status.observed?.obstacles ?? [])
        for note in status.notes { common.note("\(note.prose.text)") }
        for route in status.advice {
            common.note("the LAN's router has to send \(route) to this box; `wggw plan` says how")
        }
        if status.isUnvisited, let port = status.observed?.wireGuard?.listenPort {
            let others = status.applied?.site.tunnel.otherPorts ?? []
            let ports = ([port] + others).map(String.init).joined(separator: ", ")
            common.note(
                """
                no peer has shaken hands yet: what they send to UDP port \(ports) has to arrive here, so a router in between has \
                to forward it
                `wggw log` shows each try that arrives
                """)
        }
    }

    private func show(_ status: GatewayStatus) {
        for alarm in status.alarms { Console.data("\("ALARM", .bold)  \(alarm.prose.text)") }
        if let journal = status.record.journal, status.alarms.isEmpty {
            Console.data("`\(journal.command)` is at work")
        }
        guard let applied = status.applied, let observed = status.observed else {
            let waits = status.draft.map { "; revision \($0.id) waits for `wggw apply`" } ?? ""
            Console.data("nothing of wggw's is on the box\(waits)")
            return
        }
        Console.data("\(applied.site.tunnel.interface, .bold)  \(headline(applied, observed))")
        if let key = applied.site.tunnel.publicKey { Console.data("public key \(key)") }
        status.surroundings.roleLines.forEach { Console.data("\($0)") }
        if let seconds = status.confirmWithin, seconds > 0 {
            Console.data("goes back in \(seconds) s unless you run `wggw confirm`")
        }
        if !status.checks.isEmpty { Console.data("\(status.checks.summary)") }
        if let draft = status.draft { Console.data("revision \(draft.id) is drafted and not applied; see `wggw plan`") }
        if !status.drift.isEmpty {
            Console.data("drift from revision \(applied.revision.id), which `wggw up` puts right:")
            status.drift.lines.forEach { Console.data("  \(Line(plan: $0))") }
        }
        if observed.silence != nil { return }
        if status.peers.isEmpty { return Console.data("no peers yet; add one with `wggw add-peer NAME`") }
        Console.data("")
        Console.data(
            ["PEER", "HANDSHAKE", "RECEIVED", "SENT", "ENDPOINT", "ALLOWED IPS"],
            status.peers.lazy.map { $0.row(now: status.now) })
    }

    private func headline(_ applied: StoredSite, _ observed: ObservedState) -> String {
        let revision = "revision \(applied.revision.id)"
        guard let link = observed.link else { return "is gone; \(revision) was applied, `wggw up` brings it back" }
        let carrier =
            switch link.backend {
            case .kernel?: "kernel WireGuard"
            case .userspace?: "userspace datapath"
            case nil: "no WireGuard interface"
            }
        let others = applied.site.tunnel.otherPorts.map { ", \($0)" }.joined()
        let port = observed.wireGuard.map { ", port \($0.listenPort)\(others)" } ?? ""
        return
            "\(link.isUp ? "up" : "down"), \(carrier)\(port), \(revision), \(Format.count(applied.site.peers.count, "peer"))"
    }
}

extension GatewayStatus.PeerStatus {
    fileprivate func row(now: Int64) -> [String] {
        let name = name ?? "(stranger) \(publicKey)"
        guard let observed else { return [name, "not on the box", "-", "-", "-", "-"] }
        return [
            name, Format.ago(observed.lastHandshake, now: now), Format.bytes(observed.received),
            Format.bytes(observed.sent), observed.endpoint?.description ?? "-",
            observed.allowedIPs.map { $0.isHost ? $0.address.description : $0.description }.joined(separator: ", "),
        ]
    }
}
