import CMnl
import Glibc
import Netlink
internal import NetTypes

/// Netlink messages one after another, to be sent in one go. Keys pass through it.
struct MessageBuffer: ~Copyable {
    private var buffer: SecretBuffer
    /// Where the open message starts.
    private var start = 0

    /// Room for `capacity` bytes before it has to grow.
    init(capacity: Int = 4096) { buffer = SecretBuffer(capacity: capacity) }

    /// One message, which is open; what is given is as `begin` has it.
    init<Header: BitwiseCopyable>(_ type: some BinaryInteger, flags: Int32 = 0, _ header: Header) {
        self.init()
        begin(type: type, flags: flags, header: header)
    }

    var bytes: UnsafeRawBufferPointer { buffer.bytes }

    /// Bytes written so far, with the open message.
    var count: Int { buffer.count }

    var messageLength: Int { count - start }

    /// Opens a message; `header` is the family's own header (`ifinfomsg`, `nfgenmsg`…).
    mutating func begin<Header: BitwiseCopyable>(
        type: some BinaryInteger, flags: some BinaryInteger, sequence: UInt32 = 0, header: Header
    ) {
        start = count
        append(
            nlmsghdr(
                nlmsg_len: 0, nlmsg_type: UInt16(type), nlmsg_flags: UInt16(flags), nlmsg_seq: sequence, nlmsg_pid: 0))
        append(header)
        close()
    }

    mutating func setSequence(_ sequence: UInt32) {
        buffer.mutableBytes.storeBytes(of: sequence, toByteOffset: 8, as: UInt32.self)
    }

    mutating func addFlags(_ flags: UInt16) {
        let old = bytes.load(fromByteOffset: 6, as: UInt16.self)
        buffer.mutableBytes.storeBytes(of: old | flags, toByteOffset: 6, as: UInt16.self)
    }

    mutating func put(_ type: some AttributeNumber, bytes: UnsafeRawBufferPointer) {
        let at = putHeader(type, length: bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[at...]).copyMemory(from: bytes)
        close()
    }

    mutating func put(_ type: some AttributeNumber, bytes: [UInt8]) {
        bytes.withUnsafeBytes { put(type, bytes: $0) }
    }

    /// An attribute that is a number in host order.
    mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(_ type: some AttributeNumber, _ value: Number) {
        let at = putHeader(type, length: MemoryLayout<Number>.size)
        buffer.mutableBytes.storeBytes(of: value, toByteOffset: at, as: Number.self)
        close()
    }

    /// An attribute that is a number in network order, as nftables wants all its numbers.
    mutating func putBig(_ type: some AttributeNumber, _ value: some FixedWidthInteger & BitwiseCopyable) {
        put(type, value.bigEndian)
    }

    /// An attribute that is a string, with the zero byte at its end.
    mutating func put(_ type: some AttributeNumber, string: String) {
        put(type, bytes: Array(string.utf8) + [0])
    }

    /// An attribute that holds attributes.
    mutating func nest<E: Error>(
        _ type: some AttributeNumber, _ body: (inout MessageBuffer) throws(E) -> Void
    ) throws(E) {
        let at = openNest(type)
        try body(&self)
        closeNest(at)
    }

    /// Opens an attribute that holds attributes; `closeNest` takes what this returns.
    mutating func openNest(_ type: some AttributeNumber) -> Int {
        let at = putHeader(NestedAttribute(number: type.attributeNumber | UInt16(NLA_F_NESTED)), length: 0)
        close()
        return at - 4
    }

    /// Closes an attribute that holds attributes; it may be 65,535 bytes long.
    mutating func closeNest(_ at: Int) {
        precondition(count - at <= 65535)
        buffer.mutableBytes.storeBytes(of: UInt16(count - at), toByteOffset: at, as: UInt16.self)
    }

    /// Lets libnftnl write up to `room` bytes of attributes into the open message.
    mutating func extend(room: Int = 65536, _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void) {
        let length = messageLength
        buffer.fill(room: room) { free in
            let header = (free.baseAddress! - length).assumingMemoryBound(to: nlmsghdr.self)
            body(header)
            return aligned(Int(header.pointee.nlmsg_len)) - length
        }
    }

    private struct NestedAttribute: AttributeNumber {
        let number: UInt16
        var attributeNumber: UInt16 { number }
    }

    /// Returns the offset of the payload; the padding behind it is zero.
    private mutating func putHeader(_ type: some AttributeNumber, length: Int) -> Int {
        let space = aligned(4 + length)
        buffer.fill(room: space) { free in
            free.storeBytes(of: 0, toByteOffset: space - 4, as: UInt32.self)
            free.storeBytes(of: UInt16(4 + length), as: UInt16.self)
            free.storeBytes(of: type.attributeNumber, toByteOffset: 2, as: UInt16.self)
            return space
        }
        return count - space + 4
    }

    private mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        let space = aligned(MemoryLayout<Value>.size)
        buffer.fill(room: space) { free in
            memset(free.baseAddress!, 0, space)
            free.storeBytes(of: value, as: Value.self)
            return space
        }
    }

    private mutating func close() {
        buffer.mutableBytes.storeBytes(of: UInt32(count - start), toByteOffset: start, as: UInt32.self)
    }
}
