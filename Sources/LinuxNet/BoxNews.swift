import CMnl
import CNftnl
public import BoxModel
import Firewall
import Glibc
import Netlink
import Synchronization
internal import System

/// The kernel's word that something changed of what a gateway is made of, by whomever: links, addresses, routes, rules, the settings
/// of interfaces that it tells of (forwarding, `rp_filter`, `proxy_arp`), and table `inet wggw`. Not WireGuard's peers, of which
/// no kernel tells anybody.
///
/// Of the network namespace of the thread that makes it.
///
/// A class: who ends a value that cannot be copied needs to see its parts, which are nobody else's.
public final class BoxNews {
    private let route: Subscription
    private let firewall: FirewallNews

    /// Listens from now on.
    public init() throws(BoxError) {
        route = try Subscription.toBox(
            NETLINK_ROUTE,
            groups: [
                RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
            ].map { Int32($0.rawValue) })
        firewall = try FirewallNews()
    }

    /// Readable when there may be something.
    public var descriptors: [Int32] { [route.descriptor, firewall.descriptor] }

    /// What there was to read.
    public struct Seen {
        /// What it is about.
        public var kinds: Kinds = []
        /// Whose doing it was, as far as the kernel tells, and not wggw's own: `nft (pid 4711)`.
        public var changers: Set<String> = []
    }

    /// What news are about.
    public struct Kinds: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Takes the bits as they are.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Anything that may matter; also if something was lost.
        public static let any = Kinds(rawValue: 1)
        /// Table `inet wggw` was taken away, be it to be replaced; or nobody knows, since something was lost.
        public static let tableTaken = Kinds(rawValue: 2)
    }

    /// Reads what there is, without waiting.
    public func read() -> Seen {
        var seen = firewall.read()
        let isLost = route.read { message in
            seen.kinds.formUnion(.any)
            if let changer = Self.process(message.header.nlmsg_pid, name: nil) { seen.changers.insert(changer) }
        }
        if isLost { seen.kinds.formUnion(.any) }
        return seen
    }

    /// `nft (pid 4711)`; nil for the kernel itself, for this process and those of the same name, and for one whose name nobody
    /// knows any more.
    ///
    /// What names a change's author to rtnetlink's listeners is the number of the socket, which is that of the process for its first
    /// one. So a name is asked for; there is none for most numbers of other sockets (`netlink_autobind`).
    fileprivate static func process(_ number: UInt32, name: String?) -> String? {
        guard number != 0, access("/proc/self/task/\(number)", F_OK) != 0,
            let name = name ?? Self.name(of: "\(number)"), name != ownName
        else { return nil }
        return "\(name) (pid \(number))"
    }

    /// Numbers are others where this process is in a namespace of its own.
    private static let ownName = name(of: "self")

    private static func name(of process: String) -> String? {
        readFile("/proc/\(process)/comm", upTo: 64).map { String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self) }
    }
}

/// The same of table `inet wggw` alone.
final class FirewallNews: Sendable {
    private let netfilter: Subscription
    /// Whether a transaction changed the table whose last message has not come. That says whose it was, and may come after a reading.
    private let isOurs = Atomic(false)

    init() throws(BoxError) {
        netfilter = try Subscription.toBox(NETLINK_NETFILTER, groups: [Int32(NFNLGRP_NFTABLES.rawValue)])
    }

    var descriptor: Int32 { netfilter.descriptor }

    /// Waits until there may be something; false where that cannot be waited for.
    func wait() -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, -1) < 0 { if errno != EINTR { return false } }
        return true
    }

    /// What there is, without waiting.
    func read() -> BoxNews.Seen {
        var seen = BoxNews.Seen()
        let isLost = netfilter.read { message in
            let attributes = Attributes(message.payload, after: nfgenmsg.self)
            if message.header.nlmsg_type == Nft.type(NFT_MSG_NEWGEN) {
                if isOurs.exchange(false, ordering: .relaxed), let changer = Self.changer(attributes) {
                    seen.changers.insert(changer)
                }
                return
            }
            // Chatty boxes change other tables all the time. Whatever message names a table does so in its first attribute.
            guard attributes.first(NFTA_TABLE_NAME)?.string == FirewallTable.tableName else { return }
            isOurs.store(true, ordering: .relaxed)
            seen.kinds.formUnion(message.header.nlmsg_type == Nft.type(NFT_MSG_DELTABLE) ? [.any, .tableTaken] : .any)
        }
        if isLost { seen.kinds.formUnion([.any, .tableTaken]) }
        return seen
    }

    private static func changer(_ generation: Attributes) -> String? {
        guard let number = generation.first(NFTA_GEN_PROC_PID)?.big32 else { return nil }
        return BoxNews.process(number, name: generation.first(NFTA_GEN_PROC_NAME)?.string)
    }
}

extension Subscription {
    fileprivate static func toBox(_ bus: Int32, groups: [Int32]) throws(BoxError) -> Subscription {
        // Nobody reads during a look. Of each element of a set that comes or goes the kernel tells, in 60 bytes: with 10,000 peers the
        // service's own work fills more than a socket has, and the last message, which says whose work it was, is lost.
        do throws(NetlinkRefusal) { return try Subscription(bus, groups: groups, room: 4 << 20) } catch {
            throw .system(.init(.listen, .boxChanges), code: error.code)
        }
    }
}
