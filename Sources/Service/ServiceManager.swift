import Glibc
internal import System

/// Whoever started the service and wants to know how it is: sd_notify(3), by its documented protocol, one datagram to the socket
/// that the environment names. Without one, nobody wants to know.
struct ServiceManager {
    /// `NOTIFY_SOCKET`.
    let path = getenv("NOTIFY_SOCKET").map { String(cString: $0) }

    /// `READY=1`, with a word on how it is.
    func ready(_ status: String) { tell("READY=1\nSTATUS=\(status)") }

    /// How it is.
    func status(_ status: String) { tell("STATUS=\(status)") }

    private func tell(_ text: String) {
        guard let path else { return }
        let descriptor = UnixSocket.open(.datagrams)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = UnixSocket.with(path) { address, length in
            Int32(sendto(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL), address, length))
        }
    }
}
