import NetTypes

/// Keys in the configuration protocol: two hexadecimal digits a byte. What it takes depends on nothing but the length.
enum Hex {
    /// Decodes exactly `bytes.count` bytes; false for any other text.
    static func decode(_ text: UnsafeRawBufferPointer, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard text.count == bytes.count * 2 else { return false }
        var bad: Int16 = 0
        for i in bytes.indices {
            let high = digit(text[2 * i])
            let low = digit(text[2 * i + 1])
            bad |= high | low
            bytes[i] = UInt8(truncatingIfNeeded: high << 4 | low & 15)
        }
        return bad >= 0
    }

    /// A key of 32 zeros, which stands for none. To make a text of it for each of 10,000 peers took most of the time of an answer.
    static let zeroKey: StaticString = "0000000000000000000000000000000000000000000000000000000000000000"

    /// Whether all digits are zeros.
    static func isZero(_ text: UnsafeRawBufferPointer) -> Bool { text.reduce(0) { $0 | ($1 ^ UInt8(ascii: "0")) } == 0 }

    /// 0…15, or negative for what is no digit; without a branch or a table, because it reads keys.
    private static func digit(_ c: UInt8) -> Int16 {
        let c = Int16(c)
        let decimal = ((47 - c) & (c - 58)) >> 15
        let lower = c | 0x20
        let letter = ((96 - lower) & (lower - 103)) >> 15
        return (decimal & (c - 48)) | (letter & (lower - 87)) | ~(decimal | letter)
    }

    /// The digit of 0…15, without a branch or a table.
    static func digit(of value: UInt8) -> UInt8 {
        let v = Int16(value)
        return UInt8(truncatingIfNeeded: 48 + v + (((9 - v) >> 15) & 39))
    }
}

extension SecretBuffer {
    /// Adds two lower-case digits a byte.
    mutating func append(hex bytes: UnsafeRawBufferPointer) {
        fill(room: 2 * bytes.count) { room in
            for i in bytes.indices {
                room[2 * i] = Hex.digit(of: bytes[i] >> 4)
                room[2 * i + 1] = Hex.digit(of: bytes[i] & 15)
            }
            return 2 * bytes.count
        }
    }

    /// Adds a number's digits.
    mutating func append(decimal number: UInt64) {
        fill(room: 20) { room in
            var (rest, count) = (number, 0)
            repeat { (rest, count) = (rest / 10, count + 1) } while rest > 0
            rest = number
            for i in (0..<count).reversed() {
                room[i] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return count
        }
    }
}
