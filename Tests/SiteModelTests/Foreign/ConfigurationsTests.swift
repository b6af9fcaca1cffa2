import NetTypes
import Testing

@testable import SiteModel

/// Gateways that are kept in files of wg-quick, whoever wrote them.
@Suite struct ConfigurationsTests {
    private static func key(_ number: UInt8) -> String { ForeignSample.key(number) }

    private static func client(
        _ number: UInt8, _ address: String, allowed: String = "0.0.0.0/0, ::/0", host: String = "vpn.example.org",
        dns: String = "9.9.9.9", gateway: UInt8 = 1
    ) -> String {
        """
        [Interface]
        PrivateKey = \(key(number))
        Address = \(address)
        DNS = \(dns)

        [Peer]
        PublicKey = \(key(gateway))
        PresharedKey = \(key(number + 100))
        Endpoint = \(host):51820
        AllowedIPs = \(allowed)
        """
    }

    private static func peer(_ number: UInt8, _ allowed: String) -> String {
        "[Peer]\nPublicKey = \(key(number))\nPresharedKey = \(key(number + 100))\nAllowedIPs = \(allowed)\n"
    }

    // MARK: PiVPN

    private static let piVPN = """
        [Interface]
        PrivateKey = \(key(1))
        Address = 10.6.0.1/24
        MTU = 1420
        ListenPort = 51820
        ### begin laptop ###
        \(peer(2, "10.6.0.2/32"))### end laptop ###
        \("### begin old_phone ###\n\(peer(3, "10.6.0.3/32"))### end old_phone ###".split(separator: "\n").map { "#[disabled] \($0)" }.joined(separator: "\n"))
        ### begin tablet ###
        \(peer(4, "10.6.0.4/32"))### end tablet ###
        """
    private static let setupVars = """
        PLAT=Debian
        IPv4dev=ens18
        pivpnPORT=51820
        pivpnDNS1=9.9.9.9
        pivpnDNS2=
        pivpnHOST=vpn.example.org
        ALLOWED_IPS="0.0.0.0/0, ::0/0"
        """

    @Test func piVPN() throws {
        let files = [
            ("/etc/wireguard/wg0.conf", Self.piVPN),
            ("/etc/wireguard/configs/laptop.conf", Self.client(2, "10.6.0.2/24")),
            ("/etc/wireguard/configs/old_phone.conf", Self.client(3, "10.6.0.3/24")),
            ("/etc/wireguard/configs/clients.txt", "laptop \(Self.key(2)) 1700000000 167903234\n"),
            ("/etc/pivpn/wireguard/setupVars.conf", Self.setupVars),
        ]
        let taken = try ForeignSample(files).taken(uplink: "ens18")
        #expect(taken.summary == ["laptop 10.6.0.2 psk every 0 ours", "tablet 10.6.0.4 psk"])
        #expect(taken.site.endpoint == Endpoint("vpn.example.org:51820"))
        #expect(taken.site.dns == [IPAddress("9.9.9.9")!])
        #expect(taken.site.egress == Egress(interface: "ens18", fullTunnel: true))
        #expect(taken.tells("wg0.conf:13:1: old-phone: disabled there, and not let in", "[10.6.0.3])) does"))
        #expect(taken.tells("taken as wg0 of PiVPN"))
        let without = try ForeignSample(Array(files.dropLast())).taken()
        #expect(without.tells("name /etc/pivpn/wireguard/setupVars.conf too") && !without.tellsEgress)
    }

    /// A profile import of the same file leaves them out as well, and says so.
    @Test func disabledInAFileAlone() throws {
        let config = try WgQuickConfig.parse(Self.piVPN, file: "f")
        #expect(config.peers.map(\.name) == ["laptop", "tablet"] && config.disabled.map(\.name) == ["old-phone"])
        #expect(config.notes.isEmpty)
    }

    // MARK: Clients' files

    @Test func clients() throws {
        let gateway = """
            [Interface]
            PrivateKey = \(Self.key(1))
            Address = 10.8.0.1/24
            ListenPort = 51820
            PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
            # split
            \(Self.peer(2, "10.8.0.2/32"))# full
            \(Self.peer(3, "10.8.0.3/32"))# wide
            \(Self.peer(4, "10.8.0.4/32"))# public
            \(Self.peer(5, "10.8.0.5/32"))
            """
        let files = [
            ("d/wg0.conf", gateway),
            ("d/split.conf", Self.client(2, "10.8.0.2/32", allowed: "10.8.0.0/24, 192.168.1.0/24")),
            ("d/full.conf", Self.client(3, "10.8.0.3/32", dns: "1.1.1.1")),
            ("d/wide.conf", Self.client(4, "10.8.0.4/32", allowed: "10.50.0.0/16", host: "other.example.org")),
            ("d/public.conf", Self.client(5, "10.8.0.5/32", allowed: "203.0.113.0/24")),
            ("d/stranger.conf", Self.client(7, "10.8.0.7/32")),
            ("d/broken.conf", "[Interface]\nPrivateKey = x\n[Peer]\n"),
        ]
        let taken = try ForeignSample(files).taken()
        #expect(
            taken.summary == [
                "full 10.8.0.3 psk every 0 ours", "public 10.8.0.5 psk every 0 ours",
                "split 10.8.0.2 psk split every 0 ours",
                "wide 10.8.0.4 psk split every 0 ours",
            ])
        #expect(taken.tells("d/wide.conf:1:1: wide: sends 10.50.0.0/16 into the tunnel, which is not in the LAN"))
        #expect(taken.tells("d/wide.conf:1:1: dials other.example.org:51820; a new export says vpn.example.org:51820"))
        #expect(taken.tells("d/full.conf:1:1: asks 1.1.1.1; a new export gives everybody 9.9.9.9"))
        #expect(taken.tells("d/stranger.conf:1:1: no peer of d/wg0.conf has its key"))
        #expect(taken.tells("d/broken.conf:2:14: PrivateKey: ", "this file is left out"))
    }

    /// Where nothing says that the gateway lets anybody out, nobody gets out.
    @Test func nobodyGetsOutUnsaid() throws {
        let gateway =
            "[Interface]\nPrivateKey = \(Self.key(1))\nAddress = 10.8.0.1/24\n# a\n\(Self.peer(2, "10.8.0.2/32"))"
        let taken = try ForeignSample([("wg0.conf", gateway), ("a.conf", Self.client(2, "10.8.0.2/32"))]).taken()
        #expect(!taken.site.egress.fullTunnel && taken.site.peers[0].fullTunnel == nil)
        #expect(
            taken.tells("a.conf:1:1: a: sends the Internet into the tunnel, and nothing here says that it gets out"))
    }

    /// What may be said of every peer is told of the first twenty.
    @Test func many() throws {
        var gateway = "[Interface]\nPrivateKey = \(Self.key(1))\nAddress = 10.8.0.1/24\n"
        for number in UInt8(10)..<40 { gateway += "### Client c\(number)\n" + Self.peer(number, "10.8.0.\(number)/32") }
        let clients = (UInt8(10)..<40).map { ("c\($0).conf", Self.client($0, "10.8.0.\($0)/32")) }
        let notes = try ForeignSample([("wg0.conf", gateway)] + clients).taken().notes.map(\.message)
        #expect(notes.count { $0.contains("nothing here says that it gets out") } == 20)
        #expect(notes.contains("and 10 more that send the Internet into the tunnel"))
    }

    // MARK: Which

    @Test func several() throws {
        func gateway(_ number: UInt8) -> String {
            "[Interface]\nPrivateKey = \(Self.key(number))\nAddress = 10.\(number).0.1/24\nListenPort = 5182\(number)\n"
                + Self.peer(number + 10, "10.\(number).0.2/32")
        }
        let provider = Self.client(30, "10.99.0.2/32", gateway: 31)
        var sample = ForeignSample([
            ("/etc/wireguard/wg0.conf", gateway(1)), ("/etc/wireguard/wg1.conf", gateway(2)),
            ("/etc/wireguard/provider.conf", provider),
        ])
        #expect(
            sample.faults() == [
                "there are 2 gateways here: wg0 of wg-quick (/etc/wireguard/wg0.conf), wg1 of wg-quick (/etc/wireguard/wg1.conf); choose with (input(SiteModel.Remedy.Input.interface)) NAME, or name its file"
            ])
        sample.interface = "wg1"
        let taken = try sample.taken()
        #expect(taken.site.tunnel.listenPort == 51822)
        #expect(taken.tells("taken as wg1 of wg-quick") && taken.tells("not taken: wg0 of wg-quick"))
        sample.interface = "wg2"
        #expect(
            sample.faults().first?.hasPrefix(
                "there is none for (input(SiteModel.Remedy.Input.interface)) wg2 here; there is wg0 of wg-quick")
                == true
        )
        #expect(
            ForeignSample([("p.conf", provider)]).faults().first?.hasPrefix("nothing here is a gateway's: 1 file was")
                == true)
        #expect(
            ForeignSample([("wg0.conf", "[Interface]\nx = 1\n")]).faults().first?.hasPrefix(
                "wg0.conf:2:1: x: unknown key") == true)
    }

    /// What one program writes is not another gateway; what lies beside it is.
    @Test func ofTwoPrograms() throws {
        let json = "{\"server\": {\"privateKey\": \"\(Self.key(1))\", \"address\": \"10.8.0.1\"}, \"clients\": {}}"
        let conf = "[Interface]\nPrivateKey = \(Self.key(1))\nListenPort = 51820\nAddress = 10.8.0.1/24\n"
        var sample = ForeignSample([("a/wg0.json", json), ("a/wg0.conf", conf), ("b/wg0.conf", Self.piVPN)])
        #expect(
            sample.faults().first?.hasPrefix("there are 2 gateways here: wg0 of wg-easy 14 (a/wg0.json), wg0 of PiVPN")
                == true)
        sample.kind = .piVPN
        #expect(try sample.installation().kind == .piVPN)
    }

    @Test(
        arguments: [
            ("### Client laptop\n", [], .angristan), ("# BEGIN_PEER laptop\n", [], .nyr),
            ("# peer_laptop\n", [(".donoteditthisfile", "ORIG_SERVERURL=\"vpn\"\n")], .linuxServer),
            ("# laptop\n", [("params", "SERVER_PUB_IP=1.2.3.4\nSERVER_WG_NIC=wg0\n")], .angristan),
            ("# laptop\n", [], .wgQuick),
        ] as [(String, [(String, String)], Installation.Kind)]) func kinds(
            _ comment: String, _ others: [(String, String)], _ kind: Installation.Kind
        ) throws
    {
        let conf =
            "[Interface]\nPrivateKey = \(Self.key(1))\nAddress = 10.8.0.1/24\n\(comment)\(Self.peer(2, "10.8.0.2/32"))"
        let installation = try ForeignSample([("wg0.conf", conf)] + others).installation()
        #expect(installation.kind == kind && installation.interface == "wg0")
        #expect(installation.peers[0].wireguard.name?.hasSuffix("laptop") == true)
    }
}
