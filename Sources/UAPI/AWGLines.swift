// AmneziaWG's lines, as amneziawg-go has them.

public import NetTypes

/// The lines of an interface's AmneziaWG sets. `awg_set=2`, wggw's own, says that the lines behind it are the second one's; without, or
/// before it, they are the first one's, which is all that others know of.
public struct AWGSets: Equatable, Sendable {
    /// Sets that an interface may have.
    public static let most = 3

    /// In order; `most` of them, those without lines empty.
    public private(set) var all = [AWGSettings](repeating: AWGSettings(), count: most)
    /// Whose lines come now; nil: the first one's.
    private var number: AWGSetNumber?

    /// No line.
    public init() {}

    /// The lines of sets, no more than `most`.
    public init(_ sets: [AWGSettings]) {
        precondition(sets.count <= Self.most)
        all.replaceSubrange(sets.indices, with: sets)
    }

    /// The same lines.
    public static func == (a: Self, b: Self) -> Bool { a.all == b.all }

    /// All keys, in the order in which they are written.
    mutating func visit(_ lines: inout some SectionLines & ~Copyable) {
        guard lines.isWriting else {
            lines.value("awg_set", &number)
            return all[(number?.value ?? 1) - 1].visit(&lines)
        }
        for place in all.indices where place == 0 || !all[place].isEmpty {
            var number = place == 0 ? nil : AWGSetNumber(value: place + 1)
            lines.value("awg_set", &number)
            all[place].visit(&lines)
        }
    }
}

/// 1…`AWGSets.most`.
struct AWGSetNumber: Equatable, Sendable, LineValue {
    let value: Int

    static var form: UAPIError.ValueForm { .number(1...UInt64(AWGSets.most)) }

    init(value: Int) { self.value = value }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        guard let number = UInt8(digits: text), (1...AWGSets.most).contains(Int(number)) else { throw .value }
        value = Int(number)
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) { text.append(decimal: UInt64(value)) }
}

extension AWGSettings {
    /// All keys, in the order in which they are written.
    mutating func visit(_ lines: inout some SectionLines & ~Copyable) {
        lines.value("jc", &junkCount)
        lines.value("jmin", &junkMinimum)
        lines.value("jmax", &junkMaximum)
        lines.value("s1", &prefixes.initiation)
        lines.value("s2", &prefixes.response)
        lines.value("s3", &prefixes.cookieReply)
        lines.value("s4", &prefixes.data)
        lines.value("h1", &types.initiation)
        lines.value("h2", &types.response)
        lines.value("h3", &types.cookieReply)
        lines.value("h4", &types.data)
        lines.value("i1", &signatures[0])
        lines.value("i2", &signatures[1])
        lines.value("i3", &signatures[2])
        lines.value("i4", &signatures[3])
        lines.value("i5", &signatures[4])
        lines.value("header_protection_key", &headerProtectionKey)
        lines.value("content_padding_addition", &contentPadding)
        lines.value("random_trailers", &randomTrailers)
        lines.value("disable_cookies", &disableCookies)
        lines.value("rekey_after_time", &rekeyAfterTime)
        lines.value("rekey_timeout", &rekeyTimeout)
        lines.value("reject_after_time", &rejectAfterTime)
        lines.value("keepalive_timeout", &keepaliveTimeout)
        lines.value("max_handshake_attempts", &maxHandshakeAttempts)
    }
}

extension AWGRange: LineValue where Bound: LineValue {
    static var form: UAPIError.ValueForm { .numbers(0...UInt64(Bound.max)) }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        guard let range = Self(utf8: text) else { throw .value }
        self = range
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) {
        text.append(decimal: UInt64(lower))
        guard upper != lower else { return }
        text.append(UInt8(ascii: "-"))
        text.append(decimal: UInt64(upper))
    }
}

extension AWGTemplate: LineValue {
    static var form: UAPIError.ValueForm { .template }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        do throws(Fault) { try self.init(parsing: String(decoding: text, as: UTF8.self)) } catch { throw .value }
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) { text.append(description) }
}

extension Bool: LineValue {
    static var form: UAPIError.ValueForm { .truth }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        if text.is("1") || text.is("true") {
            self = true
        } else if text.is("0") || text.is("false") {
            self = false
        } else {
            throw .value
        }
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) { text.append(UInt8(ascii: self ? "1" : "0")) }
}
