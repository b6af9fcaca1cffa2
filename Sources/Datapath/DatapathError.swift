import System

/// Why the datapath did not start, or ended.
public enum DatapathError: Error, Equatable, CustomStringConvertible {
    /// The interface's name is empty, longer than 15 bytes, or holds a character that an interface cannot have.
    case badInterfaceName(String)
    /// A system call failed; `doing` says what was being done.
    case system(doing: Deed, errno: Int32)
    /// Another process answers on the configuration socket.
    case alreadyRunning(path: String)
    /// The kernel has no TUN device, or this container was not given it.
    case noTunDevice

    /// What the datapath asks of the system.
    public enum Deed: Equatable, Sendable {
        case openPort(UInt16), openNull
        case makeInterface(String), markInterface(String), findInterface(String), turnOffloadsOff
        case giveUpCapabilities, takeUpCapabilities, forbidCoreDumps, blockSignals
        case makePoller, makeTimer, watch, listenToRoutes, askRoutes
        /// Files of the configuration socket.
        case makeDirectory(String), makeSocket, bind(String), listen(String), look(String), rename(String, to: String)
        /// The process that removes a file in the end, and telling it of one.
        case startJanitor(String), tellJanitor(String)
    }

    /// One line: what failed and what would help.
    public var description: String {
        switch self {
        case .badInterfaceName(let name):
            "\(name): an interface name is 1 to 15 characters without '/', ':' or spaces, like wg0"
        case .system(let doing, let errno):
            "\(doing.words): \(errnoText(errno))"
        case .alreadyRunning(let path):
            "\(path) is answered by another process; end that one or choose another interface name"
        case .noTunDevice:
            "there is no /dev/net/tun; load the module (`modprobe tun`), or give it to the container (--device /dev/net/tun)"
        }
    }
}

extension DatapathError.Deed {
    fileprivate var words: String {
        switch self {
        case .openPort(let port): "opening UDP port \(port)"
        case .openNull: "opening /dev/null"
        case .makeInterface(let name): "making TUN interface \(name)"
        case .markInterface(let name): "marking \(name)"
        case .findInterface(let name): "looking for \(name)"
        case .turnOffloadsOff: "turning TUN offloads off"
        case .giveUpCapabilities: "giving up capabilities"
        case .takeUpCapabilities: "taking up the capabilities that are kept"
        case .forbidCoreDumps: "forbidding core dumps"
        case .blockSignals: "blocking signals"
        case .makePoller: "making an epoll descriptor"
        case .makeTimer: "making a timer"
        case .watch: "watching a descriptor"
        case .listenToRoutes: "listening to rtnetlink"
        case .askRoutes: "asking rtnetlink"
        case .makeDirectory(let path): "making \(path)"
        case .makeSocket: "making the configuration socket"
        case .bind(let path): "binding \(path)"
        case .listen(let path): "listening on \(path)"
        case .look(let path): "looking at \(path)"
        case .rename(let path, let new): "renaming \(path) to \(new)"
        case .startJanitor(let path): "starting the process that removes \(path)"
        case .tellJanitor(let path): "telling of \(path)"
        }
    }
}
