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
        for name in AWGName.allCases where other.has(name) { result.take(name, of: other) }
        return result
    }

    /// Whether there is a line of this name.
    func has(_ name: AWGName) -> Bool { !isSame(name, as: AWGSettings()) }

    /// Whether the lines of this name say the same.
    func isSame(_ name: AWGName, as other: AWGSettings) -> Bool {
        switch name.field {
        case .number(let field): self[keyPath: field] == other[keyPath: field]
        case .type(let field): self[keyPath: field] == other[keyPath: field]
        case .range(let field): self[keyPath: field] == other[keyPath: field]
        case .template(let field): self[keyPath: field] == other[keyPath: field]
        case .isOn(let field): self[keyPath: field] == other[keyPath: field]
        case .key: headerProtectionKey == other.headerProtectionKey
        }
    }

    /// Has the line of this name as `other` has it, or none.
    mutating func take(_ name: AWGName, of other: AWGSettings) {
        switch name.field {
        case .number(let field): self[keyPath: field] = other[keyPath: field]
        case .type(let field): self[keyPath: field] = other[keyPath: field]
        case .range(let field): self[keyPath: field] = other[keyPath: field]
        case .template(let field): self[keyPath: field] = other[keyPath: field]
        case .isOn(let field): self[keyPath: field] = other[keyPath: field]
        case .key: headerProtectionKey = other.headerProtectionKey
        }
    }
}

extension AWGName {
    /// Where the value of a line is, and so of which form.
    enum Field {
        case number(WritableKeyPath<AWGSettings, UInt16?>)
        case type(WritableKeyPath<AWGSettings, AWGRange<UInt32>?>)
        case range(WritableKeyPath<AWGSettings, AWGRange<UInt16>?>)
        case template(WritableKeyPath<AWGSettings, AWGTemplate?>)
        case isOn(WritableKeyPath<AWGSettings, Bool?>)
        case key
    }

    var field: Field {
        switch self {
        case .jc: .number(\.junkCount)
        case .jmin: .number(\.junkMinimum)
        case .jmax: .number(\.junkMaximum)
        case .s1: .number(\.prefixes.initiation)
        case .s2: .number(\.prefixes.response)
        case .s3: .number(\.prefixes.cookieReply)
        case .s4: .number(\.prefixes.data)
        case .h1: .type(\.types.initiation)
        case .h2: .type(\.types.response)
        case .h3: .type(\.types.cookieReply)
        case .h4: .type(\.types.data)
        case .i1: .template(\.signatures[0])
        case .i2: .template(\.signatures[1])
        case .i3: .template(\.signatures[2])
        case .i4: .template(\.signatures[3])
        case .i5: .template(\.signatures[4])
        case .headerProtectionKey: .key
        case .contentPaddingAddition: .range(\.contentPadding)
        case .rekeyAfterTime: .range(\.rekeyAfterTime)
        case .rekeyTimeout: .range(\.rekeyTimeout)
        case .rejectAfterTime: .range(\.rejectAfterTime)
        case .keepaliveTimeout: .range(\.keepaliveTimeout)
        case .maxHandshakeAttempts: .range(\.maxHandshakeAttempts)
        case .randomTrailers: .isOn(\.randomTrailers)
        case .disableCookies: .isOn(\.disableCookies)
        }
    }
}

// The text of files.

extension AWGSettings {
    /// Takes a line of a file. Throws where the value is not of its form.
    public mutating func set(_ name: AWGName, _ text: String) throws(AWGFault) {
        switch name.field {
        case .number(let field): self[keyPath: field] = try Self.number(name, text)
        case .type(let field): self[keyPath: field] = try Self.range(name, text)
        case .range(let field): self[keyPath: field] = try Self.range(name, text)
        case .template(let field): self[keyPath: field] = try Self.template(name, text)
        case .isOn(let field): self[keyPath: field] = try Self.isOn(name, text)
        case .key: headerProtectionKey = .some(try Self.key(text))
        }
    }

    /// A line's value as it stands in a file, the key in base64; nil where there is no line. For files of those whom it is for, and
    /// for nothing else: see `AWGName.isSecret`.
    public func exposedText(of name: AWGName) -> String? {
        switch name.field {
        case .number(let field): self[keyPath: field].map { "\($0)" }
        case .type(let field): self[keyPath: field]?.exposedText()
        case .range(let field): self[keyPath: field]?.exposedText()
        case .template(let field): self[keyPath: field]?.description
        case .isOn(let field): self[keyPath: field].map { $0 ? "on" : "off" }
        case .key: headerProtectionKey.map { $0?.exposedBase64 ?? HeaderProtectionKey.noneBase64 }
        }
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
