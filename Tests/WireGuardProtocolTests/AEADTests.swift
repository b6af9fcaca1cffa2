import CCrypto
import Repeats
import Testing

@testable import WireGuardProtocol

@Suite struct AEADTests {
    /// RFC 7539's ciphertext cannot serve, for its nonce has a non-zero prefix; libsodium is the third opinion.
    private func reference(_ plain: [UInt8], _ key: [UInt8], _ counter: UInt64) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plain.count + 16)
        wgc_seal_ad(&sealed, plain, plain.count, nil, 0, key, counter)
        return sealed
    }

    @Test(arguments: [AEAD.Backend.fastest, .openSSL])
    func agreesWithLibsodiumInPlaceToo(_ backend: AEAD.Backend) {
        let aead = AEAD(backend)
        var random = SeededRandom(state: 21)
        let sizes = Array(0...300) + [511, 512, 1419, 1420, 1421, 8999, 16_384, 65_000, 65_535]
        for size in sizes {
            let key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            let plain = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            let counter = size % 3 == 0 ? UInt64.random(in: 0 ... .max, using: &random) : UInt64(size)
            let expected = reference(plain, key, counter)
            var apart = [UInt8](repeating: 0, count: size + 16)
            apart.withUnsafeMutableBytes {
                aead.seal($0.baseAddress!, from: plain, length: size, key: key, counter: counter)
            }
            #expect(apart == expected, "\(size) bytes")
            var inPlace = plain + [UInt8](repeating: 0xee, count: 16)
            inPlace.withUnsafeMutableBytes {
                aead.seal($0.baseAddress!, from: $0.baseAddress!, length: size, key: key, counter: counter)
            }
            #expect(inPlace == expected, "\(size) bytes in place")
            let opened = inPlace.withUnsafeMutableBytes {
                aead.open($0.baseAddress!, from: $0.baseAddress!, length: size, key: key, counter: counter)
            }
            #expect(opened)
            #expect(Array(inPlace[..<size]) == plain)
        }
    }

    @Test(arguments: [AEAD.Backend.fastest, .openSSL])
    func refusesForgeries(_ backend: AEAD.Backend) {
        let aead = AEAD(backend)
        let key = [UInt8](repeating: 7, count: 32)
        for size in [0, 1, 15, 16, 17, 64, 100, 1420] {
            let sealed = reference([UInt8](repeating: 9, count: size), key, 5)
            var plain = [UInt8](repeating: 0, count: size + 16)
            func opens(_ message: [UInt8], _ key: [UInt8], _ counter: UInt64) -> Bool {
                aead.open(&plain, from: message, length: size, key: key, counter: counter)
            }
            #expect(opens(sealed, key, 5))
            for byte in stride(from: 0, to: sealed.count, by: size > 200 ? 37 : 1) {
                var forged = sealed
                forged[byte] ^= 0x80
                #expect(!opens(forged, key, 5), "byte \(byte) of \(size)")
            }
            #expect(!opens(sealed, key, 6))
            #expect(!opens(sealed, [UInt8](repeating: 8, count: 32), 5))
            #expect(opens(sealed, key, 5), "a forgery spoils nothing")
        }
    }

    @Test func fallbackIsOpenSSL() {
        #expect(AEAD(.openSSL).name == "openssl")
        #expect(["intel-ipsec-mb", "openssl"].contains(AEAD(.fastest).name))
    }

    /// RFC 7693 appendix B, and HKDF with HMAC-BLAKE2s as hashlib and hmac of Python make it.
    @Test func blake2s() {
        var out = [UInt8](repeating: 0, count: 32)
        wgc_hash(&out, "abc", 3, nil, 0)
        #expect(out == hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"))
        wgc_hash(&out, "a", 1, "bc", 2)
        #expect(out == hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"))
        let key = (0..<32).map { UInt8($0) }
        var outputs = [UInt8](repeating: 0, count: 96)
        outputs.withUnsafeMutableBytes { memory in
            let each = (0..<3).map { memory.baseAddress! + 32 * $0 }
            wgc_kdf(key, "abc", 3, each, 3)
        }
        #expect(outputs[..<32] == hex("c67e0b211ebf48c12c6d41da8fcee207d4c325a8c30f054d97401b14ed212f9f")[...])
        #expect(outputs[32..<64] == hex("923b032867c597d1df124053325e553b104bf3b76180a46e0c21b44001ec50f6")[...])
        #expect(outputs[64...] == hex("73e5eae9c5d230ea6becb29ab8a49f627aff1eb27586b938a71ae090d4c7a184")[...])
    }

    @Test func x25519RefusesSmallOrder() {
        var out = [UInt8](repeating: 0, count: 32)
        let privateKey = [UInt8](repeating: 0x42, count: 32)
        for low in [UInt8(0), 1] {
            var point = [UInt8](repeating: 0, count: 32)
            point[0] = low
            #expect(!wgc_x25519(&out, privateKey, point))
        }
    }
}
