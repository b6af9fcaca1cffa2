import System

/// Why the datapath did not start, or ended.
public enum DatapathError: Error, Equatable, CustomStringConvertible {
    /// The interface's name is empty, longer than 15 bytes, or holds a character that an interface cannot have.
    case badInterfaceName(String)
    /// A system call failed; `doing` says what was being done.
    case system(doing: String, errno: Int32)
    /// Another process answers on the configuration socket.
    case alreadyRunning(path: String)
    /// The kernel has no TUN device, or this container was not given it.
    case noTunDevice

    /// One line: what failed and what would help.
    public var description: String {
        switch self {
        case .badInterfaceName(let name):
            "\(name): an interface name is 1 to 15 characters without '/', ':' or spaces, like wg0"
        case .system(let doing, let errno):
            "\(doing): \(errnoText(errno))"
        case .alreadyRunning(let path):
            "\(path) is answered by another process; end that one or choose another interface name"
        case .noTunDevice:
            "there is no /dev/net/tun; load the module (`modprobe tun`), or give it to the container (--device /dev/net/tun)"
        }
    }
}
