import Glibc

/// Whoever started the service and wants to know how it is: sd_notify(3), by its documented protocol, one datagram to the socket
/// that the environment names. Without one, nobody wants to know.
struct ServiceManager {
    private let address: [UInt8]

    /// `path` is `NOTIFY_SOCKET`; a leading `@` is a name that no file has.
    init(path: String? = getenv("NOTIFY_SOCKET").map { String(cString: $0) }) {
        var address = Array((path ?? "").utf8)
        if address.first == UInt8(ascii: "@") { address[0] = 0 }
        self.address = address.count < 108 ? address : []
    }

    /// `READY=1`, with a word on how it is.
    func ready(_ status: String) { tell("READY=1\nSTATUS=\(status)") }

    /// How it is.
    func status(_ status: String) { tell("STATUS=\(status)") }

    private func tell(_ text: String) {
        guard !address.isEmpty else { return }
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return }
        defer { close(fd) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
        _ = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(fd, text, text.utf8.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
