import Compiler
import BoxModel
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// Peers' sides, from what is stored.
struct ExportTests {
    private let bench = Workbench()

    @Test func everyPeerButThoseWithoutASide() throws {
        let control = try bench.draft(["laptop", "phone", "router"])
        var options = PeerOptions()
        try options.set("routes", ["10.20.0.0/16"])
        try options.set("addresses", ["none"])
        _ = try control.setPeer("router", options, why: nil)
        var own = PeerOptions()
        try own.set("public-key", [PublicKey(of: PrivateKey { for i in $0.indices { $0[i] = 77 } }).description])
        _ = try control.addPeer("tablet", own, why: nil)
        let (exports, notices) = try control.exportAll(as: .client(.wgQuick))
        #expect(exports.map(\.name) == ["laptop", "phone", "tablet"])
        #expect(exports[1].text == (try control.export("phone").text))
        #expect(notices.count == 3)
        for words in ["before they connect", "left out: router has no address", "tablet has its own private key"] {
            #expect(notices.texts.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test func nothingAtAllIsAnError() throws {
        let control = try bench.draft(["laptop"])
        #expect { try control.exportAll(as: .gateway) } throws: { "\($0)".contains("nothing to write") }
        #expect { try control.export("laptop", as: .gateway) } throws: { "\($0)".contains("PeerEdit.networks") }
    }

    /// A profile has no place for a preshared key, so none is lost on the way without a word.
    @Test func aProfileForTheOtherGateway() throws {
        let control = try bench.draft(["branch"])
        var options = PeerOptions()
        try options.set("routes", ["10.20.0.0/16"])
        _ = try control.setPeer("branch", options, why: nil)
        #expect { try control.export("branch", as: .profile) } throws: { "\($0)".contains("PeerEdit.gatewayFile") }
        options = PeerOptions()
        options.presharedKey = PeerOptions.PresharedKeyOption.none
        _ = try control.setPeer("branch", options, why: nil)
        let text = try control.export("branch", as: .profile).text
        let site = try Site.parse(text, file: "branch.toml")
        #expect(site.lan.subnets == [IPPrefix("10.20.0.0/16")!] && site.peers.map(\.name) == ["home"])
    }

    /// At another of the tunnel's ports, and for an app that knows less; with all peers, plain ones are written too.
    @Test func otherwiseThanUsual() throws {
        let control = try bench.draft(["laptop", "phone"])
        var options = InitOptions()
        options.set(\.tunnel.ports, to: [51820, 443])
        _ = try control.initialize(options, why: nil)
        func text(_ name: String, _ change: (inout ExportChoices) -> Void) throws -> String {
            var choices = ExportChoices()
            change(&choices)
            return try control.export(name, as: .client(.wgQuick), choices).text
        }
        let usual = try text("laptop") { _ in }
        #expect(
            try text("laptop") { $0.port = 443 } == usual.replacing(":51820\n", with: ":443\n")
                && usual.contains(":51820\n"))
        #expect { try text("laptop") { $0.port = 80 } } throws: {
            "\($0)".contains("not dialled at port 80, but at 51820, 443")
        }
        _ = try control.disguise(for: .two, like: .dns, anew: false, why: nil)
        var disguised = PeerOptions()
        try disguised.set("disguise", ["awg"])
        _ = try control.setPeer("phone", disguised, why: nil)
        #expect(try text("phone") { $0.version = .two } == text("phone") { _ in })
        #expect(try text("phone") { $0.version = .threeOne } == text("phone") { _ in })
        #expect { try text("phone") { $0.version = .one } } throws: { error in
            ["S3", "S4", "H1", "AmneziaWG 1.0"].allSatisfy { "\(error)".contains($0) }
        }
        #expect { try text("laptop") { $0.version = .two } } throws: { "\($0)".contains("plain WireGuard") }
        var choices = ExportChoices()
        choices.version = .one
        #expect(try control.exportAll(as: .client(.wgQuick), choices).exports.map(\.name) == ["laptop"])
        choices.version = .two
        #expect(try control.exportAll(as: .client(.wgQuick), choices).exports.count == 2)
        // A further one for the older app, and away again.
        let old = try DisguiseChoice(parsing: "old")
        let drawn = try control.disguise(as: old, for: .one, like: .random, anew: false, why: nil).stored.site.tunnel
        #expect(drawn.disguises.map(\.name) == ["awg", "old"] && drawn.disguise != drawn.moreDisguises["old"])
        #expect { try control.disguise(as: old, for: .one, like: .random, anew: false, why: nil) } throws: {
            "\($0)".contains("a disguise old already")
        }
        let newest = try text("phone") { _ in }
        try disguised.set("disguise", ["old"])
        _ = try control.setPeer("phone", disguised, why: nil)
        #expect(try text("phone") { $0.version = .one } != newest && !text("phone") { _ in }.contains("\nS3 = "))
        #expect(try control.undisguise(old, why: nil).changed == ["phone"])
        #expect(try control.site(nil).site.tunnel.disguises.map(\.name) == ["awg"])
        try disguised.set("disguise", ["awg"])
        _ = try control.setPeer("phone", disguised, why: nil)
        // Signature packets are the sender's affair alone.
        _ = try control.disguise(for: .one, like: .random, anew: true, why: nil)
        #expect(try text("phone") { $0.version = .one }.contains("\nH4 = "))
    }

    @Test func severalFilesAreToldApart() throws {
        let export = try bench.draft(["laptop"]).export("laptop", as: .client(.networkd))
        #expect(export.files.map(\.name) == ["50-wg0.netdev", "50-wg0.network"])
        #expect(
            export.text.hasPrefix("# 50-wg0.netdev\n[NetDev]") && export.text.contains("\n\n# 50-wg0.network\n[Match]"))
    }

    @Test func anArchiveOfNothingIsOneToo() {
        #expect(ZipArchive().file.count == 22)
    }
}
