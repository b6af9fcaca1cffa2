import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// What the box forwards, before wggw, with it and after it.
struct ForwardingTests {
    // MARK: What others may do

    /// Settings that differ from "off" on a box with eth0 and eth1, and what it forwards.
    static let found: [([String: Int], OtherForwarding)] = [
        ([:], .drop),
        (["4/default": 1, "4/eth0": 1, "4/eth1": 1], OtherForwarding(ipv4: .allow, ipv6: .drop)),
        (["6/all": 1, "6/default": 1, "6/eth0": 1, "6/eth1": 1], OtherForwarding(ipv4: .drop, ipv6: .allow)),
        // One interface is on where the box as a whole is not, and the other way round.
        (["4/eth0": 1], OtherForwarding(ipv4: .from(["eth0"]), ipv6: .drop)),
        (["4/eth0": 1, "4/eth1": 1], OtherForwarding(ipv4: .from(["eth0", "eth1"]), ipv6: .drop)),
        (["4/default": 1, "4/eth1": 1], OtherForwarding(ipv4: .from(["eth1"]), ipv6: .drop)),
        (["4/default": 1], .drop),
        // An interface's own switch for IPv6 makes a router of it, and forwards nothing.
        (["6/eth0": 1], .drop),
        (["6/all": 2], OtherForwarding(ipv4: .drop, ipv6: .allow)),
        (["force/eth1": 1], OtherForwarding(ipv4: .drop, ipv6: .from(["eth1"]))),
    ]

    @Test(arguments: found) func whatABoxForwards(settings: [String: Int], expected: OtherForwarding) {
        var sysctls: [String: Int] = [:]
        for (key, value) in settings {
            let name = key.drop { $0 != "/" }.dropFirst()
            let file = key.hasPrefix("force") ? "force_forwarding" : "forwarding"
            sysctls["net/\(key.hasPrefix("4") ? "ipv4" : "ipv6")/conf/\(name)/\(file)"] = value
        }
        #expect(OtherForwarding(sysctls: sysctls, interfaces: ["eth0", "eth1"]) == expected)
    }

    /// The answer, and the interfaces by which IPv4 and IPv6 may come in that have nothing to do with the tunnel.
    static let others: [(OtherForwarding, [String], [String])] = [
        (OtherForwarding(), [], []), (.drop, [], []),
        (.allow, ["eth0", "eth1", "docker0"], ["eth0", "eth1", "docker0"]),
        (OtherForwarding(ipv4: .allow, ipv6: .drop), ["eth0", "eth1", "docker0"], []),
        (OtherForwarding(ipv4: .drop, ipv6: .allow), [], ["eth0", "eth1", "docker0"]),
        (OtherForwarding(ipv4: .allow), ["eth0", "eth1", "docker0"], []),
        (OtherForwarding(ipv4: .from(["eth0"]), ipv6: .from(["docker0", "eth1"])), ["eth0"], ["docker0", "eth1"]),
    ]

    @Test(arguments: others) func whatOthersMay(answer: OtherForwarding, v4: [String], v6: [String]) throws {
        let site = Lab.site { $0.otherForwarding = answer }
        let filter = PacketFilter([try compile(site, secrets: Lab.secrets, surroundings: Surroundings()).firewall])
        for (source, destination, allowed) in [("1.1.1.1", "192.168.1.10", v4), ("2606:4700::1", "fd01::10", v6)] {
            for input in ["eth0", "eth1", "docker0"] {
                for state in [Packet.State.new, .established] {
                    let packet = Packet(
                        input: input, output: "eth2", source: IPAddress(source)!, destination: IPAddress(destination)!,
                        transport: 6, state: state)
                    let passes = filter.passes(packet)
                    #expect(passes == allowed.contains(input), "\(packet)")
                }
            }
        }
    }

    // MARK: What is given back

    /// Whatever the settings were, they are the same after an apply, another one, and a teardown.
    @Test(arguments: 0..<40) func settingsAreGivenBack(seed: Int) throws {
        var world = RandomWorld(seed: seed)
        var before = Lab.freshSysctls
        for key in before.keys { before[key] = Int.random(in: 0...1, using: &world.random) }
        let box = SimulatedBox(
            ObservedState(kernelHasWireGuard: true, sysctls: before), names: ["a.example": IPAddress("198.51.100.1")!])
        var saved: [String: Int] = [:]
        var state: DesiredState?
        for _ in 0..<3 {
            let next = try compile(world.site(), secrets: Lab.secrets, surroundings: world.surroundings())
            let observed = try box.observe(next.scope(previous: state, savedSysctls: saved))
            let plan = try diff(next, observed, previous: state, savedSysctls: saved)
            saved.merge(plan.settingsBefore(observed)) { first, _ in first }
            for change in plan.changes { try box.perform(change) }
            for (key, value) in saved where !next.holds(key) && before[key] != nil {
                #expect(box.everything.sysctls[key] == value, "\(key) is not needed any more")
            }
            saved = saved.filter { next.holds($0.key) }
            state = next
        }
        let scope = Scope(interface: state!.interface, sysctls: Set(saved.keys))
        for change in teardown(try box.observe(scope), scope: scope, savedSysctls: saved).changes {
            try box.perform(change)
        }
        let after = box.everything.sysctls.filter { !$0.key.contains("/wg") }
        #expect(after == before, "seed \(seed)")
    }

    @Test func anInterfaceThatIsGoneIsLeftOut() {
        let saved = ["net/ipv4/ip_forward": 0, "net/ipv4/conf/eth9/forwarding": 1]
        let scope = Scope(interface: "wg0", sysctls: Set(saved.keys))
        let plan = teardown(ObservedState(sysctls: ["net/ipv4/ip_forward": 1]), scope: scope, savedSysctls: saved)
        #expect(plan.changes == [.setSysctl(key: "net/ipv4/ip_forward", value: 0, was: 1)])
    }

    /// The box as a whole first: it would move the others away.
    @Test func theOrderOfGivingBack() {
        let saved = [
            "net/ipv4/ip_forward": 0, "net/ipv4/conf/all/accept_redirects": 0, "net/ipv4/conf/eth0/forwarding": 1,
            "net/ipv4/conf/eth1/forwarding": 0, "net/ipv4/conf/default/forwarding": 1,
        ]
        let now = saved.mapValues { _ in 1 }.merging(["net/ipv4/conf/all/accept_redirects": 0]) { $1 }
        let scope = Scope(interface: "wg0", sysctls: Set(saved.keys))
        let plan = teardown(ObservedState(sysctls: now), scope: scope, savedSysctls: saved)
        #expect(
            plan.lines == [
                "~ sysctl net.ipv4.ip_forward 1 → 0", "~ sysctl net.ipv4.conf.default.forwarding 0 → 1",
                "~ sysctl net.ipv4.conf.eth0.forwarding 0 → 1", "~ sysctl net.ipv4.conf.all.accept_redirects 1 → 0",
            ])
    }

    /// Where the box forwards as a whole and the LAN's interface does not, its answers would not come back.
    @Test func theInterfacesOfTheSiteForward() throws {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        var sysctls = Lab.freshSysctls
        for key in ["ip_forward", "conf/default/forwarding", "conf/eth1/forwarding"] { sysctls["net/ipv4/\(key)"] = 1 }
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: sysctls))
        let plan = try diff(state, box.observe(state.scope()))
        #expect(plan.lines.last == "~ sysctl net.ipv4.conf.eth0.forwarding 0 → 1")
        #expect(plan.settingsBefore(try box.observe(state.scope()))["net/ipv4/conf/eth0/forwarding"] == 0)
    }

    static let patterns: [(String, String, Bool)] = [
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward", true), ("net/ipv4/ip_forward", "net/ipv4/ip_forwards", false),
        ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/eth0.7/forwarding", true),
        ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/default/forwarding", true),
        ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/all/forwarding", false),
        ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/forwarding", false),
        ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/eth0/bc_forwarding", false),
        ("net/ipv4/conf/*/forwarding", "net/ipv6/conf/eth0/forwarding", false),
    ]

    @Test(arguments: patterns) func matching(text: String, key: String, matches: Bool) {
        #expect(SysctlPattern(text).matches(key) == matches)
    }
}
