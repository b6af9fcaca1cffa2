import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// What there may be at most is refused beyond that, and up to it the time grows with the files.
@Suite struct LintLimitTests {
    @Test func aLine() {
        let long = LintSamples.laptop + "\n#" + String(repeating: "x", count: WgQuickParser.longestLine)
        let words = LintSamples.words(LintSamples.lint([("l", long)]).findings)
        #expect(words == ["l:12:1 refused"])
    }

    @Test func addresses() {
        let many = (1...65).map { "10.9.0.\($0)/24" }.joined(separator: ", ")
        let text = LintSamples.laptop.replacing("10.8.0.2/32, fd08::2/128", with: many)
        let found = LintSamples.lint([("l", text), ("wg0.conf", LintSamples.gateway)]).findings
        #expect(LintSamples.words(found) == ["l:2:11 refused"])
        #expect(found[0].message.contains("65 addresses are too many; 64 at most"))
    }

    @Test func peers() {
        let peer = "[Peer]\nPublicKey=\(LintSamples.publicKey(2))\n"
        let text = "[Interface]\nPrivateKey=\(LintSamples.privateKey(1))\n" + String(repeating: peer, count: 100_001)
        let found = LintSamples.lint([("g", text)]).findings
        #expect(LintSamples.words(found) == ["g:200003:1 refused"])
        #expect(found.first?.message.contains("100001 peers are too many; 100000 at most") == true)
    }

    /// A gateway's file with faults in it, and the files of some of its peers.
    @Test func timeGrowsWithTheFiles() {
        func files(_ peers: Int) -> [(name: String, text: String)] {
            [("g", gateway(peers: peers))]
                + (0..<peers / 10).map { i in
                    (
                        "l\(i)",
                        LintSamples.laptop.replacing("10.8.0.2/32, fd08::2/128", with: "\(address(i))/32")
                            .replacing(LintSamples.publicKey(1), with: LintSamples.nobody)
                    )
                }
        }
        let ratio = growth(small: files(500), large: files(2000), limit: 8) { _ = LintSamples.lint($0).findings }
        #expect(ratio < 8)
    }

    private func address(_ i: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0x0a00_0000 + UInt32(i))) }

    private func gateway(peers: Int) -> String {
        var text = "[Interface]\nAddress = 172.16.0.1/24\nPrivateKey = \(LintSamples.privateKey(1))\nListenPort = 1\n"
        var random = SeededRandom(state: 7)
        for i in 0..<peers {
            let key = PublicKey(bytes: random.bytes(32))!
            text += "\n[Peer]\nPublicKey = \(key)\nAllowedIPs = \(address(i))/31\n\n"
        }
        return text
    }
}
