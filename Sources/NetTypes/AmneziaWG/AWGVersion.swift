/// Which parameters an app of AmneziaWG's knows: there is no version on the wire, and an app refuses a line that it does not know, or
/// drops it in silence.
public enum AWGVersion: String, CaseIterable, Comparable, Sendable {
    /// Junk, prefixes of handshakes, single types.
    case one = "1.0"
    /// Signature packets.
    case oneFive = "1.5"
    /// Prefixes of all messages, ranges of types.
    case two = "2.0"
    /// Hidden headers, padding, times.
    case three = "3.0"
    /// Trailers.
    case threeOne = "3.1"

    /// Older ones first.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Parameters that both ends need and that one of them would not take.
public struct AWGVersionFault: Error, Hashable, Sendable {
    /// The app's.
    public let version: AWGVersion
    /// In the order of a file; at least one.
    public let names: [AWGName]
    /// The first that takes all of them.
    public let needed: AWGVersion
}

extension AWGName {
    /// Whether a peer that lacks it understands what is sent by it all the same: only who sends needs it.
    public var isOneSided: Bool {
        switch self {
        case .s1, .s2, .s3, .s4, .h1, .h2, .h3, .h4, .headerProtectionKey, .randomTrailers: false
        case .jc, .jmin, .jmax, .i1, .i2, .i3, .i4, .i5, .contentPaddingAddition, .rekeyAfterTime, .rekeyTimeout,
            .rejectAfterTime, .keepaliveTimeout, .maxHandshakeAttempts, .disableCookies:
            true
        }
    }
}

extension AWGTemplate {
    /// Since when its tags are known.
    var since: AWGVersion {
        pieces.allSatisfy { piece in
            switch piece {
            case .bytes, .random, .time: true
            case .letters, .digits, .zeros, .nothing: false
            }
        } ? .oneFive : .two
    }
}

extension AWGParameters {
    /// Lines for an app of this version: those that it knows. What it does not is left out where only its sender needs it; else it
    /// throws.
    public func settings(for version: AWGVersion) throws(AWGVersionFault) -> AWGSettings {
        var lines = settings
        let unknown = AWGName.allCases.filter { lines.has($0) && since($0) > version }
        let needed = unknown.filter { !$0.isOneSided }
        if let newest = needed.map(since).max() {
            throw AWGVersionFault(version: version, names: needed, needed: newest)
        }
        for name in unknown { lines.take(name, of: AWGSettings()) }
        if version <= .two {
            // amneziawg-go 0.2.13, of 1.5, takes no I2 without I1.
            let signatures = lines.signatures.compactMap { $0 }
            lines.signatures =
                signatures + [AWGTemplate?](repeating: nil, count: lines.signatures.count - signatures.count)
        }
        return lines
    }

    /// The first version that takes a parameter as it is here.
    private func since(_ name: AWGName) -> AWGVersion {
        switch name {
        case .jc, .jmin, .jmax: .one
        case .s1, .s2: areHandshakesOfOneSize ? .three : .one
        case .s3, .s4: .two
        case .h1: since(types.initiation, usual: 1)
        case .h2: since(types.response, usual: 2)
        case .h3: since(types.cookieReply, usual: 3)
        case .h4: since(types.data, usual: 4)
        case .i1, .i2, .i3, .i4, .i5:
            signatures[AWGName.signatures.firstIndex(of: name)!]?.since ?? .oneFive
        case .headerProtectionKey, .contentPaddingAddition, .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime,
            .keepaliveTimeout, .maxHandshakeAttempts:
            .three
        case .randomTrailers, .disableCookies: .threeOne
        }
    }

    /// amneziawg-go up to 0.2.15, among them the first of 2.0, refuses that.
    private var areHandshakesOfOneSize: Bool {
        Int(prefixes.initiation) + 148 == Int(prefixes.response) + 92
    }

    /// amneziawg-go up to 0.2.15 takes each number up to 4 for what is usual.
    private func since(_ type: AWGRange<UInt32>, usual: UInt32) -> AWGVersion {
        if type != AWGRange(usual) && type.lower <= 4 { return .three }
        return type.lower == type.upper ? .one : .two
    }
}
