/// The registers of one rule, and what of the packet lies in them.
struct Registers {
    private var bytes = KnownBytes(unknown: 64)
    /// For each 4 bytes.
    private var fields = [PacketField](repeating: .other, count: 16)
    /// The 4-byte words that were written last, one behind the other: a key of one or several fields.
    private var recent = 0..<0

    /// `NFT_REG_1`… are 16 bytes wide, `NFT_REG32_00`… 4.
    private func offset(_ register: UInt32) -> Int {
        min(register < 8 ? max(Int(register) - 1, 0) * 16 : (Int(register) - 8) * 4, 60)
    }

    private func words(_ register: UInt32, _ length: Int) -> Range<Int> {
        let first = offset(register) / 4
        return first..<min(first + max((length + 3) / 4, 1), 16)
    }

    func load(_ register: UInt32, _ length: Int) -> KnownBytes {
        let start = offset(register)
        return bytes[start..<start + length]
    }

    /// Fills whole words, as the kernel does: with zeros behind the value.
    mutating func store(_ value: KnownBytes, _ register: UInt32, _ field: PacketField) {
        let words = words(register, value.count)
        bytes[words.lowerBound * 4..<words.upperBound * 4] = KnownBytes(Array(repeating: 0, count: words.count * 4))
        bytes[words.lowerBound * 4..<words.lowerBound * 4 + value.count] = value
        for word in words { fields[word] = field }
        recent = words.lowerBound == recent.upperBound ? recent.lowerBound..<words.upperBound : words
    }

    /// Puts what `body` makes of one register into another.
    mutating func change(_ source: UInt32, _ register: UInt32, _ length: Int, _ body: (KnownBytes) -> KnownBytes) {
        let value = body(load(source, length))
        let recent = recent
        store(value, register, fields[words(source, length).lowerBound])
        if source == register { self.recent = recent }
    }

    /// What was put there cannot be known.
    mutating func forget(_ register: UInt32) { store(KnownBytes(unknown: 16), register, .other) }

    /// Whether nothing is known of the key that begins in a register, however long it is.
    func isUnknown(_ register: UInt32) -> Bool {
        let first = offset(register) / 4
        return bytes[first * 4..<max(recent.upperBound, first + 1) * 4].isUnknown
    }

    /// The fields in a value that are not wholly known, or that are known in part.
    func unknownFields(_ register: UInt32, _ length: Int) -> Set<PacketField> {
        Set(words(register, length).filter { !bytes[$0 * 4..<$0 * 4 + 4].isKnown }.map { fields[$0] })
    }

    func knownFields(_ register: UInt32, _ length: Int) -> Set<PacketField> {
        Set(words(register, length).filter { !bytes[$0 * 4..<$0 * 4 + 4].isUnknown }.map { fields[$0] })
    }

    /// What lies in the first word of a register.
    func field(_ register: UInt32) -> PacketField { fields[offset(register) / 4] }
}
