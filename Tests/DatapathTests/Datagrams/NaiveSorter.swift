import NetTypes

@testable import WireGuardProtocol

/// What a datagram may be, in arrays and by the words of the description alone: the twin of what workers do.
struct NaiveSorter {
    let sets: [AWGParameters]
    /// Indices that may be received under, and the dialect of each: 0 is plain.
    let live: [UInt32: Int]

    enum Verdict: Equatable {
        /// Data of a live keypair, for the AEAD to decide.
        case data(index: UInt32)
        /// Handshake messages that it may be, for mac1 or an index to decide.
        case handshakes([Proposal])
    }

    struct Proposal: Equatable {
        var dialect: Int
        var kind: UInt8
        var message: [UInt8]
    }

    func sort(_ datagram: [UInt8]) -> Verdict {
        guard datagram.count >= 32 else { return .handshakes([]) }
        if word(datagram, 0) == 4, live[word(datagram, 4)] == 0 { return .data(index: word(datagram, 4)) }
        for (number, set) in sets.enumerated() {
            let prefix = Int(set.prefixes.data)
            guard datagram.count >= prefix + 32 else { continue }
            let header = bare(datagram, prefix, 16, set)
            if set.types.data.contains(word(header, 0)), live[word(header, 4)] == number + 1 {
                return .data(index: word(header, 4))
            }
        }
        var proposals: [Proposal] = []
        for (number, set) in ([.plain] + sets).enumerated() {
            let (prefixes, types) = (set.prefixes, set.types)
            let forms: [(UInt8, UInt16, Int, AWGRange<UInt32>)] = [
                (1, prefixes.initiation, 148, types.initiation), (2, prefixes.response, 92, types.response),
                (3, prefixes.cookieReply, 64, types.cookieReply),
            ]
            for (kind, prefix, size, range) in forms {
                let whole = Int(prefix) + size
                guard datagram.count == whole || set.randomTrailers && datagram.count > whole else { continue }
                // Whoever sends it is answered in the set's form, once.
                if number == 0, kind == 1, sets.contains(where: \.claimsPlainInitiations) { continue }
                let message = bare(datagram, Int(prefix), size, set)
                if range.contains(word(message, 0)) {
                    proposals.append(Proposal(dialect: number, kind: kind, message: message))
                }
            }
        }
        if proposals.isEmpty, datagram.count == 32 {
            for (number, set) in sets.enumerated() where set.prefixes.data > 0 && set.headerProtectionKey == nil {
                if set.types.data.contains(word(datagram, 0)), live[word(datagram, 4)] == number + 1 {
                    return .data(index: word(datagram, 4))
                }
            }
        }
        return .handshakes(proposals)
    }

    private func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) }
    }

    /// `count` bytes behind a prefix, without what protects them.
    private func bare(_ datagram: [UInt8], _ prefix: Int, _ count: Int, _ set: AWGParameters) -> [UInt8] {
        let bytes = Array(datagram[prefix..<prefix + count])
        guard let key = set.headerProtectionKey else { return bytes }
        let stream = key.withBytes { keyStream(Array($0), nonce: Array(datagram[..<12]), count: count) }
        return zip(bytes, stream).map { $0 ^ $1 }
    }

    /// ChaCha20 of RFC 8439 from block 0 on, as slow as it can be.
    private func keyStream(_ key: [UInt8], nonce: [UInt8], count: Int) -> [UInt8] {
        var stream: [UInt8] = []
        var block: UInt32 = 0
        while stream.count < count {
            let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
            let start = constants + (0..<8).map { word(key, $0 * 4) } + [block] + (0..<3).map { word(nonce, $0 * 4) }
            var x = start
            func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
                for (into, from, by, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                    x[into] &+= x[from]
                    x[by] ^= x[into]
                    x[by] = x[by] << turn | x[by] >> (32 - turn)
                }
            }
            for _ in 0..<10 {
                for column in 0..<4 { quarter(column, column + 4, column + 8, column + 12) }
                for column in 0..<4 {
                    quarter(column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
                }
            }
            for (a, b) in zip(x, start) {
                for byte in 0..<4 { stream.append(UInt8(truncatingIfNeeded: (a &+ b) >> (8 * UInt32(byte)))) }
            }
            block += 1
        }
        return Array(stream.prefix(count))
    }
}
