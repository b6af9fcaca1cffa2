import NetTypes
import Repeats
import SiteSamples
import Testing

@testable import Compiler
@testable import SiteModel

/// In the files that a site gives to its gateway and its peers nothing is found, and what is broken in them is.
@Suite struct LintTests {
    /// A gateway's file and those of its peers, of one random site.
    private struct World {
        var files: [(name: String, text: String)]

        init(seed: Int) throws {
            var world = RandomWorld(seed: seed)
            var site = world.site()
            site.endpoint = site.endpoint ?? Endpoint("vpn.example.org:51820")
            site.endpoint = Endpoint(site.endpoint!.host, port: site.tunnel.listenPort)
            // A LAN that not every home has, and a resolver in it.
            site.lan.subnets = ["10.83.27.0/24", "fd01::/64"].map { IPPrefix($0)! }
            if site.lan.replyPath == .proxyARP { site.lan.replyPath = .masquerade }
            site.tunnel.addresses = ["10.44.5.254/24", "fd02::ff/64"].map { InterfaceAddress($0)! }
            site.dns = site.dns.isEmpty ? [] : [IPAddress("10.83.27.1")!]
            site.tunnel.publicKey = Self.publicKey(Self.privateKey(0))
            var secrets = Secrets()
            for i in site.peers.indices {
                let key = Self.privateKey(UInt8(i + 1))
                let publicKey = Self.publicKey(key)
                secrets.privateKeys[publicKey] = key
                site.peers[i].publicKey = publicKey
                site.peers[i].addresses = [IPAddress("10.44.5.\(i + 1)")!, IPAddress("fd02::\(i + 1)")!]
                site.peers[i].routes.removeAll { $0.overlaps(IPPrefix("192.168.0.0/16")!) }
                // What is dialed needs a port on its side, which a peer's own file does not have.
                site.peers[i].endpoint = nil
                if case .sealed(let id) = site.peers[i].presharedKey {
                    secrets.presharedKeys[id] = PresharedKey { bytes in
                        for j in bytes.indices { bytes[j] = UInt8(i + 1) &+ UInt8(j) }
                    }
                }
            }
            files = [("wg0.conf", Self.gatewayText(site, secrets))]
            for peer in site.peers {
                files.append(
                    ("\(peer.name).conf", try clientConfig(for: peer, in: site, secrets: secrets).wgQuickText))
            }
        }

        private static func privateKey(_ number: UInt8) -> PrivateKey {
            PrivateKey { bytes in for i in bytes.indices { bytes[i] = number &* 41 &+ UInt8(i) } }
        }

        static func publicKey(_ key: PrivateKey) -> PublicKey {
            key.withBytes { bytes in PublicKey(bytes: bytes.map { $0 ^ 0x69 })! }
        }

        /// What wg-quick would need for what the compiler gives WireGuard.
        private static func gatewayText(_ site: Site, _ secrets: Secrets) -> String {
            var lines = [
                "[Interface]", "PrivateKey = \(privateKey(0).exposedBase64)", "ListenPort = \(site.tunnel.listenPort)",
                "Address = \(site.tunnel.addresses.map(\.description).joined(separator: ", "))",
            ]
            if let mtu = site.tunnel.mtu { lines.append("MTU = \(mtu)") }
            for peer in site.peers {
                let networks = peer.addresses.map { IPPrefix(host: $0) } + peer.routes
                lines += [
                    "", "[Peer]", "PublicKey = \(peer.publicKey!)",
                    "AllowedIPs = \(networks.map(\.description).joined(separator: ", "))",
                ]
                if case .sealed(let id) = peer.presharedKey {
                    lines.append("PresharedKey = \(secrets.presharedKeys[id]!.exposedBase64)")
                }
            }
            return lines.joined(separator: "\n")
        }

        var findings: [Finding] {
            Lint(files.map { LintFile($0.name, FileText($0.text)) }, publicKey: Self.publicKey).findings
        }

        /// The number of the first line of a file that begins so, from 0.
        func line(_ file: Int, _ start: String) -> Int? {
            files[file].text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix(start) }
        }

        mutating func edit(_ file: Int, _ start: String, _ change: (String) -> String?) -> Bool {
            var lines = files[file].text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard let i = line(file, start) else { return false }
            if let new = change(lines[i]) { lines[i] = new } else { lines.remove(at: i) }
            files[file].text = lines.joined(separator: "\n")
            return true
        }
    }

    @Test func whatASiteGivesIsRight() throws {
        for seed in repeats(150) {
            let world = try World(seed: seed)
            #expect(world.findings.isEmpty, "seed \(seed): \(world.findings.map(\.description))")
        }
    }

    /// What is broken, where, and which kind it is.
    private static let breakages:
        [(kind: String, isClients: Bool, start: String, change: @Sendable (String) -> String?)] = [
            ("wrong-port", true, "Endpoint", { $0.prefix(through: $0.lastIndex(of: ":")!) + "999" }),
            ("nobody-dials", true, "Endpoint", { _ in nil }),
            ("no-keepalive", true, "PersistentKeepalive", { _ in nil }),
            ("no-private-key", true, "PrivateKey", { _ in nil }),
            ("refused", true, "PrivateKey", { String($0.dropLast()) }),
            ("wrong-key", true, "PublicKey", { _ in "PublicKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=" }),
            ("wrong-key", false, "PublicKey", { _ in "PublicKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=" }),
            ("preshared-key-missing", true, "PresharedKey", { _ in nil }),
            ("preshared-key-missing", false, "PresharedKey", { _ in nil }),
            (
                "preshared-key-differs", true, "PresharedKey",
                { _ in "PresharedKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=" }
            ),
            ("address-outside", true, "Address", { _ in "Address = 10.44.5.77/32" }),
            ("same-address", true, "Address", { _ in "Address = 10.44.5.254/32" }),
            ("no-listen-port", false, "ListenPort", { _ in nil }),
            ("mtu-differs", true, "MTU", { _ in "MTU = 1300" }),
            ("mtu-too-small", true, "MTU", { _ in "MTU = 1000" }),
            ("save-config", false, "ListenPort", { $0 + "\nSaveConfig = true" }),
            ("own-address", false, "AllowedIPs", { $0 + ", 10.44.5.254/32" }),
            ("default-route-to-dialer", false, "AllowedIPs", { $0 + ", 0.0.0.0/0" }),
        ]

    /// Each in every site in which there is what it breaks; of the consequences none is told.
    @Test(arguments: breakages.indices) func oneFaultIsOneKind(_ index: Int) throws {
        let breakage = Self.breakages[index]
        var broken = 0
        for seed in repeats(60) {
            var world = try World(seed: seed)
            guard world.files.count > 1 else { continue }
            let file = breakage.isClients ? 1 + seed % (world.files.count - 1) : 0
            guard world.edit(file, breakage.start, breakage.change) else { continue }
            broken += 1
            let kinds = Set(world.findings.map(\.name))
            let also: Set = breakage.kind == "mtu-too-small" ? ["mtu-differs"] : []
            #expect(kinds == Set([breakage.kind]).union(also), "seed \(seed): \(world.findings.map(\.description))")
        }
        #expect(broken > 10)
    }
}
