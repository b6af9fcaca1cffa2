import Foundation
import NetTypes
import Testing

@testable import SiteModel

/// Files as people have them, each a form that was once refused or read wrongly.
@Suite struct WgQuickFileTests {
    /// What a file comes to.
    enum Right {
        /// Its peers by name, with addresses and networks behind them, and what the notes say.
        case taken([String], notes: [String] = [])
        case refused([String])
    }

    struct Case: CustomTestStringConvertible {
        let file: String
        let right: Right
        var testDescription: String { file }

        init(_ file: String, _ right: Right) {
            self.file = file
            self.right = right
        }
    }

    private static let laptop = ["laptop 10.8.0.2"]
    private static let both = ["laptop 10.8.0.2", "phone 10.8.0.3"]

    static let cases = [
        Case(
            "key-as-comment",
            .taken(
                ["peer1 10.8.0.2"],
                notes: ["7:60: a comment holds what may be a key; it is kept nowhere", "becomes peer1"])),
        Case("key-in-comment-line", .taken(["peer1 10.8.0.2"], notes: ["6:2: a comment holds what may be a key"])),
        Case("host-address-only", .taken(["peer-laptop 10.13.13.2", "peer-phone 10.13.13.3"])),
        Case(
            "address-is-network",
            .taken(["laptop 10.252.1.1"], notes: ["3:11: Address 10.252.1.0/24: is its network's own address; taken"])),
        Case("branch", .taken(["head-office ← 10.10.0.0/16 10.99.0.0/24"])),
        Case(
            "peer-with-tunnel-mask",
            .refused([
                "9:14: AllowedIPs 10.0.0.2/24: means 10.0.0.0/24 to wg, the whole tunnel; write 10.0.0.2/32"
            ])),
        Case(
            "nested-in-one-peer",
            .taken(
                ["branch 10.8.0.2 ← 192.168.178.0/24"],
                notes: ["9:27: AllowedIPs 192.168.178.1/32: is in another network of this peer; merged"])),
        Case("same-twice", .taken(laptop, notes: ["10:14: AllowedIPs 10.8.0.2/32: stands twice; taken once"])),
        Case(
            "link-local",
            .taken(
                laptop,
                notes: [
                    "4:11: Address fe80::682b:eb69:e7c4:b623/64: not taken over",
                    "11:12: Endpoint [fe80::5%eth0]:41234: fe80::5 on one interface",
                ])),
        Case(
            "outside-the-tunnel",
            .taken(
                ["laptop ← 10.9.0.2/32"],
                notes: [
                    "9:14: AllowedIPs 10.9.0.2/32: is outside the tunnel's subnets; taken as a network behind laptop"
                ])),
        Case(
            "no-allowed-ips",
            .taken(["parked", "phone 10.8.0.3"], notes: ["6:1: no AllowedIPs; nothing of parked is let in"])),
        Case("crlf-comment-first", .taken(both)), Case("bom", .taken(both)),
        Case(
            "latin1-comment",
            .taken(["b-ro 10.8.0.2", "phone 10.8.0.3"], notes: ["1:1: the file is no UTF-8; taken as Latin-1"])),
        Case(
            "dead-block-before",
            .taken(["peer1 10.8.0.2"], notes: ["11:1: nothing names this peer; it becomes peer1"])),
        Case("comment-behind-setting", .taken(laptop)), Case("two-comments", .taken(["anna 10.8.0.2"])),
        Case("names-with-blanks", .taken(["Anna-iPad 10.8.0.3", "Anna-iPhone 10.8.0.2"])),
        Case("hash-name-hash", .taken(["Anna-Laptop 10.8.0.2"])),
        Case("underscore-host", .taken(["branch 10.8.0.2 wg_server.example.org:51820"])),
        Case(
            "url-as-endpoint",
            .refused([
                "10:12: Endpoint: http://vpn.example.org:51820: an endpoint is no URL; leave http:// out: vpn.example.org:51820"
            ])),
        Case(
            "odd-endpoints",
            .taken(
                ["one 10.8.0.2 [2001:db8::5]:51820", "two 10.8.0.3 vpn.example.org:443"],
                notes: [
                    "10:12: Endpoint 2001:db8::5:51820: means [2001:db8::5]:51820",
                    "16:12: Endpoint vpn.example.org:https: means vpn.example.org:443",
                ])),
        Case("blanks-and-commas", .taken(laptop)),
        Case(
            "half-the-internet",
            .refused(["9:32: peers.exit.routes: 0.0.0.0/1 would send a large part of the gateway's own traffic"])),
        Case(
            "keepalive-twice",
            .taken(
                ["laptop 10.8.0.2 every 25 s"],
                notes: ["11:1: PersistentKeepalive: stands twice in this section; wg takes the last"])),
        Case("amneziawg", .taken(["phone 10.8.0.2"])),
        Case("name with blanks", .taken(both)),
    ]

    @Test(arguments: cases) func isTakenAsItIsMeant(_ form: Case) throws {
        let read = try site(form.file)
        switch (form.right, read) {
        case (.taken(let peers, let notes), .success(let taken)):
            #expect(taken.site.peers.map(words) == peers)
            let told = taken.notes.map(\.description)
            for note in notes { #expect(told.contains { $0.contains(note) }, "\(note) is not in \(told)") }
            expectNoKeys(told + taken.site.peers.map(\.name))
        case (.refused(let lines), .failure(let errors)):
            #expect(errors.errors.count == lines.count)
            for (error, line) in zip(errors.errors, lines) { #expect("\(error)".contains(":\(line)"), "\(error)") }
            expectNoKeys(errors.errors.map(\.description))
        case (_, .success(let taken)): Issue.record("was taken: \(taken.site.peers)")
        case (_, .failure(let errors)): Issue.record(errors)
        }
    }

    /// What there is, is in the table.
    @Test func allOfThem() throws {
        let directory = try #require(Bundle.module.url(forResource: "WgQuickFiles", withExtension: nil))
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let known = Self.cases.map { $0.file + ".conf" } + ["wg0-internal.conf", "wg0-external.conf"]
        #expect(files.sorted() == known.sorted())
    }

    private func site(_ file: String) throws -> Result<WgQuickImport, ProfileErrors> {
        let url = try #require(Bundle.module.url(forResource: "WgQuickFiles/\(file)", withExtension: "conf"))
        let text = FileText(decoding: [UInt8](try Data(contentsOf: url)))
        let lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
        return Result { () throws(ProfileErrors) in
            let config = try WgQuickConfig.parse(text, file: "\(file).conf") { $0 == "https" ? 443 : nil }
            return try config.gatewaySite(interface: "wg0", lan: lan) { $0.withBytes { PublicKey(loading: $0) } }
        }
    }

    private func words(_ peer: Peer) -> String {
        var words = [peer.name] + peer.addresses.map(\.description)
        if !peer.routes.isEmpty { words += ["←"] + peer.routes.map(\.description) }
        // Of a branch it is not looked at here.
        if let endpoint = peer.endpoint, peer.routes.isEmpty { words.append(endpoint.description) }
        if let keepalive = peer.keepalive, peer.endpoint == nil { words.append("every \(keepalive) s") }
        #expect(peer.isUnnumbered == peer.addresses.isEmpty)
        return words.joined(separator: " ")
    }

    private func expectNoKeys(_ texts: [String]) {
        for text in texts { #expect(!text.mayHoldKey, "\(text)") }
    }
}
