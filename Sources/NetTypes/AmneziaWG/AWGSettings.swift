/// Parameters of AmneziaWG as they are written, each by itself: nil where there is no line. `AWGParameters` checks them as a whole.
public struct AWGSettings: Hashable, Sendable {
    /// `Jc`: datagrams of random bytes before each initiation.
    public var junkCount: UInt16?
    /// `Jmin`: their length, bytes, at least.
    public var junkMinimum: UInt16?
    /// `Jmax`: below that, if it is more than `Jmin`.
    public var junkMaximum: UInt16?
    /// `S1`…`S4`: random bytes in front of each message.
    public var prefixes = PerMessage<UInt16?>(all: nil)
    /// `H1`…`H4`: what stands in the place of WireGuard's types 1…4.
    public var types = PerMessage<AWGRange<UInt32>?>(all: nil)
    /// `I1`…`I5`: datagrams before each initiation, and before the junk. An empty one is none.
    public var signatures = [AWGTemplate?](repeating: nil, count: AWGName.signatures.count)
    /// `HeaderProtectionKey`; the inner nil, all zeros: off.
    public var headerProtectionKey: HeaderProtectionKey??
    /// `ContentPaddingAddition`: zeros behind the inner packet, in place of rounding up to 16; 0: off.
    public var contentPadding: AWGRange<UInt16>?
    /// `RandomTrailers`: random bytes behind handshake messages.
    public var randomTrailers: Bool?
    /// `DisableCookies`: no cookie replies, whatever the load.
    public var disableCookies: Bool?
    /// `RekeyAfterTime`, seconds; this and the following: 0 is WireGuard's.
    public var rekeyAfterTime: AWGRange<UInt16>?
    /// `RekeyTimeout`, seconds.
    public var rekeyTimeout: AWGRange<UInt16>?
    /// `RejectAfterTime`, seconds.
    public var rejectAfterTime: AWGRange<UInt16>?
    /// `KeepaliveTimeout`, seconds.
    public var keepaliveTimeout: AWGRange<UInt16>?
    /// `MaxHandshakeAttempts`: retries.
    public var maxHandshakeAttempts: AWGRange<UInt16>?

    /// No line.
    public init() {}

    /// All but the key, which is secret.
    public func hash(into hasher: inout Hasher) {
        for name in AWGName.allCases where name != .headerProtectionKey { hasher.combine(exposedText(of: name)) }
    }

    /// No line.
    public var isEmpty: Bool { self == AWGSettings() }

    /// These, with those of `other` in their place that it has.
    public func changed(by other: AWGSettings) -> AWGSettings {
        var result = self
        func take<Value>(_ field: WritableKeyPath<AWGSettings, Value?>) {
            if let value = other[keyPath: field] { result[keyPath: field] = value }
        }
        take(\.junkCount)
        take(\.junkMinimum)
        take(\.junkMaximum)
        for prefix in Self.prefixFields { take(prefix) }
        for type in Self.typeFields { take(type) }
        for number in signatures.indices { take(\.signatures[number]) }
        take(\.headerProtectionKey)
        take(\.contentPadding)
        take(\.randomTrailers)
        take(\.disableCookies)
        for timer in Self.timerFields { take(timer.field) }
        return result
    }

    /// `S1`…`S4`.
    static var prefixFields: [WritableKeyPath<Self, UInt16?>] {
        [\.prefixes.initiation, \.prefixes.response, \.prefixes.cookieReply, \.prefixes.data]
    }
    /// `H1`…`H4`.
    static var typeFields: [WritableKeyPath<Self, AWGRange<UInt32>?>] {
        [\.types.initiation, \.types.response, \.types.cookieReply, \.types.data]
    }
    /// The five timers.
    static var timerFields: [(name: AWGName, field: WritableKeyPath<Self, AWGRange<UInt16>?>)] {
        [
            (.rekeyAfterTime, \.rekeyAfterTime), (.rekeyTimeout, \.rekeyTimeout), (.rejectAfterTime, \.rejectAfterTime),
            (.keepaliveTimeout, \.keepaliveTimeout), (.maxHandshakeAttempts, \.maxHandshakeAttempts),
        ]
    }
}

// The text of files.

extension AWGSettings {
    /// Takes a line of a file. Throws where the value is not of its form.
    public mutating func set(_ name: AWGName, _ text: String) throws(AWGFault) {
        switch name {
        case .jc: junkCount = try Self.number(name, text)
        case .jmin: junkMinimum = try Self.number(name, text)
        case .jmax: junkMaximum = try Self.number(name, text)
        case .s1, .s2, .s3, .s4: self[keyPath: field(name, Self.prefixFields, .s1)] = try Self.number(name, text)
        case .h1, .h2, .h3, .h4: self[keyPath: field(name, Self.typeFields, .h1)] = try Self.range(name, text)
        case .i1, .i2, .i3, .i4, .i5: signatures[Self.place(of: name, from: .i1)] = try Self.template(name, text)
        case .headerProtectionKey: headerProtectionKey = .some(try Self.key(text))
        case .contentPaddingAddition: contentPadding = try Self.range(name, text)
        case .randomTrailers: randomTrailers = try Self.isOn(name, text)
        case .disableCookies: disableCookies = try Self.isOn(name, text)
        case .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime, .keepaliveTimeout, .maxHandshakeAttempts:
            self[keyPath: Self.timerFields.first { $0.name == name }!.field] = try Self.range(name, text)
        }
    }

    /// A line's value as it stands in a file, the key in base64; nil where there is no line. For files of those whom it is for, and
    /// for nothing else: see `AWGName.isSecret`.
    public func exposedText(of name: AWGName) -> String? {
        switch name {
        case .jc: junkCount.map { "\($0)" }
        case .jmin: junkMinimum.map { "\($0)" }
        case .jmax: junkMaximum.map { "\($0)" }
        case .s1, .s2, .s3, .s4: self[keyPath: field(name, Self.prefixFields, .s1)].map { "\($0)" }
        case .h1, .h2, .h3, .h4: self[keyPath: field(name, Self.typeFields, .h1)]?.exposedText()
        case .i1, .i2, .i3, .i4, .i5: signatures[Self.place(of: name, from: .i1)]?.description
        case .headerProtectionKey: headerProtectionKey.map { $0?.exposedBase64 ?? HeaderProtectionKey.noneBase64 }
        case .contentPaddingAddition: contentPadding?.exposedText()
        case .randomTrailers: randomTrailers.map { $0 ? "on" : "off" }
        case .disableCookies: disableCookies.map { $0 ? "on" : "off" }
        case .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime, .keepaliveTimeout, .maxHandshakeAttempts:
            self[keyPath: Self.timerFields.first { $0.name == name }!.field]?.exposedText()
        }
    }

    private static func place(of name: AWGName, from first: AWGName) -> Int {
        AWGName.allCases.firstIndex(of: name)! - AWGName.allCases.firstIndex(of: first)!
    }

    private func field<Field>(_ name: AWGName, _ fields: [Field], _ first: AWGName) -> Field {
        fields[Self.place(of: name, from: first)]
    }

    private static func number(_ name: AWGName, _ text: String) throws(AWGFault) -> UInt16 {
        guard let number = text.withBytes({ UInt16(digits: $0) }) else { throw .notANumber(name) }
        return number
    }

    private static func range<Bound>(_ name: AWGName, _ text: String) throws(AWGFault) -> AWGRange<Bound> {
        guard let range = text.withBytes({ AWGRange<Bound>(utf8: $0) }) else {
            throw .notARange(name, most: UInt64(Bound.max))
        }
        return range
    }

    private static func template(_ name: AWGName, _ text: String) throws(AWGFault) -> AWGTemplate {
        do throws(AWGTemplate.Fault) { return try AWGTemplate(parsing: text) } catch { throw .template(name, error) }
    }

    private static func key(_ text: String) throws(AWGFault) -> HeaderProtectionKey? {
        if text == HeaderProtectionKey.noneBase64 { return nil }
        do throws(ParseError) { return try HeaderProtectionKey(parsing: text) } catch { throw .notAKey }
    }

    private static func isOn(_ name: AWGName, _ text: String) throws(AWGFault) -> Bool {
        switch text.lowercased() {
        case "on", "1", "true": return true
        case "off", "0", "false": return false
        default: throw .notASwitch(name)
        }
    }
}
