public import Glibc

/// Sockets that bear a path.
public enum UnixSocket {
    /// What goes through one.
    public enum Kind { case stream, datagrams }

    /// A socket that does not block; negative with `errno` set where there is none to be had.
    public static func open(_ kind: Kind = .stream) -> Int32 {
        let kind = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        return socket(AF_UNIX, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }

    /// Calls bind(2), connect(2) or sendto(2) with the address of a path, or of a name that no file has, `@NAME`. What that returns;
    /// -1 with `ENAMETOOLONG` for more than 107 bytes.
    public static func with(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        var length = MemoryLayout<sockaddr_un>.size
        if path.hasPrefix("@") {
            address.sun_path.0 = 0
            length = MemoryLayout<sa_family_t>.size + path.utf8.count
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(length)) }
        }
    }

    /// Whether a process listens at a path. One that hangs, with as many waiting as there is room for, does.
    public static func isListenedAt(_ path: String) -> Bool {
        let descriptor = open()
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return with(path) { connect(descriptor, $0, $1) } == 0 || errno == EAGAIN
    }
}
