import BoxModel
import BoxTwin
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import Compiler

/// The kernel's WireGuard where the box has several ways out, or left one.
@Suite struct AnswerTests {
    private static func box(_ ways: [BoxNetworks.Way], isReady: Bool = true) -> BoxNetworks {
        func card(_ name: String, _ number: Int, _ isReady: Bool) -> BoxNetworks.Interface {
            BoxNetworks.Interface(
                name, networks: [IPPrefix("198.51.\(number).0/24")!],
                addresses: [IPAddress("198.51.\(number).2")!, IPAddress("2001:db8:\(number)::2")!], isReady: isReady)
        }
        return BoxNetworks(interfaces: [card("eth1", 100, isReady), card("eth2", 101, true)], ways: ways)
    }

    private static func out(by interface: String, _ gateway: String? = nil) -> BoxNetworks.Way {
        BoxNetworks.Way(.everyV4, by: interface, gateway: gateway.map { IPAddress($0)! })
    }

    /// What is found stays for as long as its address is there, and is told as text.
    @Test func addressesOnWaysOut() throws {
        var site = Lab.site()
        site.egress.interface = nil
        func found(_ box: BoxNetworks, _ known: String) throws -> String {
            let known = try #require(Surroundings(known))
            let answers = FoundRoles(site, on: box, known: known).answers
            return Surroundings(answers: answers).description
        }
        let first = Self.box([Self.out(by: "eth1", "198.51.100.1")])
        let second = Self.box([Self.out(by: "eth2")])
        let one = "answer:eth1/198.51.100.2>198.51.100.1"
        let left = "former:eth1/198.51.100.2>198.51.100.1 answer:eth2/198.51.101.2"
        #expect(try found(first, "") == one)
        #expect(try found(second, one) == left && found(second, left) == left)
        #expect(try found(first, left) == one + " former:eth2/198.51.101.2")
        #expect(try found(Self.box([Self.out(by: "eth2")], isReady: false), left) == "answer:eth2/198.51.101.2")
        site.egress.interface = "eth1"
        #expect(FoundRoles(site, on: first, known: Surroundings(one)).answers.isEmpty)
        for wrong in ["answer:eth1", "answer:eth1/x", "answer:eth1/10.0.0.1>y"] {
            #expect(Surroundings(wrong) == nil, "\(wrong)")
        }
    }

    private func state(_ surroundings: String, kernel: Bool = true) throws -> DesiredState {
        var site = Lab.site()
        site.tunnel.datapath = kernel ? .kernel : .userspace
        return try compile(site, secrets: Lab.secrets, surroundings: try #require(Surroundings(surroundings)))
    }

    private let one = "uplink:eth1/0.0.0.0/0 answer:eth1/198.51.100.2>198.51.100.1"
    private let moved = "uplink:eth2/0.0.0.0/0 former:eth1/198.51.100.2>198.51.100.1 answer:eth2/198.51.101.2"

    /// The way out moves: the old address is answered from still, and who has a session is called; once.
    @Test(arguments: [true, false]) func theWayOutMoves(kernel: Bool) throws {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        let before = try state(one, kernel: kernel)
        for change in try diff(before, box.observe(before.scope())).changes { try box.perform(change) }
        #expect(box.everything.answers.isEmpty)
        box.everything.wireGuard!.peers[0].endpoint = SocketAddress(IPAddress("203.0.113.7")!, port: 4711)
        let after = try state(moved, kernel: kernel)
        func lines() throws -> [String] {
            try diff(after, box.observe(after.scope(previous: before)), previous: before).lines.filter {
                $0.contains("answers") || $0.contains("call")
            }
        }
        let answers = ["+ answers from 198.51.100.2 by eth1", "+ answers from 198.51.101.2 by eth2"]
        #expect(try lines() == (kernel ? answers : []))
        box.everything.wireGuard!.peers[0].lastHandshake = 1_700_000_000
        let key = box.everything.wireGuard!.peers[0].publicKey
        #expect(try lines() == (kernel ? answers + ["~ call to \(key)"] : []))
        for change in try diff(after, box.observe(after.scope(previous: before)), previous: before).changes {
            try box.perform(change)
        }
        #expect(try diff(after, box.observe(after.scope()), previous: after).isEmpty)
        // Of one that lost a part, all is made anew.
        guard kernel else { return }
        box.everything.answers[0].interface = ""
        #expect(
            try diff(after, box.observe(after.scope()), previous: after).lines == [
                "- answers from 198.51.100.2", "+ answers from 198.51.100.2 by eth1",
            ])
        let plan = teardown(try box.observe(after.scope()), scope: after.scope(), savedSysctls: [:])
        for change in plan.changes { try box.perform(change) }
        #expect(box.everything.answers.isEmpty)
    }

    /// Who is of the other family, or had his last handshake long before the others, is not called; nor is anybody where a way is added.
    @Test func whoIsCalled() throws {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        var site = Lab.site()
        site.peers += [Lab.peer("phone", 2, ["192.168.2.2"]), Lab.peer("tablet", 3, ["192.168.2.3"])]
        site.tunnel.datapath = .kernel
        func state(_ surroundings: String) throws -> DesiredState {
            try compile(site, secrets: Lab.secrets, surroundings: try #require(Surroundings(surroundings)))
        }
        let (before, after) = (try state(one), try state(moved))
        for change in try diff(before, box.observe(before.scope())).changes { try box.perform(change) }
        for (i, (address, handshake)) in [("203.0.113.7", 1000), ("2001:db8::7", 1000), ("203.0.113.8", 819)]
            .enumerated()
        {
            box.everything.wireGuard!.peers[i].endpoint = SocketAddress(IPAddress(address)!, port: 4711)
            box.everything.wireGuard!.peers[i].lastHandshake = Int64(handshake)
        }
        func called(_ previous: DesiredState, _ desired: DesiredState) throws -> [PeerCall] {
            try diff(desired, box.observe(desired.scope()), previous: previous).changes.flatMap {
                change -> [PeerCall] in
                if case .callPeers("wg0", let peers) = change { return peers }
                return []
            }
        }
        let first = box.everything.wireGuard!.peers[0]
        #expect(try called(before, after) == [PeerCall(first.publicKey, at: first.endpoint!, keepalive: 0)])
        #expect(try called(before, state(one + " uplink:eth2/0.0.0.0/0 answer:eth2/198.51.101.2")).isEmpty)
        #expect(try called(state("uplink:eth1/0.0.0.0/0"), after).isEmpty)
    }
}
