import CMnl
internal import BoxModel
import Glibc
internal import UAPI

/// What has an interface's name, and what it says of itself.
struct Sight {
    /// As rtnetlink shows it.
    var link: Link
    /// nil: it is no WireGuard interface.
    var backend: Backend?
    /// nil where it is none, where nobody asked, and where it is silent.
    var wireGuard: ObservedWireGuard?
    /// Why it was asked and did not answer.
    var silence: BoxError?
}

/// Interfaces: looking at them, making and ending them.
extension LinuxBox {
    /// Looks at the interface of a name, once nothing about it is in between; two seconds at most, and more while a datapath works
    /// at its answer. nil: there is none.
    ///
    /// In between is a datapath that ended and whose interface follows in a moment; and one that has another name since a moment,
    /// and not its sockets yet: whoever was at that may be gone, so the sockets are moved here.
    func look(at name: String, readsWireGuard: Bool) throws(BoxError) -> Sight? {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let deadline = Deadline(Patience.usual)
        while let link = try socket.link(name) {
            var sight = Sight(link: link, backend: try backend(of: link, &socket))
            guard let backend = sight.backend, readsWireGuard else { return sight }
            do throws(BoxError) {
                sight.wireGuard = try device(name, backend).read()
                return sight
            } catch {
                if error.isAbsence && !deadline.isOver {
                    deadline.pause()
                    continue
                }
                guard backend == .userspace, error.isAbsence || error.code == ETIMEDOUT else { throw error }
                sight.silence = error
                return sight
            }
        }
        return nil
    }

    /// The datapath of wggw's that hangs, and whose interface of this name is gone; nil if there is none. One that answers is about
    /// to end, or its interface is in another network namespace, where somebody put it.
    func orphan(of name: String) -> RunningDatapath? {
        guard let running = RunningDatapath(listeningAt: SocketPaths(interface: name)) else { return nil }
        do throws(BoxError) { _ = try UserspaceWireGuard(interface: name).read() } catch {
            if error.code == ETIMEDOUT { return running }
        }
        return nil
    }

    /// Who carries the packets of a link; nil if it is no WireGuard interface. A TUN device is one if it bears the mark of wggw's
    /// datapath, or if somebody listens at its configuration socket.
    func backend(of link: Link, _ socket: inout NetlinkSocket) throws(BoxError) -> Backend? {
        switch link.kind {
        case "wireguard": return .kernel
        case "tun":
            let sockets = SocketPaths(interface: link.name)
            if sockets.areListenedAt { return .userspace }
            let successor = successorName(of: link.name)
            if try socket.link(successor) == nil { try SocketPaths(interface: successor).move(to: link.name) }
            return link.isMarked || sockets.areListenedAt ? .userspace : nil
        default: return nil
        }
    }

    func device(_ interface: String, _ backend: Backend) -> any WireGuardDevice {
        switch backend {
        case .kernel: KernelWireGuard(interface: interface)
        case .userspace: UserspaceWireGuard(interface: interface)
        }
    }

    // MARK: Coming and going

    func create(_ name: String, _ backend: Backend) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        if let link = try socket.link(name) {
            if try self.backend(of: link, &socket) == backend { return }
            throw BoxError(.init(.create, .interface(name)), .otherKind(link.kind))
        }
        switch backend {
        case .kernel:
            try socket.createLink(name, kind: "wireguard")
        case .userspace:
            try datapath(of: name).start()
        }
        try settle(name, backend)
    }

    /// What the kernel's WireGuard sets on its own interfaces: no redirects from one peer to another, no link-local address. And no
    /// peer is a router that this box listens to, whatever new interfaces do else. Niceties all: where /proc/sys is read-only, as in
    /// a container, it goes without.
    private func settle(_ interface: String, _ backend: Backend) throws(BoxError) {
        var settings = [("ipv6/conf/\(interface)/accept_ra", 0)]
        if backend == .userspace {
            settings += [("ipv4/conf/\(interface)/send_redirects", 0), ("ipv6/conf/\(interface)/addr_gen_mode", 1)]
        }
        for (key, value) in settings where try Sysctl.read("net/\(key)") != nil {
            do throws(BoxError) { try Sysctl.write("net/\(key)", value) } catch {
                guard error.code == EROFS || error.code == EACCES else { throw error }
            }
        }
    }

    /// On return the interface is gone, and whoever carried it, and so its port is free.
    func delete(_ name: String) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let sockets = SocketPaths(interface: name)
        guard let link = try socket.link(name) else {
            if let orphan = orphan(of: name) {
                _ = try orphan.take(SIGTERM, behind: name)
                try orphan.awaitEnd(behind: name)
                sockets.remove()
            }
            return
        }
        // This finds the sockets if they are not where they should be.
        let backend = try backend(of: link, &socket)
        // An interface ends with its datapath. In this order, whoever is cut short here finds both or none.
        if let running = RunningDatapath(behind: link) {
            // Who may not tell it to end takes the interface from under it, which it follows as well.
            if try !running.take(SIGTERM, behind: name) { try socket.deleteLink(name) }
            try running.awaitEnd(behind: name)
        }
        try socket.deleteLink(name)
        guard backend == .userspace else { return }
        // One that is not known by its number ends by itself without its interface.
        guard Deadline(.seconds(5)).wait(until: { !sockets.areListenedAt }) else {
            throw BoxError(
                .init(.end, .datapath(of: name)), .process(.stillListens(socket: sockets.configuration)))
        }
        sockets.remove()
    }

    /// As short as can be between the old interface's end and the new one's beginning: nothing is forwarded meanwhile.
    func replace(_ name: String, by successor: String, to new: Backend) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        guard try socket.link(successor) != nil else {
            if let link = try socket.link(name), try backend(of: link, &socket) == new { return }
            throw BoxError(.init(.replace, .interface(name)), .noInterface(successor))
        }
        try delete(name)
        try socket.rename(successor, to: name)
        // Whoever is cut short here has it done by the next one to look.
        if new == .userspace { try SocketPaths(interface: successor).move(to: name) }
    }

    /// The kernel refuses to bring up an interface whose port is taken. wggw's datapath opens it later, and would have nobody to
    /// tell; others may have opened it by now. Whoever had it may be on his way out.
    func setUp(_ interface: String, listenPort: UInt16, _ socket: inout NetlinkSocket) throws(BoxError) {
        guard let link = try socket.link(interface), !link.isUp else { return try socket.setUp(interface) }
        let asksFirst = datapathCommand == nil && link.kind == "tun"
        let deadline = Deadline(Patience.usual)
        while true {
            do throws(BoxError) {
                if asksFirst && !UDPPort.isFree(listenPort) {
                    throw BoxError.system(.init(.set, .up(interface)), code: EADDRINUSE)
                }
                return try socket.setUp(interface)
            } catch {
                guard error.code == EADDRINUSE, !deadline.isOver else { throw error.aboutPort(listenPort) }
                deadline.pause()
            }
        }
    }
}

extension BoxError {
    /// Whether somebody was there a moment ago, and is not any more.
    fileprivate var isAbsence: Bool { [ENOENT, ECONNREFUSED, ECONNRESET, EPIPE, ENODEV].contains(code) }
}
