/// The four messages' sizes and layouts: little-endian, a type byte and three reserved zero bytes first. Whitepaper 5.4.
public enum Message {
    /// Type 1, whitepaper 5.4.2, bytes.
    @inlinable public static var initiationSize: Int { 148 }
    /// Type 2, whitepaper 5.4.3, bytes.
    @inlinable public static var responseSize: Int { 92 }
    /// Type 3, whitepaper 5.4.7, bytes.
    @inlinable public static var cookieReplySize: Int { 64 }
    /// Type 4, whitepaper 5.4.6, bytes before the ciphertext: type, receiver index, counter.
    @inlinable public static var dataHeaderSize: Int { 16 }
    /// Bytes behind the ciphertext.
    @inlinable public static var tagSize: Int { 16 }
    /// The shortest data message, a keepalive, bytes.
    @inlinable public static var keepaliveSize: Int { dataHeaderSize + tagSize }

    /// Whether a handshake message says that its sender had a cookie from us, which proves where it is: mac2 is zero without. Not
    /// checked. True of a cookie reply, which has no MACs.
    public static func claimsCookie(_ message: UnsafeRawPointer, count: Int) -> Bool {
        MessageMACs.hasMAC2(message, count: count)
    }

    /// What a datagram is by its first four bytes and its size; nil: drop in silence.
    @frozen public enum Kind: UInt8, Sendable {
        /// Type 1, 148 bytes.
        case initiation = 1
        /// Type 2, 92 bytes.
        case response = 2
        /// Type 3, 64 bytes.
        case cookieReply = 3
        /// Type 4, 32 bytes or more.
        case data = 4

        /// Bytes of a handshake message; of data, the least.
        public var handshakeSize: Int {
            switch self {
            case .initiation: initiationSize
            case .response: responseSize
            case .cookieReply: cookieReplySize
            case .data: keepaliveSize
            }
        }
    }

    /// Sorts a datagram of `count` bytes. Reads at most four of them.
    @inlinable public static func kind(_ bytes: UnsafeRawPointer, count: Int) -> Kind? {
        guard count >= keepaliveSize else { return nil }
        switch UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) {
        case 4: return .data
        case 1: return count == initiationSize ? .initiation : nil
        case 2: return count == responseSize ? .response : nil
        case 3: return count == cookieReplySize ? .cookieReply : nil
        default: return nil
        }
    }

    /// The receiver index of a data message.
    @inlinable public static func receiver(_ message: UnsafeRawPointer) -> UInt32 {
        UInt32(littleEndian: message.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// The counter of a data message.
    @inlinable public static func counter(_ message: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: message.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// Writes the 16 bytes in front of a data message's ciphertext.
    @inlinable public static func writeDataHeader(
        _ message: UnsafeMutableRawPointer, type: UInt32 = 4, receiver: UInt32, counter: UInt64
    ) {
        message.storeBytes(of: type.littleEndian, as: UInt32.self)
        message.storeBytes(of: receiver.littleEndian, toByteOffset: 4, as: UInt32.self)
        message.storeBytes(of: counter.littleEndian, toByteOffset: 8, as: UInt64.self)
    }
}
