public import Glibc

/// Stream sockets that bear a path.
public enum UnixSocket {
    /// A socket that does not block; negative with `errno` set where there is none to be had.
    public static func open() -> Int32 {
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        return socket(AF_UNIX, Int32(kind), 0)
    }

    /// Calls bind(2) or connect(2) with the address of a path. What that returns; -1 with `ENAMETOOLONG` for more than 107 bytes.
    public static func with(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
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
