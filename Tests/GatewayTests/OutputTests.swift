import Repeats
import SiteModel
import Testing

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

    @Test func tooMuchForAQRCodeIsRefused() {
        #expect(throws: GatewayError.self) { try QRCode(String(repeating: "x", count: 3000)) }
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
