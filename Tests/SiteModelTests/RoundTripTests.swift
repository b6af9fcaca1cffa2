import Foundation
import NetTypes
import Repeats
import Testing

@testable import SiteModel

@Suite struct RoundTripTests {
    static let profiles: [String] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../profiles").standardized
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path())) ?? []
        return names.filter { $0.hasSuffix(".toml") }.sorted().map { root.path() + "/" + $0 }
    }()

    @Test func theProfilesAreThere() {
        let names = Self.profiles.map { $0.split(separator: "/").last! }
        #expect(
            Set(names).isSuperset(of: [
                "deck.toml", "dual-stack.toml", "full-tunnel.toml", "proxy-arp.toml", "routed.toml",
                "several-ports.toml", "site-to-site.toml", "staff-and-guests.toml",
            ]))
    }

    @Test(arguments: profiles) func aProfileOfTheBox(_ path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let site = try Site.parse(text, file: path)
        #expect(try Site.parse(site.profileText(), file: path) == site)
        // Goldens are made from them, so nothing is left to be found out.
        #expect(site.lan.interface != nil && site.egress.interface != nil && site.tunnel.mtu != nil)
        #expect(site.tunnel.publicKey != nil && site.peers.allSatisfy { $0.publicKey != nil && !$0.addresses.isEmpty })
    }

    @Test func randomSites() throws {
        var random = SeededRandom(state: 2)
        for _ in 0..<300 {
            let site = RandomSite.make(&random)
            #expect(site.problems() == [])
            let text = site.profileText()
            let back = try Site.parse(text, file: "random.toml")
            #expect(back == site)
            #expect(back.profileText() == text)
        }
    }

    @Test func aPeersTable() {
        var site = Site(lan: LAN(subnets: []), tunnel: Tunnel(addresses: []))
        site.peers = [
            Peer(name: "laptop", addresses: [IPAddress("192.168.2.1")!], presharedKey: PresharedKeyChoice.none)
        ]
        #expect(
            site.profileSections().last
                == ProfileSection(
                    title: "[peers.laptop]", lines: ["addresses = [\"192.168.2.1\"]", "preshared-key = \"none\""]))
    }
}

/// Valid sites with everything that a site can have.
enum RandomSite {
    static func make(_ random: inout SeededRandom) -> Site {
        func maybe<T>(_ value: @autoclosure () -> T) -> T? { Bool.random(using: &random) ? value() : nil }
        func key() -> PublicKey { PublicKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })! }
        func rules() -> [AccessRule] { (0..<Int.random(in: 1...8, using: &random)).map { rule($0, &random) } }
        let choices: [OtherForwarding.Choice?] = [nil, .allow, .drop, .from(["allow"]), .from(["wan'0#", "eth\"0"])]
        let groups = ["staff", "guests", "x-1"].filter { _ in Bool.random(using: &random) }
        let peers = (0..<Int.random(in: 0...20, using: &random)).map { i in
            let hasGroup = !groups.isEmpty && Bool.random(using: &random)
            let psk: [PresharedKeyChoice?] = [
                nil, .auto, PresharedKeyChoice.none, .sealed(SecretID("0123456789abcdef")!),
            ]
            return Peer(
                name: "peer-\(i)",
                addresses: [IPAddress("10.7.0.\(i + 2)"), maybe(IPAddress("fd00:7::\(i + 2)")!)].compactMap { $0 },
                publicKey: maybe(key()), presharedKey: psk.randomElement(using: &random)!,
                fullTunnel: maybe(Bool.random(using: &random)),
                group: hasGroup ? groups.randomElement(using: &random)! : nil,
                policy: hasGroup ? nil : maybe(Policy(allow: rules())),
                routes: [maybe(IPPrefix("172.16.\(i).0/24")!), maybe(IPPrefix("fd00:9:\(i)::/48")!)].compactMap { $0 },
                endpoint: maybe(Endpoint("[2001:db8::\(i)]:\(i + 1)")!), keepalive: maybe(UInt16(i)))
        }
        return Site(
            name: "s\(Int.random(in: 0...9, using: &random))", endpoint: maybe(Endpoint("vpn.example.org:1")!),
            otherForwarding: OtherForwarding(
                ipv4: choices.randomElement(using: &random)!, ipv6: choices.randomElement(using: &random)!),
            drift: DriftChoice.allCases.randomElement(using: &random)!, keepsDenied: Bool.random(using: &random),
            lan: LAN(
                interface: maybe("eth\"0"), subnets: [IPPrefix("192.168.1.0/24")!, IPPrefix("fd00:1::/64")!],
                replyPath: Bool.random(using: &random) ? .masquerade : .routed),
            tunnel: Tunnel(
                addresses: [InterfaceAddress("10.7.0.1/24")!, InterfaceAddress("fd00:7::1/64")!],
                listenPort: UInt16.random(in: 1...65533, using: &random), otherPorts: maybe([65535, 65534]) ?? [],
                mtu: maybe(Int.random(in: 1280...65456, using: &random)),
                datapath: DatapathChoice.allCases.randomElement(using: &random)!,
                fwmark: maybe(UInt32.random(in: 0...UInt32.max, using: &random)) ?? 0, publicKey: maybe(key())),
            egress: Egress(interface: maybe("wan'0#"), fullTunnel: Bool.random(using: &random)),
            dns: [IPAddress("9.9.9.9")!, IPAddress("2620:fe::fe")!, IPAddress("1.1.1.1")!].filter { _ in
                Bool.random(using: &random)
            }, groups: Dictionary(uniqueKeysWithValues: groups.map { ($0, Policy(allow: rules())) }), peers: peers)
    }

    /// The `i`th of a policy's rules; different for each `i`.
    private static func rule(_ i: Int, _ random: inout SeededRandom) -> AccessRule {
        let destination = [
            IPPrefix("192.168.\(i).0/24")!, IPPrefix("192.168.1.\(i)")!, IPPrefix("fd00:1::\(i)")!,
            IPPrefix("fd00:1:\(i)::/48")!,
        ].randomElement(using: &random)!
        let transport = (AccessRule.Transport.allCases + [nil]).randomElement(using: &random)!
        guard transport == .tcp || transport == .udp, Bool.random(using: &random) else {
            return AccessRule(destination, transport: transport)
        }
        let low = UInt16.random(in: 1...65535, using: &random)
        return AccessRule(
            destination, transport: transport, ports: low...UInt16.random(in: low...65535, using: &random))
    }
}
