import BoxTwin
import Foundation
import GatewaySamples
import NetTypes
import Reports
import SiteModel
import Storage
import Testing

@testable import BoxModel
@testable import Compiler
@testable import Firewall
@testable import Explaining
@testable import Gateway
@testable import wggw

/// What each command prints with --json, of a gateway on a simulated box. `WGGW_RECORD=1 swift test --filter ReportGoldenTests`
/// writes the files in Goldens.
@Suite struct ReportGoldenTests {
    private let bench = Workbench()

    /// Two peers, a group, checks, a LAN whose router needs routes, and somebody else's firewall. Revision 4.
    private func drafted() throws -> ControlPlane {
        var options = InitOptions.office
        options.set(\.lan.replyPath, to: .routed)
        options.set(\.keepsDenied, to: true)
        let control = try bench.draft([], options)
        for name in ["laptop", "guest"] { _ = try control.addPeer(name, .plain, why: nil) }
        let profile = try control.newest().site.profileText().replacing(
            "[peers.guest]", with: "[peers.guest]\nallow = [\"192.168.1.10:443/tcp\"]\nkeepalive = 25")
        let checks = """

            [[check]]
            from = "laptop"
            to = "192.168.1.10:22"
            expect = "allow"

            [[check]]
            from = "guest"
            to = "192.168.1.10:22"
            expect = "deny"

            """
        _ = try control.take(try Site.parse(profile + checks, file: "site.toml"), why: "checks")
        bench.box.everything.obstacles = [
            FirewallObstacle(
                chain: "ip filter FORWARD", owner: "Docker", remedy: "iptables -I DOCKER-USER -j ACCEPT",
                certainty: .drops(at: RulePlace(.ip, "filter", "FORWARD"))),
            FirewallObstacle(
                chain: "inet filter input", owner: nil, remedy: "nft insert rule inet filter input accept",
                certainty: .mayDrop(
                    Doubt(
                        place: RulePlace(.inet, "filter", "input", rule: 3), verdicts: [.drop],
                        causes: [
                            .limit(over: true), .expression("match set"),
                            .elements(of: SetName(.inet, "filter", "bad")),
                        ],
                        matchesOthers: false, named: PacketFields()))),
        ]
        return control
    }

    /// Applied; one peer is there, so is a stranger, and somebody turned forwarding off.
    private func running() throws -> ControlPlane {
        let control = try drafted()
        _ = try control.apply()
        let laptop = try #require(try control.newest().site.peers.first { $0.name == "laptop" }?.publicKey)
        bench.box.everything.wireGuard!.peers = bench.box.everything.wireGuard!.peers.map { peer in
            var peer = peer
            if peer.publicKey == laptop {
                peer.endpoint = SocketAddress("198.51.100.7:40000")
                peer.lastHandshake = 1_700_000_990
                (peer.received, peer.sent) = (1_500, UInt64.max)
            }
            return peer
        }
        bench.box.everything.wireGuard!.peers.append(
            ObservedPeer(publicKey: PublicKey(bytes: [UInt8](repeating: 7, count: 32))!, lastHandshake: 1_700_000_000))
        bench.box.everything.sysctls["net/ipv4/ip_forward"] = 0
        return control
    }

    private func shown(_ form: Report.Form, _ text: String) -> JSON {
        Report.shown(4, form, text).json
    }

    private func router(_ planned: PlannedApply, _ control: ControlPlane) throws -> [RouterInstructions] {
        try control.routerInstructions(
            planned.desired.advice, of: planned.stored.site, meeting: planned.surroundings)
    }

    @Test func ofARevision() throws {
        let control = try drafted()
        let stored = try control.newest()
        try expect(JSON.reports(stored.site.peers) { .listed($0, in: stored.site) }, isGolden: "list")
        try expect(
            JSON.reports(try control.history(limit: 10)) { .revision($0, current: nil, appliedAt: nil) },
            isGolden: "history-unapplied")
        let diff = ProfileDiff(from: try control.site(3).site, to: stored.site)
        try expect(JSON.reports(diff.sections, Report.section), isGolden: "diff")
        let state = try control.desiredState(of: stored)
        try expect(shown(.profile, stored.site.profileText()), isGolden: "show-profile")
        try expect(shown(.state, state.text), isGolden: "show-state")
        try expect(shown(.nft, state.firewall.nftText), isGolden: "show-nft")
        try expect(JSON.reports(try control.checks()) { .check($0, words: \.phrase) }, isGolden: "check")
    }

    @Test func ofAnApply() throws {
        let control = try drafted()
        let planned = try control.plan()
        try expect(Report.plan(planned, router: try router(planned, control), words: \.phrase).json, isGolden: "plan")
        try expect(Report.outcome(try control.apply(confirmWithin: 120), words: \.phrase).json, isGolden: "apply")
        _ = try control.confirm()
        let other = try control.plan()
        try expect(
            Report.plan(other, router: try router(other, control), words: \.phrase).json, isGolden: "plan-applied")
        _ = try control.addPeer("phone", .plain, why: nil)
        let third = try control.plan()
        try expect(Report.plan(third, router: try router(third, control), words: \.phrase).json, isGolden: "plan-draft")
        let applied = try control.appliedTimes()
        try expect(
            JSON.reports(try control.history(limit: 10)) { revision in
                .revision(revision, current: 4, appliedAt: revision.flatMap { applied[$0.id] })
            }, isGolden: "history")
        _ = try control.apply(confirmWithin: 60)
        bench.pass(90)
        try expect(Report.status(try control.status(), words: \.phrase).json, isGolden: "status-overdue")
        try expect(Report.outcome(try control.rollback(to: 3, why: nil), words: \.phrase).json, isGolden: "rollback")
        try expect(Report.outcome(try control.down(), words: \.phrase).json, isGolden: "down")
    }

    @Test func ofTheBox() throws {
        let control = try running()
        let status = try control.status()
        let routers = try control.routerInstructions(
            status.advice, of: status.applied!.site, meeting: status.surroundings)
        try expect(Report.status(status, router: routers, words: \.phrase).json, isGolden: "status")
        try expect(
            JSON.reports(
                try control.explainChecks(asksHosts: true)
            ) { .liveCheck($0?.result, $0?.explanation, words: \.phrase) },
            isGolden: "check-live")
        for (name, from, to) in [("granted", "laptop", "192.168.1.10:443"), ("refused", "guest", "192.168.1.10:22")] {
            let flow = try Flow(from: from, to: to)
            try expect(
                Report.explanation(try control.explain(flow, asksHosts: false), words: \.text).json,
                isGolden: "explain-\(name)")
        }
        let fresh = try Workbench().draft([])
        try expect(Report.status(try fresh.status(), words: \.phrase).json, isGolden: "status-nothing")
    }

    @Test func ofAilments() throws {
        let found: [Ailment] = [
            .drift(PlanPreview(Plan([.link(.setMTU(interface: "wg0", mtu: 1420, was: 1500))]), from: nil, to: nil)),
            .unresolved(
                name: "itzxa.com",
                BoxError(.init(.lookUp, .host("itzxa.com")), .unresolved(resolver: "no answer"))),
            .stopped(
                peers: ["laptop"], to: "192.168.1.0/24",
                Step(leg: .there, stage: .forward, outcome: .stops, fact: .interfaceDown("wg0"), remedy: .restore)),
            .alarm(.cutShort(command: "wggw apply")),
        ]
        try expect(JSON.reports(found) { .ailment($0, words: \.phrase, commands: \.text) }, isGolden: "doctor")
    }

    @Test func ofPeers() throws {
        let control = try drafted()
        try expect(
            Report.configuration(try control.export("laptop", as: .client(.wgQuick))).json,
            isGolden: "export")
        try expect(
            Report.export(try control.export("laptop", as: .client(.networkd)), as: .client(.networkd)).json,
            isGolden: "export-networkd")
    }

    @Test func ofTheLog() throws {
        let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
        let events = [
            TunnelEvent(
                .receivingInitiation, sinceBoot: .max, seconds: 1_700_000_000, nanoseconds: 1_000, peer: key,
                peerNumber: 3, endpoint: SocketAddress("198.51.100.7:40000")),
            TunnelEvent(.gaveUpHandshake, sinceBoot: 5, seconds: 0, nanoseconds: 0, attempts: 20),
            TunnelEvent(.keypairCreated, sinceBoot: 5, seconds: 0, nanoseconds: 0, peer: key, keypair: 9),
        ]
        let control = try drafted()
        let stored = try control.newest()
        let denials = try [
            "forward in=wg0 out=eth0 10.77.0.2 192.168.1.10 6 50000 445",
            "forward in=eth0 out=wg0 172.20.0.5 10.77.0.1 1 - -",
            "prerouting in=eth1 out=- 10.77.0.1 10.0.0.1 17 1 2",
        ].map { text in
            DenialJudge(stored.site, try control.desiredState(of: stored)).denial(
                of: try #require(DeniedPacket("1764180000.000000042 " + text)))
        }
        let lines =
            [Report.event(events[0], name: "laptop").json] + events.dropFirst().map { Report.event($0, name: nil).json }
            + denials.map { Report.denial($0).json }
            + [Report.missed(3).json, Report.missed(nil).json]
        try expect(lines.map { $0.line + "\n" }.joined(), isGolden: "log")
    }

    @Test func ofALint() throws {
        let text =
            "[Interface]\nPrivateKey = \(Data(repeating: 1, count: 32).base64EncodedString())\nAdress = 10.0.0.2/24\n"
        let lint = Lint([LintFile("wg0.conf", FileText(text))], services: { _ in nil }) { PublicKey(of: $0) }
        try expect(JSON.reports(lint.findings, Report.finding), isGolden: "lint")
    }

    // MARK: Goldens

    private func expect(_ json: JSON, isGolden name: String) throws { try expect(json.text, isGolden: name) }

    private func expect(_ text: String, isGolden name: String) throws {
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name).json")
        if ProcessInfo.processInfo.environment["WGGW_RECORD"] == "1" {
            try text.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(try text == String(contentsOf: golden, encoding: .utf8), "\(name).json differs")
    }
}

extension PeerOptions {
    /// Without a preshared key, whose name in the profile differs in every store.
    fileprivate static var plain: PeerOptions {
        var options = PeerOptions()
        options.presharedKey = PresharedKeyOption.none
        return options
    }
}
