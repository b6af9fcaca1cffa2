// The values of lines, each with both directions.

import NetTypes

/// What may stand behind a key.
protocol LineValue {
    /// What it looks like, for whoever wrote something else.
    static var form: UAPIError.ValueForm { get }
    /// Reads it; throws `.value` for anything that is not of its form.
    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind)
    /// Adds it to a line.
    func write(to text: inout SecretBuffer, _ context: LineContext)
}

/// How interfaces' numbers and names become each other: this room asks nobody.
public struct InterfaceNames: Sendable {
    /// An interface's number, by its name; nil where there is none.
    public let index: @Sendable (String) -> UInt32?
    /// An interface's name, by its number; nil where there is none.
    public let name: @Sendable (UInt32) -> String?

    /// Says how.
    public init(index: @escaping @Sendable (String) -> UInt32?, name: @escaping @Sendable (UInt32) -> String?) {
        self.index = index
        self.name = name
    }
}

/// What a value's meaning depends on beside its text.
///
/// A class, so that each of 100,000 lines shares it for one reference and not for one of each closure.
final class LineContext: Sendable {
    let isRequest: Bool
    let names: InterfaceNames

    init(_ isRequest: Bool, _ names: InterfaceNames) {
        self.isRequest = isRequest
        self.names = names
    }
}

extension LineValue where Self: FixedWidthInteger {
    static var form: UAPIError.ValueForm { .number(0...UInt64(Self.max)) }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        guard let number = Self(digits: text) else { throw .value }
        self = number
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) { text.append(decimal: UInt64(self)) }
}

extension UInt8: LineValue {}
extension UInt16: LineValue {}
extension UInt32: LineValue {}
extension UInt64: LineValue {}
extension Int64: LineValue {}

extension PublicKey: LineValue {
    static var form: UAPIError.ValueForm { .key }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        let key = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
            Hex.decode(text, into: bytes) ? PublicKey(loading: UnsafeRawBufferPointer(bytes)) : nil
        }
        guard let key else { throw .value }
        self = key
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) { withBytes { text.append(hex: $0) } }
}

/// All zeros stand for none.
extension Optional: LineValue where Wrapped: SecretKey {
    static var form: UAPIError.ValueForm { .key }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        if text.count == 64 && Hex.isZero(text) {
            self = nil
            return
        }
        var isGood = false
        let key = Wrapped { isGood = Hex.decode(text, into: $0) }
        guard isGood else { throw .value }
        self = key
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) {
        guard let self else { return text.append(Hex.zeroKey.bytes) }
        self.withBytes { text.append(hex: $0) }
    }
}

extension SocketAddress: LineValue {
    static var form: UAPIError.ValueForm { .endpoint }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        var isNowhere = false
        let address = SocketAddress(utf8: text) { zone in
            let scope = UInt32(zone) ?? context.names.index(zone)
            isNowhere = scope == nil
            return scope
        }
        guard let address else { throw isNowhere ? .noInterface : .value }
        self = address
    }

    /// A link-local address has its interface's name, as getnameinfo writes it and `wg` reads it back.
    func write(to text: inout SecretBuffer, _ context: LineContext) {
        guard scope != 0, let name = context.names.name(scope) else { return text.append(description) }
        text.append("[\(address)%\(name)]:\(port)")
    }
}

extension PeerSection.AllowedIP: LineValue {
    static var form: UAPIError.ValueForm { .network }

    init(_ text: UnsafeRawBufferPointer, _ context: LineContext) throws(UAPIError.Kind) {
        let isRemoval = context.isRequest && text.first == UInt8(ascii: "-")
        let network = isRemoval ? text.dropFirst() : text[...]
        guard let slash = network.firstIndex(of: UInt8(ascii: "/")) else { throw .value }
        let digits = network[(slash + 1)...]
        guard let address = IPAddress(utf8: UnsafeRawBufferPointer(rebasing: network[..<slash])),
            let length = UInt8(digits: UnsafeRawBufferPointer(rebasing: digits)), length <= address.bitWidth,
            digits.count == 1 || digits.first != UInt8(ascii: "0")
        else { throw .value }
        self.init(IPPrefix(masking: address, length: Int(length)), isRemoval: isRemoval)
    }

    func write(to text: inout SecretBuffer, _ context: LineContext) {
        if isRemoval { text.append(UInt8(ascii: "-")) }
        text.append(prefix.address.description)
        text.append(UInt8(ascii: "/"))
        text.append(decimal: UInt64(prefix.length))
    }
}
