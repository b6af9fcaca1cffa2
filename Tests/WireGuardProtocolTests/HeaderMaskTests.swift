import CCrypto
import NetTypes
import Repeats
import Testing

@testable import WireGuardProtocol

/// What covers headers, by whatever the CPU has, against the library. Serialized: the lanes are all the process's.
@Suite(.serialized) struct HeaderMaskTests {
    @Test(arguments: [1, 8, 16]) func likeTheLibrary(_ lanes: Int) {
        WireForm.useLanes(upTo: lanes)
        defer { WireForm.useLanes(upTo: 16) }
        var random = SeededRandom(state: 7)
        for count in Array(0...40) + [64, 2048] {
            let stride = Int.random(in: 12...60, using: &random)
            let (nonces, key) = (random.bytes(count * stride + 12), random.bytes(32))
            var masks = [UInt8](repeating: 0xee, count: 16 * count + 1)
            wgc_header_masks(&masks, nonces, stride, count, key)
            let expected = (0..<count).flatMap { number in
                var block = [UInt8](repeating: 0, count: 16)
                wgc_chacha20_xor(&block, block, 16, Array(nonces[(number * stride)...]), key)
                return block
            }
            #expect(masks == expected + [0xee], "\(count), \(stride) apart")
        }
    }

    /// RFC 8439, A.1, test vector 1: no key, no nonce, block 0.
    @Test(arguments: [1, 8, 16]) func asTheRFCSays(_ lanes: Int) {
        WireForm.useLanes(upTo: lanes)
        defer { WireForm.useLanes(upTo: 16) }
        var masks = [UInt8](repeating: 0, count: 48)
        let zeros = [UInt8](repeating: 0, count: 32)
        wgc_header_masks(&masks, zeros, 0, 3, zeros)
        let block = hex("76b8e0ada0f13d90405d6ae55386bd28")
        #expect(masks == block + block + block)
    }

    /// No bytes twice, none left as they were, and each request gets what it asked for across refills.
    @Test func randomStream() {
        var seeds = 0
        var stream = RandomStream { seed in
            seeds += 1
            for i in seed.indices { seed[i] = UInt8(i) }
        }
        var seen: Set<[UInt8]> = []
        for round in 0..<3000 {
            var bytes = [UInt8](repeating: 0, count: 12 + round % 900)
            stream.fill(&bytes, bytes.count)
            seen.insert(Array(bytes.prefix(12)))
            seen.insert(Array(bytes.suffix(12)))
            #expect(bytes.count == 12 || Set(bytes).count > 5)
        }
        #expect(seeds == 1 && seen.count >= 5990)
        let numbers = Set((0..<1000).map { _ in stream.next() })
        #expect(numbers.count == 1000)
    }
}
