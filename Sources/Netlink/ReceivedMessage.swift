public import CMnl

/// The number of a netlink attribute, whichever way the kernel's header declares it.
public protocol AttributeNumber {
    /// It, without flags.
    var attributeNumber: UInt16 { get }
}

extension Int: AttributeNumber {
    /// Itself.
    @inlinable public var attributeNumber: UInt16 { UInt16(self) }
}

extension AttributeNumber where Self: RawRepresentable, RawValue == UInt32 {
    /// The header's.
    @inlinable public var attributeNumber: UInt16 { UInt16(rawValue) }
}

/// A message as it was received.
@frozen public struct ReceivedMessage {
    /// What it is of.
    public let header: nlmsghdr
    /// The family's own header, and attributes.
    public let payload: UnsafeRawBufferPointer

    @inlinable init(header: nlmsghdr, payload: UnsafeRawBufferPointer) {
        self.header = header
        self.payload = payload
    }
}

/// The messages of one datagram.
@frozen public struct ReceivedMessages: Sequence, IteratorProtocol {
    @usableFromInline var rest: UnsafeRawBufferPointer

    /// What was received at once.
    @inlinable public init(_ datagram: UnsafeRawBufferPointer) { rest = datagram }

    /// The next one that is whole.
    @inlinable public mutating func next() -> ReceivedMessage? {
        guard let header = rest.header(nlmsghdr.self), header.nlmsg_len >= 16, Int(header.nlmsg_len) <= rest.count
        else { return nil }
        let length = Int(header.nlmsg_len)
        let message = ReceivedMessage(header: header, payload: UnsafeRawBufferPointer(rebasing: rest[16..<length]))
        rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(aligned(length), rest.count)...])
        return message
    }
}

/// One attribute of a message that was received; valid as long as the memory it lies in.
@frozen public struct Attribute {
    /// Its number, without the flags.
    public let type: UInt16
    /// What it holds.
    public let payload: UnsafeRawBufferPointer

    @inlinable init(type: UInt16, payload: UnsafeRawBufferPointer) {
        self.type = type
        self.payload = payload
    }

    /// The attributes that it holds.
    @inlinable public var nested: Attributes { Attributes(payload) }
    /// A number in host order.
    @inlinable public var u8: UInt8 { payload.first ?? 0 }
    /// The same.
    @inlinable public var u16: UInt16 { number() }
    /// The same.
    @inlinable public var u32: UInt32 { number() }
    /// The same.
    @inlinable public var u64: UInt64 { number() }
    /// A number in network order.
    @inlinable public var big16: UInt16 { number(as: UInt16.self).bigEndian }
    /// The same.
    @inlinable public var big32: UInt32 { number(as: UInt32.self).bigEndian }
    /// A number in network order.
    @inlinable public var big64: UInt64 { number(as: UInt64.self).bigEndian }
    /// Without the zero byte at its end.
    @inlinable public var string: String { String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self) }
    /// What it holds, copied.
    @inlinable public var bytes: [UInt8] { Array(payload) }

    /// Zero if the kernel sent fewer bytes than the number has.
    @inlinable func number<Number: FixedWidthInteger & BitwiseCopyable>(as _: Number.Type = Number.self) -> Number {
        payload.count >= MemoryLayout<Number>.size ? payload.loadUnaligned(as: Number.self) : 0
    }
}

/// The attributes in a piece of a received message. Stops at the first that does not fit.
@frozen public struct Attributes: Sequence, IteratorProtocol {
    @usableFromInline var rest: UnsafeRawBufferPointer

    /// The attributes that `bytes` consist of.
    @inlinable public init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The attributes behind the family's own header.
    @inlinable public init<Header: BitwiseCopyable>(_ payload: UnsafeRawBufferPointer, after _: Header.Type) {
        let size = aligned(MemoryLayout<Header>.size)
        rest = payload.count > size ? UnsafeRawBufferPointer(rebasing: payload[size...]) : .init(start: nil, count: 0)
    }

    /// The next one that is whole.
    @inlinable public mutating func next() -> Attribute? {
        guard rest.count >= 4 else { return nil }
        let length = Int(rest.loadUnaligned(as: UInt16.self))
        guard length >= 4, length <= rest.count else { return nil }
        let type = rest.loadUnaligned(fromByteOffset: 2, as: UInt16.self) & 0x3fff  // NLA_TYPE_MASK
        let attribute = Attribute(type: type, payload: UnsafeRawBufferPointer(rebasing: rest[4..<length]))
        rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(aligned(length), rest.count)...])
        return attribute
    }

    /// The first attribute of a number.
    @inlinable public func first(_ type: some AttributeNumber) -> Attribute? {
        let wanted = type.attributeNumber
        return first { $0.type == wanted }
    }
}

/// Rounds up to the four bytes that netlink aligns everything to.
@inlinable public func aligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension UnsafeRawBufferPointer {
    /// The family's own header at the start of a message; nil if the message is too short.
    @inlinable public func header<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
        count >= MemoryLayout<Header>.size ? loadUnaligned(as: type) : nil
    }
}
