/// The parameters of AmneziaWG, by their names in files. Both sides need the same of those that change messages.
public enum AWGName: String, CaseIterable, Sendable {
    case jc = "Jc", jmin = "Jmin", jmax = "Jmax"
    case s1 = "S1", s2 = "S2", s3 = "S3", s4 = "S4"
    case h1 = "H1", h2 = "H2", h3 = "H3", h4 = "H4"
    case i1 = "I1", i2 = "I2", i3 = "I3", i4 = "I4", i5 = "I5"
    case headerProtectionKey = "HeaderProtectionKey"
    case contentPaddingAddition = "ContentPaddingAddition"
    case rekeyAfterTime = "RekeyAfterTime", rekeyTimeout = "RekeyTimeout", rejectAfterTime = "RejectAfterTime"
    case keepaliveTimeout = "KeepaliveTimeout", maxHandshakeAttempts = "MaxHandshakeAttempts"
    case randomTrailers = "RandomTrailers", disableCookies = "DisableCookies"

    /// The prefix's length of each message.
    public static let prefixes = PerMessage(initiation: Self.s1, response: .s2, cookieReply: .s3, data: .s4)
    /// The types of each message.
    public static let types = PerMessage(initiation: Self.h1, response: .h2, cookieReply: .h3, data: .h4)
    /// The signature packets, in the order in which they are sent.
    public static let signatures: [Self] = [.i1, .i2, .i3, .i4, .i5]
    static let timers: [Self] = [
        .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime, .keepaliveTimeout, .maxHandshakeAttempts,
    ]

    /// Whether its value is a template of a signature packet.
    public var isTemplate: Bool { Self.signatures.contains(self) }

    /// Whether its value hides the server, and is to be kept like a key.
    public var isSecret: Bool {
        self == .headerProtectionKey || Self.prefixes.all.contains(self) || Self.types.all.contains(self)
    }
}

/// A value for each of WireGuard's four messages, in the order of their types.
@frozen public struct PerMessage<Value> {
    /// Of type 1.
    public var initiation: Value
    /// Of type 2.
    public var response: Value
    /// Of type 3.
    public var cookieReply: Value
    /// Of type 4.
    public var data: Value

    /// One each.
    @inlinable public init(initiation: Value, response: Value, cookieReply: Value, data: Value) {
        self.initiation = initiation
        self.response = response
        self.cookieReply = cookieReply
        self.data = data
    }

    /// The same for all.
    public init(all value: Value) { self.init(initiation: value, response: value, cookieReply: value, data: value) }

    /// All four, in order.
    public var all: [Value] { [initiation, response, cookieReply, data] }

    /// What becomes of each.
    public func map<Result>(_ body: (Value) -> Result) -> PerMessage<Result> {
        PerMessage<Result>(
            initiation: body(initiation), response: body(response), cookieReply: body(cookieReply), data: body(data))
    }
}

extension PerMessage: Equatable where Value: Equatable {}
extension PerMessage: Sendable where Value: Sendable {}

/// `N` or `LO-HI`, both ends included: a number that is drawn anew each time. As it is written: `lower` may be above `upper`,
/// which `AWGParameters` refuses.
@frozen
public struct AWGRange<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable, Sendable,
    ExpressibleByIntegerLiteral
{
    /// The first number.
    public let lower: Bound
    /// The last number.
    public let upper: Bound

    /// From one number to another.
    @inlinable public init(_ lower: Bound, _ upper: Bound) {
        self.lower = lower
        self.upper = upper
    }

    /// One number.
    @inlinable public init(_ number: Bound) { self.init(number, number) }

    /// One number.
    public init(integerLiteral number: Bound.IntegerLiteralType) { self.init(Bound(integerLiteral: number)) }

    /// Reads `N` or `LO-HI` in decimal digits, without spaces; nil for anything else. Inlined: generic, it took a seventh of the time in
    /// which a datapath's answer about 10,000 peers is read, each of which has one.
    @inlinable public init?(utf8 text: UnsafeRawBufferPointer) {
        let dash = text.firstIndex(of: UInt8(ascii: "-")) ?? text.endIndex
        guard let lower = Bound(digits: UnsafeRawBufferPointer(rebasing: text[..<dash])) else { return nil }
        self.init(lower)
        guard dash < text.endIndex else { return }
        guard let upper = Bound(digits: UnsafeRawBufferPointer(rebasing: text[(dash + 1)...])) else { return nil }
        self.init(lower, upper)
    }

    /// Whether the number is in it.
    @inlinable public func contains(_ number: Bound) -> Bool { lower <= number && number <= upper }

    /// What both have; nil for nothing.
    public func intersection(_ other: Self) -> Self? {
        let common = Self(max(lower, other.lower), min(upper, other.upper))
        return common.lower <= common.upper ? common : nil
    }

    /// A number of it, for 64 random bits. Each is as likely as any other, but for one part in 2^32.
    @inlinable public func pick(_ random: UInt64) -> Bound {
        let width = UInt64(upper &- lower) &+ 1
        return lower &+ Bound(truncatingIfNeeded: random.multipliedFullWidth(by: width).high)
    }

    /// `N` or `LO-HI`. A function, since some are secret.
    public func exposedText() -> String { lower == upper ? "\(lower)" : "\(lower)-\(upper)" }
}
