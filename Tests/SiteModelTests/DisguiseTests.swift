import NetTypes
import Testing

@testable import SiteModel

/// `[disguise.awg]` of a profile, and the same parameters in a gateway's file.
@Suite struct DisguiseTests {
    private static let head = """
        [lan]
        subnets = ["192.168.1.0/24"]
        [tunnel]
        addresses = ["192.168.2.254/24"]

        """

    private func parse(_ text: String) throws -> Site { try Site.parse(Self.head + text, file: "site.toml") }

    @Test func whatIsWrittenIsRead() throws {
        let site = try parse(
            """
            [disguise.awg]
            jc = 4
            jmin = 10
            jmax = 50
            s1 = 15
            s2 = 20
            s3 = 12
            s4 = 16
            h1 = "100000-101000"
            h2 = 7
            i2 = "<b 0x85800001><r 20>"
            header-protection-key = "auto"
            content-padding-addition = "10-100"
            random-trailers = true
            disable-cookies = false
            [peers.phone]
            disguise = "awg"
            [peers.printer]
            """)
        let disguise = try #require(site.tunnel.disguise)
        #expect(disguise.headerProtectionKey == .auto && disguise.overhead == 16)
        #expect(
            disguise.settings.types.initiation == AWGRange(100_000, 101_000) && disguise.settings.types.response == 7)
        #expect(disguise.settings.randomTrailers == true && disguise.settings.disableCookies == false)
        #expect(site.peers.map(\.disguise) == [.awg, .none])
        let text = site.profileText()
        #expect(try Site.parse(text, file: "site.toml") == site)
        #expect(text.contains("\n[disguise.awg]\njc = 4\n") && text.contains("h1 = \"100000-101000\"\nh2 = 7\n"))
        #expect(text.contains("random-trailers = true\ndisable-cookies = false\n"))
    }

    /// Each with its place, and the value of what is secret nowhere.
    @Test(arguments: [
        ("[disguise.awg]\njmin = 70\njmax = 40", "site.toml:6:8: disguise.awg.jmin: Jmin is 70 and Jmax is 40"),
        ("[disguise.awg]\ns4 = 65535", "site.toml:6:6: disguise.awg.s4: S4 is more than 864"),
        ("[disguise.awg]\ns1 = 70000", "site.toml:6:6: disguise.awg.s1: 70000 is out of range"),
        ("[disguise.awg]\nh1 = \"9-2\"", "site.toml:6:6: disguise.awg.h1: H1 is LOW-HIGH with LOW above HIGH"),
        ("[disguise.awg]\nh1 = 2", "site.toml:6:6: disguise.awg.h1: H1 and H2 have a type in common"),
        ("[disguise.awg]\nh1 = \"x\"", "site.toml:6:6: disguise.awg.h1: H1 is not a number"),
        ("[disguise.awg]\ni1 = \"<r 4><q>\"", "site.toml:6:6: disguise.awg.i1: I1, column 6: not one of the tags"),
        ("[disguise.awg]\nheader-protection-key = \"auto\"\ns1 = 11", "disguise.awg.s1: S1 is below 12"),
        ("[disguise.awg]\nheader-protection-key = \"c2VjcmV0\"", "is none of auto, none, sealed:ID"),
        ("[disguise.awg]\njd = 4", "site.toml:6:1: disguise.awg.jd: unknown key; did you mean jc?"),
        ("[disguise.awg]", "disguise.awg: hides nothing"), ("[disguise.quic]", "disguise.quic: hides nothing"),
        ("[disguise]\njc = 3", "site.toml:6:6: disguise.jc: is a number; write a table, [disguise.jc]"),
        ("[disguise.\"a b\"]\ns1 = 9", "site.toml:5:11: disguise.\"a b\": \"a b\" is no host label"),
        ("[disguise.none]\ns1 = 9", "disguise.none: none is what peers in plain WireGuard have; take another name"),
        (
            "[disguise.a]\ns1 = 1\n[disguise.b]\ns1 = 2\n[disguise.c]\ns1 = 3\n[disguise.d]\ns1 = 4",
            "4 disguises are too many; 3 at most"
        ),
        (
            "[disguise.awg]\ns1 = 9\n[disguise.old]\ns1 = 9\ns2 = 3",
            "site.toml:7:11: disguise.old: nobody can tell its initiations from those of [disguise.awg]"
        ),
        (
            "[disguise.awg]\ns1 = 9\nh1 = \"7-9\"\n[disguise.old]\ns1 = 9\nh1 = \"9-12\"",
            "an h1 that has no number in common"
        ),
        (
            "[disguise.a]\n\(sealed(7))\n[disguise.b]\n\(sealed(7))\njc = 3",
            "disguise.b: nobody can tell its initiations from those of [disguise.a]"
        ),
        (
            "[disguise.old]\ns1 = 9\n[peers.phone]\ndisguise = \"new\"",
            "peers.phone.disguise: there is no [disguise.new]"
        ),
        ("[disguise.old]\ns1 = 9\ns2 = x", "this is not TOML"),
        ("[peers.phone]\ndisguise = \"awg\"", "site.toml:6:12: peers.phone.disguise: there is no [disguise.awg]"),
        ("[peers.phone]\ndisguise = \"yes\"", "site.toml:6:12: peers.phone.disguise: there is no [disguise.yes]"),
        ("[peers.phone]\ndisguise = \"a b\"", "peers.phone.disguise: a b: is no name of a disguise"),
        (
            "[disguise.awg]\ns4 = 4\n[peers.phone]\n",
            "peers.phone.disguise: a plain initiation is one of the disguise too"
        ),
    ])
    func faults(_ text: String, _ expected: String) {
        let errors = #expect(throws: ProfileErrors.self) { try parse(text) }
        let said = errors.map { "\($0)" } ?? ""
        #expect(said.contains(expected) && !said.contains("c2VjcmV0"), "\(said)")
    }

    private static func sealed(_ id: Int) -> String {
        "header-protection-key = \"sealed:000000000000000\(id)\"\ns1 = 20\ns2 = 20\ns3 = 20\ns4 = 20"
    }

    /// What tells two apart: the place of the type, the type, the key.
    @Test(arguments: [
        ("s1 = 9", "s1 = 10"), ("s1 = 9\nh1 = 7", "s1 = 9\nh1 = \"8-9\""), (sealed(7), sealed(8)),
        (sealed(7), "s1 = 20"),
        (
            "\(sealed(7).replacing("sealed:0000000000000007", with: "auto"))",
            "\(sealed(7).replacing("sealed:0000000000000007", with: "auto"))"
        ),
    ])
    func severalThatCanBeToldApart(first: String, second: String) throws {
        let site = try parse(
            "[disguise.awg]\n\(first)\n[disguise.old]\n\(second)\n[peers.a]\ndisguise = \"old\"\n[peers.b]\ndisguise = \"awg\"\n[peers.c]\n"
        )
        #expect(site.tunnel.disguises.map(\.name) == ["awg", "old"])
        #expect(site.peers.map(\.disguise.name) == ["old", "awg", "none"])
        #expect(site.tunnel[disguise: site.peers[0].disguise] == site.tunnel.moreDisguises["old"])
        #expect(site.tunnel[disguise: .awg] == site.tunnel.disguise && site.tunnel[disguise: .none] == nil)
        #expect(try Site.parse(site.profileText(), file: "site.toml") == site)
    }

    @Test func theKernelSpeaksPlainOnly() {
        let text = Self.head + "datapath = \"kernel\"\n[disguise.awg]\ns1 = 9\n"
        let errors = #expect(throws: ProfileErrors.self) { try Site.parse(text, file: "site.toml") }
        #expect(errors.map { "\($0)" }?.contains("tunnel.datapath: the kernel's WireGuard speaks no AmneziaWG") == true)
    }

    private func imported(_ lines: String) throws -> WgQuickImport {
        let file = """
            [Interface]
            PrivateKey = 6DHZT8kCAf2m+G+lVMpBGLAH50Xvj5dx3mLek3zFLVM=
            Address = 10.8.0.1/24
            ListenPort = 51820
            \(lines)
            [Peer]
            PublicKey = qRfC6LKb0Vd0l41tdqMQGmY43d1bEHzJmLcylCQOzG0=
            AllowedIPs = 10.8.0.2/32
            """
        let config = try WgQuickConfig.parse(file, file: "awg0.conf")
        return try config.gatewaySite(interface: "awg0", lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!])) { _ in
            PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
        }
    }

    @Test func aGatewaysFile() throws {
        let key = "2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="
        let made = try imported(
            "Jc = 4\nJmin = 40\nJmax = 70\nS1 = 77\nS2 = 92\nS3 = 12\nS4 = 12\nH1 = 1148473225\nI1 = <b 0x01><r 4>\n"
                + "HeaderProtectionKey = \(key)\nRandomTrailers = on")
        #expect(made.headerProtectionKey?.exposedBase64 == key && made.site.peers.map(\.disguise) == [.awg])
        let disguise = try #require(made.site.tunnel.disguise)
        #expect(disguise.headerProtectionKey == .auto && disguise.settings.headerProtectionKey == nil)
        #expect(disguise.settings.exposedText(of: .i1) == "<b 0x01><r 4>" && disguise.settings.junkMaximum == 70)
        #expect(try imported("").site.tunnel.disguise == nil && imported("").site.peers.map(\.disguise) == [.none])
    }

    @Test func aGatewaysFileThatDoesNotGoTogether() {
        for (lines, expected) in [
            ("S1 = x", "awg0.conf:5:6: S1 is not a number from 0 to 65535"),
            ("J1 = <r 3>", "is of AmneziaWG 1.5 alone"),
            ("Jmin = 70\nJmax = 40", "Jmin is 70 and Jmax is 40"),
        ] {
            let errors = #expect(throws: ProfileErrors.self) { try imported(lines) }
            #expect(errors.map { "\($0)" }?.contains(expected) == true, "\(errors.map { "\($0)" } ?? "")")
        }
    }
}
