import Testing

@testable import Firewall

/// Bytes of which some bits are unknown, against all the bytes that they may be.
@Suite struct KnownBytesTests {
    /// Two bytes with at most 6 unknown bits.
    static func random(_ random: inout SystemRandomNumberGenerator) -> KnownBytes {
        var mask: [UInt8] = [0xff, 0xff]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            mask[Int.random(in: 0...1, using: &random)] &= ~(1 << UInt8.random(in: 0...7, using: &random))
        }
        return KnownBytes([.random(in: 0...255, using: &random), .random(in: 0...255, using: &random)], mask: mask)
    }

    /// Whatever they may be.
    static func all(_ bytes: KnownBytes) -> [[UInt8]] {
        let unknown = UInt16(~bytes.mask[0]) << 8 | UInt16(~bytes.mask[1])
        var values: [[UInt8]] = []
        var bits = unknown
        while true {
            values.append([bytes.value[0] | UInt8(bits >> 8), bytes.value[1] | UInt8(bits & 255)])
            if bits == 0 { return values }
            bits = (bits - 1) & unknown
        }
    }

    /// What is said has to hold for all of them; nil may be said of anything.
    static func holds(_ answer: Bool?, _ bytes: KnownBytes, _ test: ([UInt8]) -> Bool) -> Bool {
        answer == nil || all(bytes).allSatisfy { test($0) == answer }
    }

    @Test func `an answer holds for all that they may be`() {
        var random = SystemRandomNumberGenerator()
        var answers = 0
        for _ in 0..<300 {
            let bytes = Self.random(&random)
            let other = [UInt8.random(in: 0...255, using: &random), bytes.value[1]]
            let comparisons: [(UInt32, ([UInt8]) -> Bool)] = [
                (Nft.Compare.equal, { $0 == other }), (Nft.Compare.notEqual, { $0 != other }),
                (Nft.Compare.less, { $0.lexicographicallyPrecedes(other) }),
                (Nft.Compare.lessOrEqual, { !other.lexicographicallyPrecedes($0) }),
                (Nft.Compare.greater, { other.lexicographicallyPrecedes($0) }),
                (Nft.Compare.greaterOrEqual, { !$0.lexicographicallyPrecedes(other) }),
            ]
            for (op, test) in comparisons {
                let answer = bytes.compares(op, other)
                #expect(Self.holds(answer, bytes, test), "\(bytes) \(op) \(other)")
                answers += answer == nil ? 0 : 1
            }
            let range = ByteRange(other, [0xc0, 0x10])
            let isIn = { (value: [UInt8]) in
                !value.lexicographicallyPrecedes(range.lower) && !range.upper.lexicographicallyPrecedes(value)
            }
            #expect(Self.holds(bytes.lies(in: range), bytes, isIn))
        }
        #expect(answers > 900, "it is no art never to answer")
    }

    @Test func `what is done to them is done to all that they may be`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let bytes = Self.random(&random)
            let other = Self.random(&random)
            let (mask, xor) = (Self.random(&random).value, Self.random(&random).value)
            let masked = Set(Self.all(bytes.masked(mask, xor: xor)))
            #expect(
                Self.all(bytes).allSatisfy { value in
                    masked.contains(value.indices.map { value[$0] & mask[$0] ^ xor[$0] })
                })
            let reversed = Set(Self.all(bytes.reversed(by: 2)))
            #expect(Self.all(bytes).allSatisfy { reversed.contains($0.reversed()) })
            // What both have in common may be very little.
            let joined = bytes.joined(other)
            #expect((Self.all(bytes) + Self.all(other)).allSatisfy { joined.equals($0) != false })
        }
    }

    @Test func `a piece beyond the end is unknown`() {
        let piece = KnownBytes([1, 2, 3])[2..<5]
        #expect(piece.value == [3, 0, 0] && piece.mask == [0xff, 0, 0])
    }
}
