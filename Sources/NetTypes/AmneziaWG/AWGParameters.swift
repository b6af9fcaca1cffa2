/// Parameters of AmneziaWG that go together: how the messages of one dialect look. All defaults: WireGuard, byte for byte.
///
/// No description, since who knows types, prefixes and key finds the server out.
public struct AWGParameters: Equatable, Sendable {
    /// Random lengths of time, all drawn anew each time.
    public struct Timers: Equatable, Sendable {
        /// Seconds after which the initiator of a keypair asks for a new one when it sends.
        public let rekeyAfterTime: AWGRange<UInt16>
        /// Seconds between two initiations.
        public let rekeyTimeout: AWGRange<UInt16>
        /// Seconds after which a keypair is used no longer: `upper`.
        public let rejectAfterTime: AWGRange<UInt16>
        /// Seconds after which a keepalive answers.
        public let keepaliveTimeout: AWGRange<UInt16>
        /// Retries before a handshake is given up.
        public let maxHandshakeAttempts: AWGRange<UInt16>

        /// WireGuard's (whitepaper 6.1).
        public static let wireGuard = Timers(AWGSettings())

        init(_ settings: AWGSettings) {
            func value(_ range: AWGRange<UInt16>?, _ usual: UInt16) -> AWGRange<UInt16> {
                range.flatMap { $0 == AWGRange(0) ? nil : $0 } ?? AWGRange(usual)
            }
            rekeyAfterTime = value(settings.rekeyAfterTime, 120)
            rekeyTimeout = value(settings.rekeyTimeout, 5)
            rejectAfterTime = value(settings.rejectAfterTime, 180)
            keepaliveTimeout = value(settings.keepaliveTimeout, 10)
            maxHandshakeAttempts = value(settings.maxHandshakeAttempts, 18)
        }
    }

    /// Datagrams of random bytes before each initiation.
    public let junkCount: UInt16
    /// Their lengths, bytes: below `upper` unless that is `lower`.
    public let junkSize: AWGRange<UInt16>
    /// Random bytes in front of each message.
    public let prefixes: PerMessage<UInt16>
    /// What stands in the place of WireGuard's types.
    public let types: PerMessage<AWGRange<UInt32>>
    /// Datagrams before each initiation and its junk; none is empty.
    public let signatures: [AWGTemplate?]
    /// What hides the headers.
    public let headerProtectionKey: HeaderProtectionKey?
    /// Zeros behind an inner packet; nil: up to a multiple of 16.
    public let contentPadding: AWGRange<UInt16>?
    /// Whether random bytes stand behind handshake messages.
    public let randomTrailers: Bool
    /// Whether no cookie reply is sent.
    public let disableCookies: Bool
    /// When what is due.
    public let timers: Timers

    /// No disguise.
    public static let plain = AWGParameters(unchecked: AWGSettings())

    /// Checks settings as a whole; what they do not have is default. Throws the first fault.
    public init(_ settings: AWGSettings) throws(AWGFault) {
        self.init(unchecked: settings)
        try checkRanges(settings)
        try checkJunk()
        try checkPrefixes()
        try checkTypes()
        try checkTimers()
    }

    private init(unchecked settings: AWGSettings) {
        junkCount = settings.junkCount ?? 0
        junkSize = AWGRange(settings.junkMinimum ?? 0, settings.junkMaximum ?? 0)
        prefixes = settings.prefixes.map { $0 ?? 0 }
        types = PerMessage(
            initiation: settings.types.initiation ?? AWGRange(1), response: settings.types.response ?? AWGRange(2),
            cookieReply: settings.types.cookieReply ?? AWGRange(3), data: settings.types.data ?? AWGRange(4))
        signatures = settings.signatures.map { $0.flatMap { $0.isEmpty ? nil : $0 } }
        headerProtectionKey = settings.headerProtectionKey.flatMap { $0 }
        contentPadding = settings.contentPadding.flatMap { $0 == AWGRange(0) ? nil : $0 }
        randomTrailers = settings.randomTrailers ?? false
        disableCookies = settings.disableCookies ?? false
        timers = Timers(settings)
    }

    /// These, changed by some lines and checked as a whole.
    public func changed(by lines: AWGSettings) throws(AWGFault) -> AWGParameters {
        try AWGParameters(settings.changed(by: lines))
    }

    /// The lines that say so, without any that is default: some versions refuse those.
    public var settings: AWGSettings {
        let (every, usual) = (everyLine, Self.plain.everyLine)
        var lines = AWGSettings()
        for name in AWGName.allCases where !every.isSame(name, as: usual) { lines.take(name, of: every) }
        return lines
    }

    /// The same with the defaults in all other lines, so that nothing is left of what was before.
    public var everyLine: AWGSettings {
        var lines = AWGSettings()
        (lines.junkCount, lines.junkMinimum, lines.junkMaximum) = (junkCount, junkSize.lower, junkSize.upper)
        lines.prefixes = prefixes.map { $0 }
        lines.types = types.map { $0 }
        lines.signatures = signatures.map { $0 ?? AWGTemplate() }
        lines.headerProtectionKey = .some(headerProtectionKey)
        lines.contentPadding = contentPadding ?? 0
        (lines.randomTrailers, lines.disableCookies) = (randomTrailers, disableCookies)
        (lines.rekeyAfterTime, lines.rekeyTimeout) = (timers.rekeyAfterTime, timers.rekeyTimeout)
        (lines.rejectAfterTime, lines.keepaliveTimeout) = (timers.rejectAfterTime, timers.keepaliveTimeout)
        lines.maxHandshakeAttempts = timers.maxHandshakeAttempts
        return lines
    }

    /// Whether every message is WireGuard's own, and nothing else is sent.
    public var isPlain: Bool { self == .plain }

    // MARK: Beside others on one port

    /// Whether a plain initiation is one of this dialect too: whoever sends it is answered in this dialect.
    public var claimsPlainInitiations: Bool {
        prefixes.initiation == 0 && headerProtectionKey == nil && types.initiation.contains(1)
    }

    /// Whether plain peers cannot be served on the same port: their initiations would be answered in another form.
    public var excludesPlain: Bool {
        guard claimsPlainInitiations else { return false }
        let plain = AWGParameters.plain
        return prefixes != plain.prefixes || types.response != plain.types.response
            || types.cookieReply != plain.types.cookieReply || types.data != plain.types.data
    }

    /// Whether an initiation may be one of both dialects, so that nobody could say which one to answer in.
    public func isConfused(with other: AWGParameters) -> Bool {
        prefixes.initiation == other.prefixes.initiation && headerProtectionKey == other.headerProtectionKey
            && types.initiation.intersection(other.types.initiation) != nil
    }
}
