import NetTypes

@testable import SiteModel

/// Files that fit to each other: a gateway, a laptop that dials in, and a branch that both sides dial.
enum LintSamples {
    /// A private key as `wg genkey` prints it, of a number from 1.
    static func privateKey(_ number: UInt8) -> String {
        PrivateKey { bytes in for i in bytes.indices { bytes[i] = number &* 37 &+ UInt8(i) } }.exposedBase64
    }

    /// What belongs to it. No arithmetic on curves here: any function does that changes the key.
    static func publicKey(_ key: PrivateKey) -> PublicKey {
        key.withBytes { bytes in PublicKey(bytes: bytes.map { $0 ^ 0x96 })! }
    }

    static func publicKey(_ number: UInt8) -> String {
        publicKey(try! PrivateKey(parsing: privateKey(number))).description
    }

    static let psk = "p1sPsgmbzvZ2Ac9FGJe4PmPLEYpWbCzLaVcVvSsQ0l8="
    static let otherPSK = "q1sPsgmbzvZ2Ac9FGJe4PmPLEYpWbCzLaVcVvSsQ0l8="
    /// A key that no file here has.
    static let nobody = "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ="

    static let gateway = """
        [Interface]
        Address = 10.8.0.1/24, fd08::1/64
        PrivateKey = \(privateKey(1))
        ListenPort = 51820
        MTU = 1420
        PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
        PostDown = iptables -D FORWARD -i wg0 -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE

        [Peer] # laptop
        PublicKey = \(publicKey(2))
        PresharedKey = \(psk)
        AllowedIPs = 10.8.0.2/32, fd08::2/128

        [Peer] # branch
        PublicKey = \(publicKey(3))
        AllowedIPs = 10.8.0.3/32, 10.77.0.0/24
        Endpoint = 203.0.113.7:51821
        """
    static let laptop = """
        [Interface]
        Address = 10.8.0.2/32, fd08::2/128
        PrivateKey = \(privateKey(2))
        DNS = 10.8.0.1

        [Peer]
        PublicKey = \(publicKey(1))
        PresharedKey = \(psk)
        AllowedIPs = 10.8.0.0/24, fd08::/64, 10.20.0.0/16
        Endpoint = vpn.example.org:51820
        PersistentKeepalive = 25
        """
    static let branch = """
        [Interface]
        Address = 10.8.0.3/24
        PrivateKey = \(privateKey(3))
        ListenPort = 51821

        [Peer]
        PublicKey = \(publicKey(1))
        AllowedIPs = 10.8.0.0/24, 10.20.0.0/16
        Endpoint = vpn.example.org:51820
        """

    static let names = ["wg0.conf", "laptop.conf", "branch.conf"]
    static let texts = ["wg0.conf": gateway, "laptop.conf": laptop, "branch.conf": branch]

    /// The findings as `laptop.conf:7:13 wrong-key`, and `?` behind hints.
    static func words(_ findings: [Finding]) -> [String] {
        findings.map { "\($0.file):\($0.line):\($0.column) \($0.name)\($0.severity == .hint ? "?" : "")" }
    }

    static func lint(_ files: [(name: String, text: String)]) -> Lint {
        Lint(files.map { LintFile($0.name, FileText($0.text)) }, publicKey: publicKey)
    }
}
