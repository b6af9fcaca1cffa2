import CMnl
import CNftnl
public import BoxModel
import Firewall
import Glibc
import Netlink

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
    public func read() -> Kinds {
        let routes = route.read(ifLost: .any) { _ in .any }
        return routes.union(firewall.read())
    }
}

/// The same of table `inet wggw` alone.
final class FirewallNews: Sendable {
    private let netfilter: Subscription

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
    func read() -> BoxNews.Kinds {
        // Chatty boxes change other tables all the time. Whatever message names a table does so in its first attribute.
        netfilter.read(ifLost: [.any, .tableTaken]) { message in
            guard message.header.nlmsg_type != Nft.type(NFT_MSG_NEWGEN),
                Attributes(message.payload, after: nfgenmsg.self).first(NFTA_TABLE_NAME)?.string
                    == FirewallTable.tableName
            else { return [] }
            return message.header.nlmsg_type == Nft.type(NFT_MSG_DELTABLE) ? [.any, .tableTaken] : .any
        }
    }
}

extension Subscription {
    fileprivate static func toBox(_ bus: Int32, groups: [Int32]) throws(BoxError) -> Subscription {
        do throws(NetlinkRefusal) { return try Subscription(bus, groups: groups) } catch {
            throw .system("listen to what changes on this box", code: error.code)
        }
    }

    /// Reads all that there is, and what kinds it is of.
    fileprivate func read(ifLost lost: BoxNews.Kinds, _ kinds: (ReceivedMessage) -> BoxNews.Kinds) -> BoxNews.Kinds {
        var seen: BoxNews.Kinds = []
        if read({ seen.formUnion(kinds($0)) }) { seen.formUnion(lost) }
        return seen
    }
}
