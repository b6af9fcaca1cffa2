internal import CMnl
import Glibc

/// A netlink socket that is told of what changes, in the network namespace of the thread that makes it.
///
/// A class: a value that cannot be copied would have to show its parts to whoever holds it.
public final class Subscription: Sendable {
    /// Readable when something came.
    public let descriptor: Int32

    /// Listens to groups of a bus (`NETLINK_ROUTE`, `NETLINK_NETFILTER`) from now on, `RTNLGRP_*` and the like. Throws errno.
    ///
    /// `room`: bytes of what nobody has read yet, where the process may have so many (CAP_NET_ADMIN); nil is as many as every socket has,
    /// mostly 200 KB.
    public init(_ bus: Int32, groups: [Int32], room: Int32? = nil) throws(NetlinkRefusal) {
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_NETLINK, kind, bus)
        guard descriptor >= 0 else { throw NetlinkRefusal(code: errno) }
        if var room { _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, 4) }
        // The kernel itself is number 0, and tells itself nothing.
        var own = sockaddr_nl()
        own.nl_family = sa_family_t(AF_NETLINK)
        var isListening = withUnsafePointer(to: own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
            }
        }
        for var group in groups where isListening {
            isListening = setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, 4) == 0
        }
        // The descriptor is closed with the value, also with one that is thrown away here.
        if !isListening { throw NetlinkRefusal(code: errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads all that there is, without waiting. Returns whether some of it is lost, since it came faster than it was read.
    public func read(_ body: (ReceivedMessage) -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { readUnasked(descriptor, into: $0, body) }
    }
}

/// Reads all that came to a netlink socket unasked, datagram after datagram into `buffer`, without waiting. Returns whether some of it is
/// lost, since it came faster than it was read.
public func readUnasked(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ body: (ReceivedMessage) -> Void
) -> Bool {
    var isLost = false
    while true {
        let count = recv(descriptor, buffer.baseAddress!, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 && errno == EINTR { continue }
        if count < 0 && errno == ENOBUFS {
            isLost = true
            continue
        }
        guard count > 0 else { return isLost }
        for message in ReceivedMessages(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { body(message) }
    }
}

/// The kernel lets nobody listen.
public struct NetlinkRefusal: Error {
    /// errno.
    public let code: Int32
}
