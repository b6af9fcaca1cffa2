/// The 44 characters that WireGuard writes a 32-byte key in (RFC 4648 section 4, one `=` at the end).
///
/// Written without tables, so that the time does not depend on the key: wireguard-tools `encoding.c` does the same.
enum Base64Key {
    static func encode(_ key: UnsafeRawBufferPointer) -> [UInt8] {
        precondition(key.count == 32)
        var text: [UInt8] = []
        text.reserveCapacity(44)
        for i in stride(from: 0, to: 33, by: 3) {
            let word = UInt32(key[i]) << 16 | UInt32(key[i + 1]) << 8 | (i + 2 < 32 ? UInt32(key[i + 2]) : 0)
            for shift: UInt32 in [18, 12, 6, 0] { text.append(character(Int32(word >> shift & 63))) }
        }
        text[43] = UInt8(ascii: "=")
        return text
    }

    /// nil unless `text` is 44 characters, well formed, with the unused bits zero.
    static func decode(_ text: String.UTF8View, into key: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(key.count == 32)
        guard text.count == 44 else { return false }
        var bad: Int32 = 0
        var word: UInt32 = 0
        for (i, c) in text.enumerated() {
            if i == 43 {
                bad |= Int32(c ^ UInt8(ascii: "="))
                word <<= 6
            } else {
                let v = value(Int32(c))
                bad |= v >> 31
                word = word << 6 | UInt32(bitPattern: v & 63)
            }
            guard i % 4 == 3 else { continue }
            let at = i / 4 * 3
            key[at] = UInt8(truncatingIfNeeded: word >> 16)
            key[at + 1] = UInt8(truncatingIfNeeded: word >> 8)
            if at + 2 < 32 { key[at + 2] = UInt8(truncatingIfNeeded: word) } else { bad |= Int32(word & 255) }
            word = 0
        }
        return bad == 0
    }

    private static func character(_ v: Int32) -> UInt8 {
        UInt8(
            truncatingIfNeeded: v + 65 + ((25 - v) >> 8 & 6) - ((51 - v) >> 8 & 75) - ((61 - v) >> 8 & 15)
                + ((62 - v) >> 8 & 3))
    }

    private static func value(_ c: Int32) -> Int32 {
        var v: Int32 = -1
        v += (((64 - c) & (c - 91)) >> 8) & (c - 64)
        v += (((96 - c) & (c - 123)) >> 8) & (c - 70)
        v += (((47 - c) & (c - 58)) >> 8) & (c + 5)
        v += (((42 - c) & (c - 44)) >> 8) & 63
        v += (((46 - c) & (c - 48)) >> 8) & 64
        return v
    }
}
