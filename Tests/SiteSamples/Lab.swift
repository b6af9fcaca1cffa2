package import Compiler
package import NetTypes
package import SiteModel

/// Keys and sites for tests; every key is made from a small number.
package enum Lab {
    package static func publicKey(_ number: Int) -> PublicKey {
        // Spread over the range of keys, so that the order of keys is not the order of numbers.
        let seed = UInt64(truncatingIfNeeded: number &+ 1) &* 0x9e37_79b9_7f4a_7c15
        var bytes: [UInt8] = []
        for word: UInt64 in [1, 3, 5, 7] { withUnsafeBytes(of: (seed &* word).littleEndian) { bytes += $0 } }
        return PublicKey(bytes: bytes)!
    }

    package static func privateKey(_ number: Int) -> PrivateKey {
        PrivateKey { bytes in
            for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: number &* 31 &+ i) }
        }
    }

    package static func presharedKey(_ number: Int) -> PresharedKey {
        PresharedKey { bytes in
            for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: number &* 17 &+ i) }
        }
    }

    package static func secretID(_ number: Int) -> SecretID { SecretID(rawValue: UInt64(number)) }

    /// The gateway's key pair is number 0.
    package static let gatewayKey = publicKey(0)

    /// Every secret that a test site may name.
    package static let secrets = Secrets(
        privateKeys: Dictionary(uniqueKeysWithValues: (0..<64).map { (publicKey($0), privateKey($0)) }),
        presharedKeys: Dictionary(uniqueKeysWithValues: (0..<64).map { (secretID($0), presharedKey($0)) }))

    /// The site of the slides, complete.
    package static func site(_ change: (inout Site) -> Void = { _ in }) -> Site {
        var site = Site(
            name: "office", endpoint: Endpoint("itzxa.com:51820"), otherForwarding: .drop,
            lan: LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!]),
            tunnel: Tunnel(
                addresses: [InterfaceAddress("192.168.2.254/24")!], mtu: 1420, publicKey: gatewayKey),
            egress: Egress(interface: "eth0"),
            peers: [peer("laptop", 1, ["192.168.2.1"])])
        change(&site)
        return site
    }

    package static func peer(_ name: String, _ key: Int, _ addresses: [String]) -> Peer {
        Peer(name: name, addresses: addresses.map { IPAddress($0)! }, publicKey: publicKey(key))
    }

    /// A box that was nothing before.
    package static let freshSysctls = [
        "net/ipv4/ip_forward": 0, "net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/default/rp_filter": 1,
        "net/ipv4/conf/eth0/rp_filter": 1, "net/ipv4/conf/eth1/rp_filter": 2, "net/ipv4/conf/eth0/proxy_arp": 0,
        "net/ipv4/conf/eth1/proxy_arp": 0, "net/ipv6/conf/all/forwarding": 0, "net/ipv6/conf/eth0/accept_ra": 1,
        "net/ipv6/conf/eth1/accept_ra": 0, "net/ipv6/conf/eth0/proxy_ndp": 0, "net/ipv6/conf/eth1/proxy_ndp": 0,
        "net/ipv4/conf/default/forwarding": 0, "net/ipv4/conf/eth0/forwarding": 0, "net/ipv4/conf/eth1/forwarding": 0,
        "net/ipv4/conf/all/accept_redirects": 1, "net/ipv6/conf/default/forwarding": 0,
        "net/ipv6/conf/eth0/forwarding": 0, "net/ipv6/conf/eth1/forwarding": 0,
    ]
}
