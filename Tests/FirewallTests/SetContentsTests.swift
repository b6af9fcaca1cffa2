import Testing

@testable import Firewall

/// Sets of ranges that overlap, against a look at every element.
@Suite struct SetContentsTests {
    /// Two fields of a byte each.
    static func element(_ random: inout SystemRandomNumberGenerator) -> SetContents.Element {
        func range(_ greatest: UInt8) -> ClosedRange<UInt8> {
            let ends = [UInt8.random(in: 0...greatest, using: &random), .random(in: 0...greatest, using: &random)]
            return ends.min()!...ends.max()!
        }
        let (first, second) = (range(63), range(7))
        return .init([first.lowerBound, second.lowerBound], [first.upperBound, second.upperBound])
    }

    static func holds(_ element: SetContents.Element, _ key: [UInt8]) -> Bool {
        key.indices.allSatisfy { element.lower[$0] <= key[$0] && key[$0] <= element.upper[$0] }
    }

    @Test func `finds what a look at every element finds`() {
        var random = SystemRandomNumberGenerator()
        let masks: [UInt8] = [0xff, 0xff, 0xfe, 0xfb, 0xf8]
        var (members, others) = (0, 0)
        for _ in 0..<300 {
            let count = Int.random(in: 0...12, using: &random)
            let elements = (0..<count).map { _ in Self.element(&random) }
            let contents = SetContents(fieldLengths: [1, 1], elements)
            for _ in 0..<20 {
                let value = [UInt8.random(in: 0...63, using: &random), .random(in: 0...7, using: &random)]
                let mask = [masks.randomElement(using: &random)!, masks.randomElement(using: &random)!]
                let key = KnownBytes(value, mask: mask)
                let answer = contents.find(key, at: 0).isMember
                let isIn = { (value: [UInt8]) in elements.contains { Self.holds($0, value) } }
                #expect(KnownBytesTests.holds(answer, key, isIn), "\(elements), \(key)")
                if key.isKnown { #expect(answer != nil) }
                members += answer == true ? 1 : 0
                others += answer == false ? 1 : 0
            }
        }
        #expect(members > 500 && others > 500, "it is no art never to answer")
    }
}
