import Testing

@testable import NetTypes

@Suite struct KeyTests {
    /// Not base64 of 32 bytes: too short, too long, no `=`, two, bits past the end, other alphabets, spaces.
    static let malformed = [
        "", "=", "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ", "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ==",
        "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RR=", "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3R==",
        "6boi5zHwfEhbX-XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=", "6boi5zHwfEhbX_XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=",
        " boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=", "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=\n",
        "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQA", "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3é=",
        "=boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=",
        "e9ba22e731f07c485b5fe5cc50a7b5d9fe2543dbfbf0b8e911c18ad21194dd14",
    ]

    @Test(arguments: malformed) func malformedPublicKey(_ text: String) {
        #expect(PublicKey(text) == nil)
        let told = reason { () throws(ParseError) in try PublicKey(parsing: text) }
        #expect(
            told?.hasSuffix("a public key is 44 characters of base64 that end in =, as `wg pubkey` prints it") == true)
    }

    @Test(arguments: malformed) func malformedSecretsAreNotRepeated(_ text: String) {
        for told in [
            reason { () throws(ParseError) in try PrivateKey(parsing: text) },
            reason { () throws(ParseError) in try PresharedKey(parsing: text) },
        ] {
            #expect(told?.contains("44 characters of base64") == true)
            #expect(text.count < 3 || told?.contains(text) == false)
        }
    }

    /// `echo -n … | base64` and hex of the same bytes.
    @Test(
        arguments: [
            ("6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=", [0xe9, 0xba, 0x22], 0x14),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", [0, 0, 0], 0),
            ("//////////////////////////////////////////8=", [0xff, 0xff, 0xff], 0xff),
        ] as [(String, [UInt8], UInt8)]) func publicKeys(_ text: String, _ first: [UInt8], _ last: UInt8) throws
    {
        let key = try PublicKey(parsing: text)
        #expect(key.bytes.count == 32 && key.bytes.starts(with: first) && key.bytes.last == last)
        #expect(key.description == text)
        #expect(PublicKey(bytes: key.bytes) == key)
    }

    @Test func randomBytesComeBack() throws {
        for _ in 0..<500 {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255) }
            let text = try #require(PublicKey(bytes: bytes)).description
            #expect(PublicKey(text)?.bytes == bytes)
            #expect(try PresharedKey(parsing: text).exposedBase64 == text)
        }
        #expect(PublicKey(bytes: [1, 2, 3]) == nil)
    }

    @Test func sortedAsBytes() {
        let low = PublicKey(bytes: [1] + [UInt8](repeating: 255, count: 31))!
        let high = PublicKey(bytes: [2] + [UInt8](repeating: 0, count: 31))!
        #expect(low < high && !(high < low) && !(low < low))
    }

    /// RFC 7748 5: three low bits off, the highest off, the second highest on; what `wg genkey` prints is so already.
    @Test func privateKeysAreClamped() throws {
        let key = try PrivateKey(parsing: "//////////////////////////////////////////8=")
        key.withBytes { bytes in
            #expect(bytes[0] == 0xf8 && bytes[31] == 0x7f && bytes[15] == 0xff)
        }
        let generated = "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY="
        #expect(try PrivateKey(parsing: generated).exposedBase64 == generated)
    }

    @Test func secretsCompareByValue() throws {
        let text = "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY="
        #expect(try PresharedKey(parsing: text) == PresharedKey(parsing: text))
        #expect(try PresharedKey(parsing: text) != PresharedKey { $0.initializeMemory(as: UInt8.self, repeating: 0) })
    }
}
