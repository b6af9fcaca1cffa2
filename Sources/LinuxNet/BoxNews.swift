import CMnl
import CNftnl
public import Compiler
import Firewall
import Glibc

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
        route = try Subscription(
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
        netfilter = try Subscription(NETLINK_NETFILTER, groups: [Int32(NFNLGRP_NFTABLES.rawValue)])
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

/// A netlink socket that is told of changes.
private struct Subscription: ~Copyable, Sendable {
    let descriptor: Int32

    init(_ bus: Int32, groups: [Int32]) throws(BoxError) {
        let operation = "listen to what changes on this box"
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let fd = socket(AF_NETLINK, kind, bus)
        guard fd >= 0 else { throw .system(operation) }
        // The kernel itself is number 0, and tells itself nothing.
        var own = sockaddr_nl()
        own.nl_family = sa_family_t(AF_NETLINK)
        var isListening = withUnsafePointer(to: own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
            }
        }
        for var group in groups where isListening {
            isListening = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, 4) == 0
        }
        guard isListening else {
            let error = BoxError.system(operation)
            close(fd)
            throw error
        }
        descriptor = fd
    }

    deinit { close(descriptor) }

    /// Reads all that there is, and what kinds it is of.
    func read(ifLost lost: BoxNews.Kinds, _ kinds: (ReceivedMessage) -> BoxNews.Kinds) -> BoxNews.Kinds {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
            var seen: BoxNews.Kinds = []
            while true {
                let count = recv(descriptor, buffer.baseAddress!, buffer.count, 0)
                if count < 0 {
                    if errno == EINTR { continue }
                    if errno == ENOBUFS {
                        seen.formUnion(lost)
                        continue
                    }
                    return seen
                }
                for message in ReceivedMessages(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                    seen.formUnion(kinds(message))
                }
            }
        }
    }
}
