import Glibc
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import LinuxNet

/// What lies around a site, and the kernel's own way with settings that move others: on the kernel of this machine.
@Suite struct SurroundingsTests {
    static let cards = """
        ip link add va type veth peer name vb && ip link add vc type veth peer name vd
        for i in va vb vc vd; do ip link set $i up; done
        """

    @Test func `networks that the box is in`() throws {
        try inNetworkNamespace {
            try run("sh", "-ec", Self.cards)
            try run(
                "sh", "-ec",
                """
                ip address add 192.168.1.5/24 dev va && ip address add 2001:db8:1::5/64 dev va nodad
                ip address add 10.64.0.2 peer 10.64.0.1 dev vc
                ip address add 10.7.0.1/24 dev lo
                ip route add 10.0.0.0/8 via 192.168.1.1 && ip route add default via 192.168.1.1
                ip route add 0.0.0.0/1 dev vc && ip -6 route add 2001:db8:9::/64 dev vc proto ra
                ip -6 route add 2001:db8:7::/64 via 2001:db8:1::1 proto ra && ip -6 route add default via 2001:db8:1::1
                """)
            let networks = try LinuxBox().networks(reaching: nil)
            #expect(networks.ways.isEmpty)
            #expect(
                Dictionary(uniqueKeysWithValues: networks.interfaces.map { ($0.name, $0.networks) }) == [
                    "va": ["192.168.1.0/24", "2001:db8:1::/64"].map { IPPrefix($0)! }, "vb": [],
                    "vc": ["10.64.0.1/32", "10.64.0.2/32", "2001:db8:9::/64"].map { IPPrefix($0)! }, "vd": [],
                ])
        }
    }

    @Test func `an address that is drawn anew each day is none to go by`() throws {
        try inNetworkNamespace {
            try run("sh", "-ec", Self.cards)
            try run(
                "sh", "-ec",
                """
                echo 2 >/proc/sys/net/ipv6/conf/va/use_tempaddr
                ip address add 2001:db8:1::5/64 dev va nodad mngtmpaddr valid_lft 3600 preferred_lft 1800
                for i in $(seq 50); do ip -6 address show dev va temporary | grep -q inet6 && exit; sleep 0.1; done; exit 1
                """)
            let networks = try LinuxBox().networks(reaching: nil)
            let card = try #require(networks.interfaces.first { $0.name == "va" })
            #expect(card.addresses == [IPAddress("2001:db8:1::5")!] && card.networks == [IPPrefix("2001:db8:1::/64")!])
        }
    }

    @Test func `cards that are plugged in, and routes with an MTU of their own`() throws {
        try inNetworkNamespace {
            try run("sh", "-ec", Self.cards)
            try run("sh", "-ec", "ip address add 192.168.1.5/24 dev va; ip route add default via 192.168.1.1 mtu 1400")
            // Nobody is at the other end of one, and another is switched off.
            try run("sh", "-ec", "ip link set vd down; ip link set vb down")
            let networks = try LinuxBox().networks(reaching: [])
            #expect(networks.interfaces.filter(\.isReady).isEmpty)
            #expect(
                networks.ways == [BoxNetworks.Way(.everyV4, by: "va", mtu: 1400, gateway: IPAddress("192.168.1.1")!)])
            try run("ip", "link", "set", "vb", "up")
            #expect(try LinuxBox().facts().interfaces.filter(\.isReady).map(\.name) == ["va", "vb"])
        }
    }

    /// The same writes on the kernel and on the model that plans are made with, from random beginnings.
    @Test(arguments: 0..<4) func `settings move as the model says`(seed: Int) throws {
        var random = RandomWorld(seed: seed).random
        let keys: Set<String> = [
            "net/ipv4/ip_forward", "net/ipv4/conf/*/forwarding", "net/ipv4/conf/all/accept_redirects",
            "net/ipv6/conf/all/forwarding", "net/ipv6/conf/*/forwarding",
        ]
        try inNetworkNamespace {
            try run("sh", "-ec", Self.cards)
            let all = try Sysctl.read(keys)
            #expect(all.count == 3 + 2 * 6)
            for _ in 0..<40 {
                let key = all.keys.sorted().randomElement(using: &random)!
                let value = Int.random(in: 0...1, using: &random)
                var model = KernelSettings(try Sysctl.read(keys))
                // A plan never writes what is there already.
                if model[key] == value { continue }
                try Sysctl.write(key, value)
                model.write(key, value)
                #expect(try Sysctl.read(keys) == model.values, "\(key) = \(value)")
            }
        }
    }

    @Test func `forwarding of each family and interface`() throws {
        try inNetworkNamespace {
            try run("sh", "-ec", Self.cards)
            let off = "cd /proc/sys/net && echo 0 >ipv4/ip_forward && echo 0 >ipv6/conf/all/forwarding"
            for (settings, expected) in [
                ("true", OtherForwarding.drop), ("echo 1 >ipv4/ip_forward", OtherForwarding(ipv4: .allow, ipv6: .drop)),
                ("echo 1 >ipv6/conf/all/forwarding", OtherForwarding(ipv4: .drop, ipv6: .allow)),
                ("echo 1 >ipv4/conf/vb/forwarding", OtherForwarding(ipv4: .from(["vb"]), ipv6: .drop)),
                (
                    "echo 1 >ipv4/ip_forward; echo 0 >ipv4/conf/vc/forwarding",
                    OtherForwarding(ipv4: .from(["va", "vb", "vd"]), ipv6: .drop)
                ),
            ] {
                try run("sh", "-ec", "\(off); \(settings)")
                #expect(try LinuxBox().facts().forwarding == expected, "\(settings)")
            }
            // Linux 6.17.
            guard access("/proc/sys/net/ipv6/conf/va/force_forwarding", F_OK) == 0 else { return }
            try run("sh", "-ec", "\(off); echo 1 >ipv6/conf/va/force_forwarding")
            #expect(try LinuxBox().facts().forwarding == OtherForwarding(ipv4: .drop, ipv6: .from(["va"])))
        }
    }

    /// Else a teardown would stop half way because somebody's container ended.
    @Test func `a setting of an interface that has gone is nothing to write`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            for version in ["ipv4", "ipv6"] {
                try box.perform(.setSysctl(key: "net/\(version)/conf/gone/forwarding", value: 1, was: 0))
            }
            for key in ["net/ipv4/conf/lo/no_such_thing", "net/ipv4/no_such_thing"] {
                let error = #expect(throws: BoxError.self) { try box.perform(.setSysctl(key: key, value: 1, was: 0)) }
                #expect(error?.code == ENOENT)
            }
        }
    }

    @Test func `names`() throws {
        #expect(try LinuxBox().addresses(of: "localhost").contains(IPAddress("127.0.0.1")!))
        // RFC 6761: nobody has this name.
        let error = #expect(throws: BoxError.self) {
            try EndpointResolver.addresses(of: "nobody.invalid", within: .seconds(20))
        }
        #expect(error?.description.hasPrefix("look up nobody.invalid: ") == true)
    }
}
