internal import CMnl
internal import Glibc
internal import Netlink

/// The kernel's news of one interface.
struct LinkNews {
    /// What there was to read.
    struct Seen {
        /// Whether there is anything to look at, also where something was lost.
        var isChanged = false
        /// Whether it is no more, or no more in this network namespace.
        var isDeleted = false
        /// What it is called by now, if that was said.
        var name: String?
    }

    private let links: Subscription
    private let index: Int32

    /// Listens from now on. `index`: the kernel's number of the interface.
    init(of index: Int32) throws(DatapathError) {
        self.index = index
        do throws(NetlinkRefusal) {
            links = try Subscription(NETLINK_ROUTE, groups: [Int32(RTNLGRP_LINK.rawValue)])
        } catch { throw .system(doing: .listenToRoutes, errno: error.code) }
    }

    /// Readable when there may be something.
    var descriptor: Int32 { links.descriptor }

    /// Reads what there is, without waiting.
    func read() -> Seen {
        var seen = Seen()
        let isLost = links.read { message in
            guard let info = message.payload.header(ifinfomsg.self), info.ifi_index == index,
                info.ifi_family == AF_UNSPEC
            else { return }
            seen.isChanged = true
            switch Int(message.header.nlmsg_type) {
            case RTM_DELLINK: seen.isDeleted = true
            case RTM_NEWLINK:
                seen.name = Attributes(message.payload, after: ifinfomsg.self).first(IFLA_IFNAME)?.string ?? seen.name
            default: break
            }
        }
        // Whoever may have missed something must look for himself.
        if isLost { seen.isChanged = true }
        return seen
    }
}
