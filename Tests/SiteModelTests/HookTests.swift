import NetTypes
import Testing

@testable import SiteModel

/// What commands of a wg-quick file mean, and that all others are shown.
@Suite struct HookTests {
    private func site(with hooks: [String], uplink: String? = "eth0") throws -> WgQuickImport {
        let text = "[Interface]\nAddress = 10.9.0.1/24\n" + hooks.joined(separator: "\n")
        let lan = LAN(subnets: [IPPrefix("192.168.1.0/24")!])
        return try WgQuickConfig.parse(text, file: "f").gatewaySite(interface: "wg0", lan: lan, uplink: uplink) {
            $0.withBytes { PublicKey(loading: $0) }
        }
    }

    private static let forward = "PostUp = iptables -A FORWARD -i %i -j ACCEPT"

    /// By these the peers went out to the Internet, and go on to do so.
    @Test(arguments: [
        [forward + "; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
        [forward, "PostUp = iptables -t nat -I POSTROUTING 1 -s 10.9.0.0/24 -o eth0 -j MASQUERADE || true"],
        [
            "PreUp=sysctl -w net.ipv4.ip_forward=1",
            "PostUp=/sbin/iptables -w -A FORWARD -i wg0 -j ACCEPT && iptables -A FORWARD -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE -m comment --comment 'by me; really'",
        ],
        [
            "PostUp = ufw route allow in on %i out on eth0",
            "PostUp = nft add rule ip nat postrouting oifname \"eth0\" counter masquerade",
        ],
        ["PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
        [
            "PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -A FORWARD -o %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth+ -j MASQUERADE"
        ],
        [
            "PostUp = iptables -A FORWARD -i wg+ -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -j MASQUERADE",
        ],
    ]) func wayOut(_ hooks: [String]) throws {
        let taken = try site(with: hooks)
        #expect(taken.tellsEgress && taken.site.egress == Egress(interface: "eth0", fullTunnel: true))
        let told = taken.notes.map(\.message)
        #expect(told.contains("the peers go out to the Internet by eth0, as PostUp has it (full-tunnel)"))
        #expect(!told.contains { $0.contains("not taken:") }, "\(told)")
    }

    /// By these they did not.
    @Test(arguments: [
        [], [forward], ["PostUp = iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"],
        [forward, "PostUp = iptables -t nat -A POSTROUTING -o eth0 -d 192.168.1.0/24 -j MASQUERADE"],
        [
            "PostUp = iptables -A FORWARD -i %i -d 192.168.1.0/24 -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        ],
        [
            "PostUp = iptables -A FORWARD -i %i -p tcp --dport 443 -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        ],
        ["PostDown = iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE"],
        ["PostUp = iptables -t nat -A POSTROUTING ! -o eth0 -j MASQUERADE"],
        ["PostUp = iptables -t nat -A POSTROUTING -o $(ip route | awk '{print $5}') -j MASQUERADE"],
        ["PostUp = iptables -t nat -A POSTROUTING -o ens+ -j MASQUERADE"],
        ["PostUp = ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
        ["PostUp = iptables -t nat -A POSTROUTING -s 10.9.0.7 -o eth0 -j MASQUERADE"],
        [
            "PostUp = iptables -A FORWARD -s 10.9.0.7 -i %i -j ACCEPT", "PostUp = ip6tables -A FORWARD -i %i -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        ],
        [
            "PostUp = iptables -A FORWARD -i %i -o eth1 -j ACCEPT",
            "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        ],
        ["PostUp = iptables -t nat -A POSTROUTING -s 10.77.0.0/24 -o eth0 -j MASQUERADE"],
    ]) func noWayOut(_ hooks: [String]) throws {
        let taken = try site(with: hooks)
        #expect(!taken.tellsEgress && taken.site.egress == Egress())
        #expect(taken.notes.contains { $0.message.hasPrefix("the peers may reach the LAN 192.168.1.0/24, ") })
    }

    /// What there is to undo is undone by wggw.
    @Test(arguments: [
        "PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE",
        "PostDown = sysctl -w net.ipv4.ip_forward=0", "PreDown = iptables -D INPUT -p udp --dport 51820 -j ACCEPT",
    ]) func wayDown(_ hook: String) throws {
        #expect(try !site(with: [hook]).notes.contains { $0.message.hasPrefix("P") })
    }

    @Test(arguments: [
        ("sysctl -q net.ipv4.ip_forward=1", "taken: the kernel forwards"),
        ("echo 1 > /proc/sys/net/ipv4/ip_forward", "taken: the kernel forwards"),
        ("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding", "taken: the kernel forwards"),
        ("resolvectl dns %i 10.9.0.1", "taken: a resolver"),
        ("iptables -A INPUT -p udp --dport 51820 -j ACCEPT", "opens no port"),
        (
            "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
            "taken: TCP's segments"
        ),
        ("iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE", "as reply-path"),
    ]) func taken(_ command: String, _ words: String) throws {
        let notes = try site(with: ["PostUp = \(command)"]).notes.map(\.description)
        #expect(notes.contains { $0.hasPrefix("f:3:1: PostUp: ") && $0.contains(words) }, "\(notes)")
    }

    @Test(arguments: [
        "/etc/wireguard/up.sh", "curl http://x | sh", "rm -rf /", "iptables -A FORWARD -i eth0 -j ACCEPT",
        "iptables -A FORWARD -i %i -j DROP", "sysctl -w net.ipv4.conf.all.rp_filter=0", "echo 1 > /etc/passwd",
        "iptables -A FORWARD -i %i -j ACCEPT || reboot",
        "iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to 10.9.0.2",
        "resolvectl dns %i $(id)", "resolvconf -a %i < /etc/x",
        "iptables -A FORWARD -i %i -j ACCEPT -m comment --comment \"$(id)\"", "sysctl -w net.ipv4.ip_forward=0",
        "iptables -A FORWARD -i %i -j ACCEPT `id`",
        "iptables -A FORWARD -i \"$x\" -j ACCEPT",
        "iptables -A FORWARD -i %i -j ACCEPT & id", "iptables -A 'FORWARD -i %i -j ACCEPT", "nft add table ip nat",
    ]) func shown(_ command: String) throws {
        let taken = try site(with: ["PostUp = \(command)"])
        let notes = taken.notes.map(\.message).filter { $0.hasPrefix("PostUp: ") }
        #expect(notes.allSatisfy { $0.hasPrefix("PostUp: not taken: ") } && !notes.isEmpty, "\(notes)")
        #expect(taken.site.egress == Egress())
        #expect(taken.notes.contains { $0.message.contains("what PostUp forbids") } == command.contains("DROP"))
    }
}
