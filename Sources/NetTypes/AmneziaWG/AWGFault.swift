/// Why parameters of AmneziaWG are refused. Values of what is secret are not in it, but for what others would make of them.
public enum AWGFault: Error, Hashable, Sendable {
    /// Not a number from 0 to 65535.
    case notANumber(AWGName)
    /// Not `N` or `LO-HI` of numbers up to `most`.
    case notARange(AWGName, most: UInt64)
    /// Not `on` or `off`.
    case notASwitch(AWGName)
    /// The key is not 44 characters of base64.
    case notAKey
    /// A signature packet's template.
    case template(AWGName, AWGTemplate.Fault)
    /// `LO-HI` with LO above HI.
    case reversed(AWGName)
    /// `Jmin` above `Jmax`.
    case reversedJunk(minimum: UInt16, maximum: UInt16)
    /// More than a handshake should have before it.
    case tooMuchJunk(UInt16, most: UInt16)
    /// With that a message or a packet would be longer than a path takes.
    case tooLong(AWGName, UInt16, most: UInt16)
    /// Two messages may have the same type; the defaults 1, 2, 3, 4 count.
    case overlapping(AWGName, AWGName)
    /// With a header protection key each prefix needs 12 bytes, which are the nonce.
    case shorterThanNonce(AWGName, UInt16)
    /// A range of times that begins at 0.
    case startsAtZero(AWGName)
    /// One time has to end before the other does: a session would die before its successor is asked for.
    case tooLate(AWGName, mustEndBefore: AWGName)
}

extension AWGFault {
    /// Whose value to look at first.
    public var name: AWGName {
        switch self {
        case .notANumber(let name), .notARange(let name, _), .notASwitch(let name), .template(let name, _),
            .reversed(let name), .tooLong(let name, _, _), .overlapping(let name, _), .shorterThanNonce(let name, _),
            .startsAtZero(let name), .tooLate(let name, _):
            name
        case .notAKey: .headerProtectionKey
        case .reversedJunk: .jmin
        case .tooMuchJunk: .jc
        }
    }
}

extension AWGFault: CustomStringConvertible {
    /// One clause: `Jmin is 70 and Jmax is 40: the smallest size may not exceed the largest`
    public var description: String {
        switch self {
        case .notANumber(let name): "\(name.rawValue) is not a number from 0 to 65535"
        case .notARange(let name, let most):
            "\(name.rawValue) is not a number from 0 to \(most), or LOW-HIGH of such numbers"
        case .notASwitch(let name): "\(name.rawValue) is neither on nor off"
        case .notAKey: "\(AWGName.headerProtectionKey.rawValue) is not 44 characters of base64 that end in ="
        case .template(let name, let fault): "\(name.rawValue), column \(fault.column): \(fault.kind.words)"
        case .reversed(let name): "\(name.rawValue) is LOW-HIGH with LOW above HIGH"
        case .reversedJunk(let minimum, let maximum):
            "Jmin is \(minimum) and Jmax is \(maximum): the smallest size may not exceed the largest"
        case .tooMuchJunk(let count, let most):
            "Jc is \(count): more than \(most) datagrams before a handshake are refused"
        case .tooLong(let name, _, let most):
            "\(name.rawValue) is more than \(most): what it belongs to would be longer than a path takes"
        case .overlapping(let one, let other):
            "\(one.rawValue) and \(other.rawValue) have a type in common (without a line, H1 to H4 are 1, 2, 3, 4)"
        case .shorterThanNonce(let name, _):
            "\(name.rawValue) is below 12: with a HeaderProtectionKey each of S1 to S4 is 12 or more"
        case .startsAtZero(let name): "\(name.rawValue) begins at 0: 0 alone means WireGuard's own"
        case .tooLate(let name, let other): "\(name.rawValue) does not end before \(other.rawValue)"
        }
    }
}

extension AWGTemplate.Fault.Kind {
    /// One clause.
    public var words: String {
        switch self {
        case .textOutside: "text outside of a tag is never sent: write it as <b 0x…>"
        case .unfinished: "< without >"
        case .unknownTag: "not one of the tags <b 0xHEX> <r N> <rc N> <rd N> <t>"
        case .formerTag: "<c> and <wt> were tags of AmneziaWG 1.5, and are refused since"
        case .noBytes: "<b 0xHEX> needs whole bytes, two hexadecimal digits each"
        case .noNumber: "<r N>, <rc N>, <rd N> and <dz N> need a number of bytes"
        case .needless: "<t>, <d> and <ds> stand alone"
        case .tooLong: "more than \(AWGTemplate.mostBytes) bytes in all"
        }
    }
}

// MARK: The checks

extension AWGParameters {
    /// Bytes of UDP that a path of 1,500 bytes takes over IPv4.
    static let mostDatagram: UInt16 = 1472
    /// What any IPv4 network carries (RFC 791), and so has to fit inside.
    static let leastInside: UInt16 = 576
    /// The most junk before one initiation (AmneziaWG's own advice).
    static let mostJunk: UInt16 = 128
    /// Bytes of a nonce, which with header protection is the beginning of each prefix.
    public static let nonceSize: UInt16 = 12
    /// Bytes of each message without prefix and trailer; of data, around its content.
    static let sizes = PerMessage<UInt16>(initiation: 148, response: 92, cookieReply: 64, data: 32)

    /// The largest prefixes.
    static let mostPrefixes = PerMessage<UInt16>(
        initiation: mostDatagram - sizes.initiation, response: mostDatagram - sizes.response,
        cookieReply: mostDatagram - sizes.cookieReply, data: mostDatagram - sizes.data - leastInside)

    func checkRanges(_ settings: AWGSettings) throws(AWGFault) {
        for (name, range) in zip(AWGName.types.all, types.all) where range.lower > range.upper { throw .reversed(name) }
        if let padding = contentPadding {
            if padding.lower > padding.upper { throw .reversed(.contentPaddingAddition) }
            let most = Self.mostDatagram
            if padding.upper > most { throw .tooLong(.contentPaddingAddition, padding.upper, most: most) }
        }
        for name in AWGName.timers {
            guard case .range(let field) = name.field, let range = settings[keyPath: field] else { continue }
            if range.lower > range.upper { throw .reversed(name) }
            if range.lower == 0 && range.upper > 0 { throw .startsAtZero(name) }
        }
    }

    func checkJunk() throws(AWGFault) {
        if junkCount > Self.mostJunk { throw .tooMuchJunk(junkCount, most: Self.mostJunk) }
        if junkSize.lower > junkSize.upper {
            throw .reversedJunk(minimum: junkSize.lower, maximum: junkSize.upper)
        }
        if junkSize.upper > Self.mostDatagram { throw .tooLong(.jmax, junkSize.upper, most: Self.mostDatagram) }
    }

    func checkPrefixes() throws(AWGFault) {
        for (name, (prefix, most)) in zip(AWGName.prefixes.all, zip(prefixes.all, Self.mostPrefixes.all)) {
            if prefix > most { throw .tooLong(name, prefix, most: most) }
            if headerProtectionKey != nil && prefix < Self.nonceSize { throw .shorterThanNonce(name, prefix) }
        }
    }

    func checkTypes() throws(AWGFault) {
        let all = Array(zip(AWGName.types.all, types.all))
        for (number, one) in all.enumerated() {
            for other in all[(number + 1)...] where one.1.intersection(other.1) != nil {
                throw .overlapping(one.0, other.0)
            }
        }
    }

    func checkTimers() throws(AWGFault) {
        let (reject, rekey) = (timers.rejectAfterTime, timers.rekeyAfterTime)
        if rekey.upper >= reject.upper { throw .tooLate(.rekeyAfterTime, mustEndBefore: .rejectAfterTime) }
        let lastMinute = UInt32(timers.keepaliveTimeout.lower) + UInt32(timers.rekeyTimeout.lower)
        if lastMinute >= UInt32(reject.lower) { throw .tooLate(.keepaliveTimeout, mustEndBefore: .rejectAfterTime) }
    }
}
