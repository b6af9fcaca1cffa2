import Netlink
internal import CLinux
import CMnl
import CNftnl
internal import BoxModel
internal import Firewall
import Glibc
internal import Synchronization
internal import System

/// Keeps table `inet wggw` to those who are given its socket, for as long as this process lives: nobody else's flush or deletion
/// reaches it (NFT_TABLE_F_OWNER), and it stays when the process ends, for everybody to change (NFT_TABLE_F_PERSIST, Linux 6.9).
///
/// A thread hands the socket out to whoever is root and asks at `/run/wggw/firewall-INODE`, with the network namespace's inode: the
/// commands, and this process itself. Only one at a time uses it, under the state directory's lock.
///
/// `@unchecked Sendable`: only `isPossible` changes, under its lock; the thread knows no more than two descriptors.
public final class FirewallHold: @unchecked Sendable {
    private let owner: Int32
    private let listener: Int32
    private let path: String
    private let isPossible = Mutex(true)

    /// For the network namespace of the calling thread. nil where the socket cannot be handed out, as somebody does already.
    public init?() {
        guard let socket = try? NetlinkSocket(NETLINK_NETFILTER), let path = Self.path(),
            makeRuntimeDirectory(), !UnixSocket.isListenedAt(path)
        else { return nil }
        unlink(path)
        self.path = path
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        owner = socket.duplicate()
        guard listener >= 0, owner >= 0, UnixSocket.with(path, { bind(listener, $0, $1) }) == 0,
            chmod(path, 0o600) == 0, listen(listener, 16) == 0, handOut()
        else {
            if owner >= 0 { close(owner) }
            if listener >= 0 { close(listener) }
            return nil
        }
    }

    deinit {
        unlink(path)
        // Ends the thread, which closes both.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Takes hold of the table if it is there, and returns whether it is held. Called under the state directory's lock. One that
    /// was made without the hold is made anew in one transaction.
    func take() throws(BoxError) -> Bool {
        guard isPossible.withLock({ $0 }) else { return false }
        var writer = try FirewallWriter(held: owner)
        guard let found = try writer.socket.tableHold() else { return false }
        if found.owner == writer.socket.port { return true }
        guard found.owner == nil else { return false }
        do throws(BoxError) {
            if found.flags & FirewallWriter.persists != 0 {
                try NftTableWriter.adopting(flags: writer.flags).commit(on: &writer.socket, .init(.hold, .table()))
            } else if let table = try writer.socket.firewall() {
                try writer.socket.replaceFirewall(with: table, carrying: table, flags: writer.flags)
            }
            return true
        } catch {
            // An older kernel does not know the flag.
            guard error.code == EOPNOTSUPP else { throw error }
            isPossible.withLock { $0 = false }
            return false
        }
    }

    private func handOut() -> Bool {
        let (owner, listener) = (owner, listener)
        let thread = Background.begin {
            while true {
                let caller = accept(listener, nil, nil)
                if caller < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    guard errno == EMFILE || errno == ENFILE else { break }
                    // Until a descriptor is free again.
                    usleep(100_000)
                    continue
                }
                _ = descriptor_send(caller, owner)
                close(caller)
            }
            close(listener)
            close(owner)
        }
        return thread != nil
    }

    private static func path() -> String? {
        networkNamespace().map { "\(runtimeDirectory)/firewall-\($0)" }
    }

    /// A descriptor of the socket that holds the table in the calling thread's network namespace; nil where nobody holds any.
    static func socket() -> Int32? {
        guard let path = path() else { return nil }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard UnixSocket.with(path, { connect(descriptor, $0, $1) }) == 0 else { return nil }
        let socket = descriptor_receive(descriptor)
        return socket < 0 ? nil : socket
    }
}

/// A socket by which table `inet wggw` can be changed: the one that holds it where the service does, else any.
struct FirewallWriter: ~Copyable {
    /// `NFT_TABLE_F_OWNER`.
    private static let owns: UInt32 = 2
    /// `NFT_TABLE_F_PERSIST`, of Linux 6.9.
    static let persists: UInt32 = 4

    var socket: NetlinkSocket
    /// What the table is made with.
    let flags: UInt32

    init() throws(BoxError) {
        if let held = FirewallHold.socket() {
            defer { close(held) }
            try self.init(held: held)
        } else {
            self.init(try NetlinkSocket(NETLINK_NETFILTER), flags: 0)
        }
    }

    /// By a duplicate of this descriptor.
    init(held descriptor: Int32, flags: UInt32 = Self.owns | Self.persists) throws(BoxError) {
        self.init(try NetlinkSocket(sharing: descriptor), flags: flags)
    }

    private init(_ socket: consuming NetlinkSocket, flags: UInt32) {
        self.socket = socket
        self.flags = flags
    }

    /// Puts `firewall` in the place of the table, and holds it where this socket does and the kernel can.
    mutating func replace(with firewall: FirewallTable, carrying old: FirewallTable?) throws(BoxError) {
        do throws(BoxError) {
            try socket.replaceFirewall(with: firewall, carrying: old, flags: flags)
        } catch {
            // As at boot on an older kernel, where `take` had no table yet to learn it by.
            guard flags != 0, error.code == EOPNOTSUPP else { throw error }
            try socket.replaceFirewall(with: firewall, carrying: old)
        }
    }
}

extension NetlinkSocket {
    /// The flags of table `inet wggw`, and the number of the socket that holds it; nil where the table is not there.
    fileprivate mutating func tableHold() throws(BoxError) -> (flags: UInt32, owner: UInt32?)? {
        try table { attributes in
            (attributes.first(NFTA_TABLE_FLAGS)?.big32 ?? 0, attributes.first(NFTA_TABLE_OWNER)?.big32)
        }
    }
}
