import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// What a disguise becomes on the box and in a peer's file.
@Suite struct DisguiseTests {
    private func disguise(_ lines: [(AWGName, String)], key: PresharedKeyChoice = .none) throws -> Disguise {
        var settings = AWGSettings()
        for (name, text) in lines { try settings.set(name, text) }
        return Disguise(settings, headerProtectionKey: key)
    }

    private func site(_ change: (inout Site) -> Void = { _ in }) throws -> Site {
        let disguise = try disguise(
            [
                (.s1, "40"), (.s2, "41"), (.s3, "42"), (.s4, "12"), (.h1, "5-9"), (.jc, "3"), (.jmax, "60"),
                (.i1, "<r 9>"),
            ],
            key: .sealed(Lab.secretID(1)))
        return Lab.site { site in
            site.tunnel.disguise = disguise
            site.tunnel.datapath = .auto
            site.tunnel.mtu = nil
            site.peers[0].disguise = .awg
            change(&site)
        }
    }

    private func state(_ site: Site) throws -> DesiredState {
        try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
    }

    @Test func theBuiltInDatapathWithASmallerMTU() throws {
        let state = try state(site())
        #expect(state.datapath == .userspace && state.link.mtu == 1420 - 12)
        #expect(
            state.wireGuard.disguises[0].headerProtectionKey != nil && state.wireGuard.disguises[0].prefixes.data == 12)
        // Who comes in by it begins in it, and the others in plain.
        #expect(state.wireGuard.peers.map(\.dialect) == [1])
        #expect(try self.state(site { $0.peers[0].disguise = .none }).wireGuard.peers.map(\.dialect) == [0])
        let said = state.text
        #expect(said.contains("  disguise AmneziaWG (hidden)\n") && !said.contains("5-9"))
        #expect(try self.state(site { $0.tunnel.mtu = 1300 }).link.mtu == 1300)
        // With less there would be no IPv6 in the tunnel.
        let narrow = try compile(site(), secrets: Lab.secrets, surroundings: Surroundings(mtu: 1285))
        #expect(narrow.link.mtu == 1280)
    }

    @Test func keysThatAreNotThere() throws {
        let gone = Secrets(privateKeys: Lab.secrets.privateKeys)
        #expect(throws: CompileError.noHeaderProtectionKey(Lab.secretID(1))) {
            try compile(site(), secrets: gone, surroundings: Surroundings())
        }
        let short = try disguise([(.s1, "3")], key: .sealed(Lab.secretID(1)))
        #expect(throws: CompileError.disguise(.shorterThanNonce(.s1, 3))) {
            try state(site { $0.tunnel.disguise = short })
        }
    }

    /// On and off again; what the plan says tells no parameter.
    @Test func plans() throws {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        var previous: DesiredState?
        func apply(_ site: Site) throws -> [String] {
            let state = try state(site)
            let plan = try diff(state, box.observe(state.scope(previous: previous)), previous: previous)
            for change in plan.changes { try box.perform(change) }
            previous = state
            #expect(try diff(state, box.observe(state.scope()), previous: state).changes.isEmpty)
            return plan.lines(naming: [:])
        }
        _ = try apply(
            site {
                $0.tunnel.disguise = nil; $0.peers[0].disguise = .none
            })
        let on = try apply(site { $0.peers[0].disguise = .none })
        #expect(on.contains { $0.hasPrefix("~ wireguard disguise AmneziaWG (hidden)  by the built-in datapath") })
        #expect(on.contains { $0.hasSuffix("in plain WireGuard") } && !on.contains { $0.contains("5-9") })
        #expect(try apply(site()).contains { $0.hasSuffix("disguised") })
        let userspace = try apply(
            site {
                $0.tunnel.disguise = nil; $0.tunnel.datapath = .userspace; $0.peers[0].disguise = .none
            })
        #expect(userspace.contains("~ wireguard without disguise"))
        let alone = Plan([.setWireGuard(interface: "wg0", WireGuardChange(disguises: []))])
        #expect(alone.size == 1 && alone.lines(naming: [:]).count == 1, "one change, and not none")
    }

    /// Whatever comes and goes beside it, a disguise keeps its number, by which live sessions know it.
    @Test func severalKeepTheirNumbers() throws {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        var previous: DesiredState?
        var changed = false
        func apply(_ usual: String?, _ more: [String: String], _ peer: String) throws -> (
            numbers: [String], dialect: UInt8
        ) {
            let site = try site { site in
                func made(_ s1: String) -> Disguise { try! disguise([(.s1, s1), (.s4, s1)]) }
                site.tunnel.disguise = usual.map(made)
                site.tunnel.moreDisguises = more.mapValues(made)
                site.peers[0].disguise = try! DisguiseChoice(parsing: peer)
            }
            let state = try state(site)
            let plan = try diff(state, box.observe(state.scope(previous: previous)), previous: previous)
            for change in plan.changes { try box.perform(change) }
            changed = plan.lines(naming: [:]).contains { $0.contains("disguise") && $0.hasPrefix("~ wireguard") }
            previous = state
            #expect(try diff(state, box.observe(state.scope()), previous: state).changes.isEmpty)
            let seen = try #require(try box.observe(state.scope()).wireGuard)
            // The MTU leaves room for the largest.
            let largest = ([usual] + more.values.map { $0 }).compactMap { $0.flatMap(Int.init) }.max() ?? 0
            #expect(state.link.mtu == 1420 - largest)
            return (seen.disguises.map { "\($0.prefixes.initiation)" }, seen.peers[0].dialect)
        }
        #expect(try apply("10", ["old": "20"], "old") == (["10", "20"], 2))
        #expect(try apply("10", ["new": "30", "old": "20"], "old") == (["10", "20", "30"], 2))
        #expect(try apply("10", ["new": "30", "old": "20"], "new") == (["10", "20", "30"], 3) && !changed)
        #expect(try apply(nil, ["old": "20"], "old") == (["0", "20"], 2))
        #expect(try apply("11", ["old": "20"], "awg") == (["11", "20"], 1))
        #expect(try apply("12", ["old": "20"], "none") == (["12", "20"], 0))
        #expect(try apply(nil, [:], "none") == ([], 1))
    }

    @Test func aPeersFile() throws {
        let site = try site { $0.tunnel.mtu = 1408 }
        let config = try clientConfig(for: site.peers[0], in: site, secrets: Lab.secrets)
        let key = HeaderProtectionKey(bytesOf: Lab.presharedKey(1)).exposedBase64
        let lines = """
            MTU = 1408
            Jc = 3
            Jmax = 60
            S1 = 40
            S2 = 41
            S3 = 42
            S4 = 12
            H1 = 5-9
            I1 = <r 9>
            HeaderProtectionKey = \(key)

            [Peer]

            """
        #expect(config.wgQuickText.contains(lines), "\(config.wgQuickText)")
        #expect(ClientForm.allCases.filter(config.isWhole) == [.wgQuick])
        let plain = try self.site { $0.peers[0].disguise = .none }
        let file = try clientConfig(for: plain.peers[0], in: plain, secrets: Lab.secrets)
        #expect(!file.wgQuickText.contains("S1") && ClientForm.allCases.allSatisfy(file.isWhole))
    }
}
