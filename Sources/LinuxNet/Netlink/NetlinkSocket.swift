internal import CLinux
import CMnl
internal import BoxModel
import Glibc
import Netlink

/// A netlink socket, open as long as the value lives. It belongs to the network namespace of the thread that opened it.
struct NetlinkSocket: ~Copyable {
    private let socket: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private var sequence: UInt32 = 0

    /// Opens a socket to `bus`: `NETLINK_ROUTE`, `NETLINK_GENERIC`, `NETLINK_NETFILTER`.
    init(_ bus: Int32) throws(BoxError) {
        guard let socket = mnl_socket_open2(bus, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw BoxError.system(.init(.open, .netlinkSocket))
        }
        guard mnl_socket_bind(socket, 0, 0) == 0 else {
            let error = BoxError.system(.init(.bind, .netlinkSocket))
            mnl_socket_close(socket)
            throw error
        }
        self.init(socket)
    }

    /// Another descriptor of a socket that is bound, and that nobody else reads meanwhile. What was said to others is dropped.
    init(sharing descriptor: Int32) throws(BoxError) {
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { throw BoxError.system(.init(.use, .netlinkSocket)) }
        guard let socket = mnl_socket_fdopen(own) else {
            let error = BoxError.system(.init(.use, .netlinkSocket))
            close(own)
            throw error
        }
        self.init(socket)
        while recv(own, buffer.baseAddress!, buffer.count, Int32(MSG_DONTWAIT)) > 0 || errno == ENOBUFS {}
    }

    /// The number by which the kernel knows it.
    var port: UInt32 { mnl_socket_get_portid(socket) }

    private init(_ socket: OpaquePointer) {
        self.socket = socket
        // The kernel fills at most 32 KB per datagram of a dump; acknowledgements of a batch come one per datagram.
        buffer = .allocate(byteCount: 65536, alignment: 16)
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
            var on: Int32 = 1
            // Older kernels lack some; they only make answers plainer and dumps shorter.
            _ = mnl_socket_setsockopt(socket, Int32(option), &on, 4)
        }
        force(SO_RCVBUFFORCE, SO_RCVBUF, bytes: 1 << 20)
        // The kernel answers before `send` returns. Should an answer be lost, it is not waited for without end.
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        explicit_bzero(buffer.baseAddress!, buffer.count)
        buffer.deallocate()
        mnl_socket_close(socket)
    }

    /// A second descriptor of it, which keeps the kernel's side of it open. -1 if there is none to be had.
    func duplicate() -> Int32 { fcntl(mnl_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0) }

    /// Sends one request and waits for its acknowledgement. Throws what the kernel says of it.
    mutating func request(_ message: inout MessageBuffer, _ operation: BoxError.Operation) throws(BoxError) {
        try send(&message, adding: UInt16(NLM_F_REQUEST | NLM_F_ACK), operation)
        try receive(operation) { _, _ in }
    }

    /// Sends one request for one object; returns nil if the kernel answers `absent`, an errno.
    mutating func get<Value>(
        _ message: inout MessageBuffer, _ operation: BoxError.Operation, absent: Int32...,
        body: (UnsafeRawBufferPointer) -> Value?
    ) throws(BoxError) -> Value? {
        try send(&message, adding: UInt16(NLM_F_REQUEST | NLM_F_ACK), operation)
        var value: Value?
        do throws(BoxError) {
            try receive(operation) { _, payload in value = body(payload) ?? value }
        } catch {
            if absent.contains(error.code) { return nil }
            throw error
        }
        return value
    }

    /// Sends one request for a list, and asks again if the list changed under way.
    mutating func dump<Value>(
        _ message: inout MessageBuffer, _ operation: BoxError.Operation, into empty: @autoclosure () -> Value,
        body: (inout Value, UnsafeRawBufferPointer) -> Void
    ) throws(BoxError) -> Value {
        for _ in 0..<32 {
            try send(&message, adding: UInt16(NLM_F_REQUEST | NLM_F_DUMP), operation)
            var value = empty()
            var interrupted = false
            try receive(operation) { header, payload in
                interrupted = interrupted || header.nlmsg_flags & UInt16(NLM_F_DUMP_INTR) != 0
                body(&value, payload)
            }
            if !interrupted { return value }
        }
        throw BoxError(operation, .restless(isList: true))
    }

    /// As `dump`, of what belongs to one interface: where that has gone since it was looked up, nothing does.
    mutating func dumpOfInterface<Value>(
        _ message: inout MessageBuffer, _ operation: BoxError.Operation, into empty: @autoclosure () -> Value,
        body: (inout Value, UnsafeRawBufferPointer) -> Void
    ) throws(BoxError) -> Value {
        do throws(BoxError) { return try dump(&message, operation, into: empty(), body: body) } catch {
            guard error.code == ENODEV else { throw error }
            return empty()
        }
    }

    /// Sends messages to netfilter in one datagram. Throws the first error the kernel reports that is not `tolerated`, with
    /// the number of the message it means, counted from 0: the messages' sequence numbers.
    mutating func batch(
        _ messages: borrowing MessageBuffer, _ operation: BoxError.Operation, tolerating tolerated: Int32? = nil
    ) throws(NetlinkBatchError) {
        force(SO_SNDBUFFORCE, SO_SNDBUF, bytes: messages.count + 65536)
        let sent = messages.bytes.withMemoryRebound(to: UInt8.self) {
            mnl_socket_sendto(socket, $0.baseAddress, $0.count)
        }
        guard sent == messages.count else {
            throw NetlinkBatchError(message: nil, error: BoxError.system(operation))
        }
        // The kernel has done or refused everything when `send` returns: whatever it has to say already waits here.
        var first: NetlinkBatchError?
        _ = readUnasked { message in
            guard first == nil, message.header.nlmsg_type == UInt16(NLMSG_ERROR),
                let error = BoxError.acknowledgement(message, operation), error.code != tolerated
            else { return }
            first = NetlinkBatchError(message: Int(message.header.nlmsg_seq), error: error)
        }
        if let first { throw first }
    }

    /// Readable when something came.
    var descriptor: Int32 { mnl_socket_get_fd(socket) }

    /// Reads what came unasked, without waiting; whether some of it is lost, because it came faster than it was read.
    mutating func readUnasked(_ body: (ReceivedMessage) -> Void) -> Bool {
        Netlink.readUnasked(descriptor, into: buffer, body)
    }

    private mutating func send(
        _ message: inout MessageBuffer, adding flags: UInt16, _ operation: BoxError.Operation
    ) throws(BoxError) {
        sequence &+= 1
        message.setSequence(sequence)
        message.addFlags(flags)
        if message.count > 200_000 { force(SO_SNDBUFFORCE, SO_SNDBUF, bytes: message.count + 65536) }
        guard mnl_socket_sendto(socket, message.bytes.baseAddress, message.count) == message.count else {
            throw BoxError.system(operation)
        }
    }

    /// Until the acknowledgement or the end of the list.
    private func receive(
        _ operation: BoxError.Operation, body: (nlmsghdr, UnsafeRawBufferPointer) -> Void
    ) throws(BoxError) {
        while true {
            let count = mnl_socket_recvfrom(socket, buffer.baseAddress!, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                if errno == EAGAIN { throw BoxError(operation, .silentKernel) }
                throw BoxError.system(operation)
            }
            for message in ReceivedMessages(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            where message.header.nlmsg_seq == sequence {
                switch Int32(message.header.nlmsg_type) {
                case NLMSG_ERROR, NLMSG_DONE:
                    if let error = BoxError.acknowledgement(message, operation) { throw error }
                    return
                case NLMSG_NOOP: continue
                default: body(message.header, message.payload)
                }
            }
        }
    }

    /// The plain option stops at the system's limit, the forced one needs CAP_NET_ADMIN.
    private func force(_ forced: Int32, _ plain: Int32, bytes: Int) {
        var size = Int32(clamping: bytes)
        let fd = mnl_socket_get_fd(socket)
        if setsockopt(fd, SOL_SOCKET, forced, &size, 4) != 0 { _ = setsockopt(fd, SOL_SOCKET, plain, &size, 4) }
    }
}

/// What the kernel said of a batch, and which of its messages it meant.
struct NetlinkBatchError: Error {
    /// Counted from 0; nil if the batch could not be sent.
    let message: Int?
    let error: BoxError
}
