// Text as bytes: what thousands of peers are read from goes through here, where a string's characters would take most of the time.

extension String {
    /// Calls `body` with the bytes of its UTF-8.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        var text = self
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

extension UInt8 {
    /// Whether it is one of ASCII's letters or digits.
    package var isLetterOrDigit: Bool {
        (48...57).contains(self) || (65...90).contains(self) || (97...122).contains(self)
    }
}

extension FixedWidthInteger {
    /// The number that stands there in decimal digits and nothing else, leading zeros included; nil where it has no room.
    @inlinable public init?(digits text: UnsafeRawBufferPointer) {
        guard !text.isEmpty else { return nil }
        self = 0
        for c in text {
            guard (48...57).contains(c) else { return nil }
            let (tens, overflow) = multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Self(c - 48))
            if overflow || carry { return nil }
            self = sum
        }
    }
}
