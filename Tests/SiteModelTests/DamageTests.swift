import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// Whatever the bytes, a parser gives a value or says where it stopped; it never traps.
@Suite struct DamageTests {
    private static let pieces = [
        "[", "]", "\"", "'", "=", ",", "\n", "#", ".", "/", ":", "é", "\u{301}", "0", "x", "\\", "-", "{",
    ]

    /// `text` with one to four pieces put in, taken out or repeated.
    private func damaged(_ text: String, _ random: inout SeededRandom) -> String {
        var characters = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<characters.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: characters.insert(contentsOf: Self.pieces.randomElement(using: &random)!.unicodeScalars, at: at)
            case 1: characters.removeSubrange(at..<min(at + Int.random(in: 1...20, using: &random), characters.count))
            default: characters.insert(contentsOf: characters[at...].prefix(60), at: at)
            }
            if characters.isEmpty { characters = ["x"] }
        }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: characters)
        return String(result)
    }

    /// `text` with one to eight bits flipped, as far as that is text.
    private func flipped(_ text: String, _ random: inout SeededRandom) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func check(_ errors: [ProfileError], against text: String) {
        #expect(!errors.isEmpty)
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for error in errors {
            #expect(error.line >= 1 && error.line <= lines.count, "\(error)")
            #expect(error.column >= 1, "\(error)")
        }
    }

    @Test func profiles() {
        var random = SeededRandom(state: 21)
        for _ in repeats(400) {
            let intact = RandomSite.make(&random).profileText()
            let text = Bool.random(using: &random) ? damaged(intact, &random) : flipped(intact, &random)
            do throws(ProfileErrors) {
                let site = try Site.parse(text, file: "f")
                #expect(site.problems().isEmpty)
            } catch { check(error.errors, against: text) }
        }
    }

    @Test func wgQuickFiles() {
        var random = SeededRandom(state: 22)
        let intact = """
            [Interface] # gateway
            Address = 10.9.0.1/24, fd00:9::1/64
            PrivateKey = qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=
            ListenPort = 51820
            DNS = 1.1.1.1, example.org
            ### Client laptop
            [Peer]
            PublicKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=
            AllowedIPs = 10.9.0.2/32, fd00:9::2, 192.168.7.5/24
            Endpoint = [2001:db8::1]:51820
            PersistentKeepalive = 25
            """
        let lan = LAN(subnets: [IPPrefix("192.168.1.0/24")!])
        for _ in repeats(1500) {
            let text = Bool.random(using: &random) ? damaged(intact, &random) : flipped(intact, &random)
            do throws(ProfileErrors) {
                let config = try WgQuickConfig.parse(text, file: "f")
                let taken = try config.gatewaySite(interface: "wg0", lan: lan) { _ in
                    PublicKey("NsjvQcy/e+dMP8zM1GSjzxTDnE31z4gwnemvQJTBimk=")!
                }
                #expect(taken.site.problems().isEmpty)
            } catch { check(error.errors, against: text) }
        }
    }
}
