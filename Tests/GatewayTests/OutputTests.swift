import GatewaySamples
import Repeats
import Testing

@testable import SiteModel
@testable import Gateway

@Suite struct OutputTests {
    @Test func aQRCodeHasItsFinderPatterns() throws {
        let code = try QRCode("wggw")
        #expect(code.width == 21)
        let lines = code.terminal(colors: false).split(separator: "\n")
        // Four light modules above, then the top edges of two finder patterns, seven dark modules each.
        #expect(lines.count == 15 && lines.allSatisfy { $0.count == 29 })
        #expect(lines[2].hasPrefix("████ ▄▄▄▄▄ ") && lines[2].hasSuffix(" ▄▄▄▄▄ ████"))
        #expect(Array(try code.png()[..<8]) == [137, 80, 78, 71, 13, 10, 26, 10])
    }

    /// What a code holds at most, what phones are usually shown, and what a terminal has room for.
    @Test func howMuchAQRCodeHolds() throws {
        func text(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }
        let largest = try QRCode(text(2953))
        #expect(
            largest.width == 177 && largest.notices.texts.contains { $0.contains("2953 bytes make a QR code of 177") })
        #expect { try QRCode(text(2954)) } throws: { "\($0)".contains("holds 2953 at level L") }
        #expect(try QRCode(text(1171)).width == 113 && QRCode(text(1171)).notices.isEmpty)
        #expect(try QRCode(text(1172)).width == 117 && QRCode(text(1172)).notices.count == 1)
        let code = try QRCode(text(425))
        try code.expectRoom(in: 77)
        #expect { try code.expectRoom(in: 76) } throws: {
            "\($0)".contains("needs 77 columns, and this terminal has 76")
        }
        #expect(code.terminal(colors: false).split(separator: "\n").allSatisfy { $0.count == 77 })
        // What makes it shorter, if there is something.
        for (more, isNamed) in [("", false), ("\nI3 = <r 4>\n", true), ("\nI6 = x\n", false)] {
            let thrown = #expect(throws: GatewayError.self) { try QRCode(text(3000) + more) }
            #expect(thrown.map { "\($0)" }?.contains("take i1 to i5 out") == isNamed)
        }
    }

    @Test func profilesAreComparedBySection() {
        func sections(_ site: String, _ peers: (String, [String])...) -> [ProfileSection] {
            [ProfileSection(title: "[site]", lines: ["name = \"\(site)\""])]
                + peers.map { ProfileSection(title: "[peers.\($0.0)]", lines: $0.1) }
        }
        let old = sections("a", ("x", ["keepalive = 5"]), ("y", []))
        let new = sections("b", ("y", []), ("z", ["keepalive = 7"]))
        #expect(
            ProfileDiff(old, new).sections == [
                .init(title: "[peers.x]", lines: [.removed("keepalive = 5")]),
                .init(title: "[site]", lines: [.removed("name = \"a\""), .added("name = \"b\"")]),
                .init(title: "[peers.z]", lines: [.added("keepalive = 7")]),
            ])
        #expect(ProfileDiff(old, old).sections.isEmpty)
    }

    @Test func comparingLongListsTakesTimeInProportion() {
        func profile(_ lines: Range<Int>) -> [ProfileSection] {
            [ProfileSection(title: "[peers.a]", lines: lines.map { "\"\($0)\"," })]
        }
        let ratio = growth(small: 500, large: 2000, limit: 9) { count in
            _ = ProfileDiff(profile(0..<count), profile(count..<2 * count))
        }
        #expect(ratio < 9)
    }
}
