public import NetTypes

/// What stands before a handshake, for those who look at a flow's first datagram alone.
public enum Likeness: String, CaseIterable, Sendable {
    /// Nothing known: junk, as always.
    case random
    /// A question to a DNS server.
    case dns
    /// A QUIC Initial, as far as nobody takes off its own encryption, whose key stands in it.
    case quic
    /// A SIP request that looks for a server.
    case sip
}

extension Disguise {
    /// Parameters for one site alone, drawn from `random`; those of any page are known to whoever reads it.
    ///
    /// As all implementations of that version take them, and so that their receivers, which go by size and type, lose no data to chance
    /// (docs/disguise.md): sizes of the three handshake messages that differ, types below 2^31 in ranges of two thousand, or single ones
    /// where trailers make every size possible.
    public static func drawn(
        for version: AWGVersion, like likeness: Likeness, using random: inout some RandomNumberGenerator
    ) -> Disguise {
        var settings = AWGSettings()
        settings.junkCount = .random(in: 3...6, using: &random)
        settings.junkMinimum = .random(in: 8...16, using: &random)
        settings.junkMaximum = .random(in: 40...90, using: &random)
        // With their messages: 160…208, 212…262, 76…123 bytes. Header protection needs 12 of each.
        settings.prefixes = PerMessage(
            initiation: .random(in: 12...60, using: &random), response: .random(in: 120...170, using: &random),
            cookieReply: version < .two ? nil : .random(in: 12...59, using: &random),
            data: version < .two ? nil : .random(in: 12...24, using: &random))
        let isHidden = version >= .three
        func type(_ places: ClosedRange<UInt32>) -> AWGRange<UInt32> {
            let lower = UInt32.random(in: places, using: &random)
            return version == .two ? AWGRange(lower, lower + 2_000) : AWGRange(lower)
        }
        settings.types = PerMessage(
            initiation: type(5...400_000_000), response: type(500_000_000...900_000_000),
            cookieReply: type(1_000_000_000...1_400_000_000), data: type(1_500_000_000...2_000_000_000))
        settings.signatures[0] = likeness.template
        if version >= .threeOne { settings.randomTrailers = true }
        return Disguise(settings, headerProtectionKey: isHidden ? .auto : .none)
    }
}

extension Likeness {
    /// The first version whose apps can send it.
    public var since: AWGVersion {
        switch self {
        case .random: .one
        case .quic: .oneFive
        case .dns, .sip: .two
        }
    }

    /// `I1`; nil for none. What differs from datagram to datagram is drawn by whoever sends it.
    var template: AWGTemplate? {
        func bytes(_ text: String) -> AWGTemplate.Piece { .bytes(Array(text.utf8)) }
        switch self {
        case .random: return nil
        case .dns:
            // RFC 1035 4.1: an identifier, recursion desired, one question: seven letters in com, type A, class IN.
            return AWGTemplate([
                .random(2), .bytes([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7]), .letters(7),
                .bytes([3, 0x63, 0x6f, 0x6d, 0, 0, 1, 0, 1]),
            ])
        case .quic:
            // RFC 9000 17.2.2: Initial, version 1, eight bytes of destination, no source, no token, 1,182 bytes behind: 1,200 in all, as
            // 14.1 wants.
            return AWGTemplate([
                .bytes([0xc3, 0, 0, 0, 1, 8]), .random(8), .bytes([0, 0, 0x44, 0x9e]), .random(1_182),
            ])
        case .sip:
            // RFC 3261 11: what a phone asks a server before it registers.
            return AWGTemplate([
                bytes("OPTIONS sip:"), .letters(8), bytes(".com SIP/2.0\r\nVia: SIP/2.0/UDP "), .letters(9),
                bytes(".local;branch=z9hG4bK"), .digits(12), bytes("\r\nMax-Forwards: 70\r\nFrom: <sip:"), .letters(6),
                bytes("@"), .letters(8), bytes(".com>;tag="), .digits(8), bytes("\r\nTo: <sip:"), .letters(8),
                bytes(".com>\r\nCall-ID: "), .letters(16), bytes("\r\nCSeq: "), .digits(4),
                bytes(" OPTIONS\r\nContent-Length: 0\r\n\r\n"),
            ])
        }
    }
}
