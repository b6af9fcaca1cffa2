import CLinux
internal import BoxModel
import Glibc
internal import NetTypes
internal import System
internal import UAPI

extension SocketPaths {
    /// Whether somebody listens at the configuration socket, be it that he hangs.
    var areListenedAt: Bool { UnixSocket.isListenedAt(configuration) }

    /// Lets others find the sockets by the name that their interface has now. Nothing to do is no error: whoever was about to do
    /// it may have done it.
    func move(to name: String) throws(BoxError) {
        let new = SocketPaths(interface: name)
        for (old, new) in [
            (events, new.events), (amneziaConfiguration, new.amneziaConfiguration),
            (configuration, new.configuration),
        ]
        where rename(old, new) != 0 && errno != ENOENT { throw BoxError.system(.init(.rename, .name(old, to: new))) }
    }

    /// Clears away what a process has left that is gone.
    func remove() {
        unlink(configuration)
        unlink(amneziaConfiguration)
        unlink(events)
    }
}

/// A connected Unix socket, open as long as the value lives.
struct StreamSocket: ~Copyable {
    /// Owned by this value; it does not block.
    let fd: Int32
    /// Who listens; 0 where that cannot be told.
    let process: pid_t
    private let path: String
    private var patience: Patience

    /// Connects. Throws with `ENOENT` or `ECONNREFUSED` where nobody listens.
    init(path: String, _ operation: BoxError.Operation) throws(BoxError) {
        let fd = UnixSocket.open()
        guard fd >= 0 else { throw .system(operation) }
        var result = Self.connect(fd, path)
        // So many wait already to be let in that there is no room for one more.
        if result == EAGAIN {
            _ = Deadline(Patience.usual).wait {
                result = Self.connect(fd, path)
                return result != EAGAIN
            }
        }
        guard result == 0 else {
            close(fd)
            if result == EAGAIN { throw Self.silence(operation, path, 0) }
            throw .system(operation, code: result, about: .socket(path))
        }
        self.fd = fd
        self.path = path
        process = clinux_peer_process(fd)
        patience = Patience(with: process)
    }

    deinit { close(fd) }

    /// Sends all of it; borrowed, so that the bytes stay until they are sent.
    mutating func send(_ buffer: borrowing SecretBuffer, _ operation: BoxError.Operation) throws(BoxError) {
        var rest = buffer.bytes
        while !rest.isEmpty {
            let sent = Glibc.send(fd, rest.baseAddress!, rest.count, Int32(MSG_NOSIGNAL))
            if sent > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
            } else {
                try goOn(POLLOUT, operation)
            }
        }
    }

    /// Returns 0 at the end.
    mutating func receive(into buffer: inout SecretBuffer, _ operation: BoxError.Operation) throws(BoxError) -> Int {
        while true {
            let got = buffer.fill(room: 1 << 16) { recv(fd, $0.baseAddress!, $0.count, 0) }
            if got >= 0 { return got }
            try goOn(POLLIN, operation)
        }
    }

    /// After a call that failed: waits until it may work, or throws.
    private mutating func goOn(_ events: Int32, _ operation: BoxError.Operation) throws(BoxError) {
        if errno == EINTR { return }
        guard errno == EAGAIN else { throw .system(operation) }
        guard try patience.wait(for: fd, toBe: events, operation) else {
            throw Self.silence(operation, path, process)
        }
    }

    private static func silence(_ operation: BoxError.Operation, _ path: String, _ process: pid_t) -> BoxError {
        BoxError(operation, .silentDatapath(process: process > 0 ? process : nil, socket: path))
    }

    /// 0 or an errno.
    private static func connect(_ fd: Int32, _ path: String) -> Int32 {
        UnixSocket.with(path) { Glibc.connect(fd, $0, $1) } == 0 ? 0 : errno
    }
}
