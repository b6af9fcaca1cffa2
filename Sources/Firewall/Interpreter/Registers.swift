/// The registers of one rule, and what of the packet lies in them.
struct Registers {
    private var bytes = KnownBytes(unknown: 64)
    /// For each 4 bytes.
    private var fields = [PacketField](repeating: .other, count: 16)
    /// The 4-byte words that were written last, one behind the other: a key of one or several fields.
    private var recent = 0..<0
    /// How many words may have been written.
    private var used = 0

    /// `NFT_REG_1`… are 16 bytes wide, `NFT_REG32_00`… 4.
    private func offset(_ register: UInt32) -> Int {
        min(register < 8 ? max(Int(register) - 1, 0) * 16 : (Int(register) - 8) * 4, 60)
    }

    private func words(_ register: UInt32, _ length: Int) -> Range<Int> {
        let first = offset(register) / 4
        return first..<min(first + max((length + 3) / 4, 1), 16)
    }

    /// As they are before a rule.
    mutating func reset() {
        bytes.clear(0..<used * 4, isKnown: false)
        for i in 0..<used { fields[i] = .other }
        (used, recent) = (0, 0..<0)
    }

    func load(_ register: UInt32, _ length: Int) -> KnownBytes {
        let start = offset(register)
        return bytes[start..<start + length]
    }

    /// `cmp`; nil: cannot be told.
    func compares(_ op: UInt32, _ register: UInt32, _ bytes: [UInt8]) -> Bool? {
        self.bytes.compares(op, bytes, at: offset(register))
    }

    /// What a set says to the key that begins in a register.
    func look(in contents: SetContents, _ register: UInt32) -> SetContents.Finding {
        contents.find(bytes, at: offset(register))
    }

    /// Fills whole words, as the kernel does: with zeros behind the value.
    mutating func store(_ value: KnownBytes, _ register: UInt32, _ field: PacketField) {
        store(value, 0..<value.count, register, field)
    }

    /// The same with a piece of a value.
    mutating func store(_ value: KnownBytes, _ range: Range<Int>, _ register: UInt32, _ field: PacketField) {
        let words = words(register, range.count)
        let (start, end) = (words.lowerBound * 4, words.upperBound * 4)
        bytes.put(value, range, at: start)
        bytes.clear(min(start + range.count, end)..<end, isKnown: true)
        for word in words { fields[word] = field }
        used = max(used, words.upperBound)
        recent = words.lowerBound == recent.upperBound ? recent.lowerBound..<words.upperBound : words
    }

    /// `bitwise`.
    mutating func mask(_ source: UInt32, _ register: UInt32, _ mask: [UInt8], xor: [UInt8]) {
        if source == register && offset(register) + mask.count <= 64 {
            bytes.mask(mask, xor: xor, at: offset(register))
        } else {
            change(source, register, mask.count) { $0.masked(mask, xor: xor) }
        }
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

    /// The fields in a value that are not wholly known.
    func unknownFields(_ register: UInt32, _ length: Int) -> PacketFields { fields(register, length) { $0 != 0xff } }

    /// Those that are known in part.
    func knownFields(_ register: UInt32, _ length: Int) -> PacketFields { fields(register, length) { $0 != 0 } }

    private func fields(_ register: UInt32, _ length: Int, where isSo: (_ mask: UInt8) -> Bool) -> PacketFields {
        words(register, length).reduce(into: []) { found, word in
            if bytes.mask[word * 4..<word * 4 + 4].contains(where: isSo) { found.formUnion(PacketFields(fields[word])) }
        }
    }

    /// What lies in the first word of a register.
    func field(_ register: UInt32) -> PacketField { fields[offset(register) / 4] }
}
