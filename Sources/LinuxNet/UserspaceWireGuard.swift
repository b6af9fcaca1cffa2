import CLinux
import CMnl
internal import Compiler
import Glibc

/// A userspace WireGuard (wggw's own datapath, wireguard-go and its like), over its configuration socket.
struct UserspaceWireGuard: WireGuardDevice {
    /// The interface's name.
    let interface: String
    /// Seconds that the other side may take to answer.
    static let patience = 30

    func read() throws(BoxError) -> ObservedWireGuard {
        let operation = "read \(interface)"
        let socket = try StreamSocket(path: path, operation, patience: Self.patience)
        var text = SecretBuffer(capacity: 1 << 17)
        text.append("get=1\n\n")
        try socket.send(text, operation)
        text.removeFirst(text.count)
        var reader = ConfigurationReader()
        while !reader.isComplete {
            try receive(from: socket, into: &text, operation)
            do { text.removeFirst(try reader.take(text.mutableBytes)) } catch {
                throw BoxError(
                    operation, cause: "line \(error.line) of the answer on \(path) is wrong: \(error.reason)",
                    code: EBADMSG)
            }
        }
        if let code = reader.errorNumber, code != 0 { throw .system(operation, code: abs(code)) }
        return reader.device
    }

    func set(_ change: WireGuardChange) throws(BoxError) {
        let operation = "set \(interface)"
        let socket = try StreamSocket(path: path, operation, patience: Self.patience)
        try socket.send(ConfigurationText.write(change), operation)
        var answer = SecretBuffer(capacity: 1 << 16)
        while true {
            try receive(from: socket, into: &answer, operation)
            guard let code = ConfigurationText.errorNumber(answer.bytes) else { continue }
            if code == 0 { return }
            throw .system(operation, code: abs(code))
        }
    }

    /// Whether somebody listens on the socket.
    var answers: Bool { (try? StreamSocket(path: path, "find \(interface)", patience: 1)) != nil }

    /// Where the configuration socket is.
    var path: String { "/var/run/wireguard/\(interface).sock" }

    private func receive(
        from socket: borrowing StreamSocket, into answer: inout SecretBuffer, _ operation: String
    ) throws(BoxError) {
        guard try socket.receive(into: &answer, operation) > 0 else {
            throw BoxError(operation, cause: "\(path) closed in the middle of its answer", code: EPIPE)
        }
    }
}

/// A connected Unix socket, open as long as the value lives.
struct StreamSocket: ~Copyable {
    /// Owned by this value.
    let fd: Int32

    init(path: String, _ operation: String, patience: Int) throws(BoxError) {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw .system(operation) }
        var time = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            var error = BoxError.system(operation)
            error.cause += " (\(path))"
            if error.code == ENOENT || error.code == ECONNREFUSED {
                error.remedy = "its datapath does not run; apply again to start it"
            }
            close(fd)
            throw error
        }
        self.fd = fd
    }

    deinit { close(fd) }

    /// All of it; borrowed, so that the bytes stay until they are sent.
    func send(_ buffer: borrowing SecretBuffer, _ operation: String) throws(BoxError) {
        var rest = buffer.bytes
        while !rest.isEmpty {
            let sent = Glibc.send(fd, rest.baseAddress!, rest.count, Int32(MSG_NOSIGNAL))
            if sent < 0 && errno == EINTR { continue }
            guard sent > 0 else { throw failure(operation) }
            rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
        }
    }

    /// Returns 0 at the end.
    func receive(into buffer: inout SecretBuffer, _ operation: String) throws(BoxError) -> Int {
        while true {
            let got = buffer.fill(room: 1 << 16) { recv(fd, $0.baseAddress!, $0.count, 0) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw failure(operation) }
            return got
        }
    }

    private func failure(_ operation: String) -> BoxError {
        errno == EAGAIN
            ? BoxError(operation, cause: "the datapath does not answer", code: ETIMEDOUT) : .system(operation)
    }
}
