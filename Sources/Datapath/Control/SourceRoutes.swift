// Routes move: what is sent to a peer must not come from the address of an interface that it does not leave by any more.

import CLinux
internal import CMnl
import WireGuardProtocol
internal import Glibc
internal import Netlink

/// Word of the kernel's routing, and questions to it.
///
/// A peer is answered from the address at which it was heard. The kernel's WireGuard lets go of that where the route leaves by another
/// interface (`send4` in drivers/net/wireguard/socket.c); asked for each packet, it would cost more than the packet.
final class SourceRoutes {
    /// So often it is looked at after the first news, so long apart: what changes a route seldom changes it alone.
    private static let looks = 2
    private static let pause = Limits.second / 1000 * 300

    private let news: Subscription
    private let questions: Int32
    private var left = 0
    /// Nanoseconds of the engine's clock.
    private var next: UInt64 = 0

    init() throws(DatapathError) {
        do throws(NetlinkRefusal) {
            let groups = [
                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_IFADDR,
                RTNLGRP_IPV6_IFADDR,
            ]
            news = try Subscription(NETLINK_ROUTE, groups: groups.map { Int32($0.rawValue) })
        } catch { throw .system(doing: .listenToRoutes, errno: error.code) }
        questions = try check(routes_open(), .askRoutes)
    }

    deinit { close(questions) }

    /// Readable once after `listen`, when something is new.
    var descriptor: Int32 { news.descriptor }

    /// Milliseconds until the next look; nil: none is due before there are news.
    func wait(at now: @autoclosure () -> UInt64) -> Int32? {
        if left == 0 { return nil }
        let now = now()
        return now >= next ? 0 : Int32((next - now) / 1_000_000) + 1
    }

    /// There are news. They are not read one by one: on a box with all routes of the Internet they never end.
    func note(at now: UInt64) { (left, next) = (Self.looks, now) }

    /// Before a look: what came meanwhile counts as seen. Returns whether it is the last.
    func begin(at now: UInt64) -> Bool {
        _ = news.read { _ in }
        left -= 1
        next = now + Self.pause
        return left == 0
    }

    /// Whether datagrams to an endpoint leave by the interface that has its source; true where that cannot be told.
    func keepsSource(_ endpoint: udp_endpoint, mark: UInt32) -> Bool {
        withUnsafePointer(to: endpoint) { endpoint in
            let interface = routes_interface_to(questions, endpoint, mark)
            return interface <= 0 || routes_has_source(questions, interface, endpoint) != 0
        }
    }
}

extension Controller {
    /// Peers to whom the way leads from elsewhere now are sent to from there.
    func followRoutes() {
        guard routes.wait(at: engine.clock().monotonic) == 0 else { return }
        let isLast = routes.begin(at: engine.clock().monotonic)
        for peer in engine.device.peers {
            let path = engine.paths[peer]
            var endpoint = path.pointee.endpoint.load()
            let barred = path.pointee.barred
            if barred.0 | barred.1 != 0 {
                endpoint.source = barred
                if routes.keepsSource(endpoint, mark: mark) { path.pointee.bar((0, 0)) }
            } else if endpoint.source.0 | endpoint.source.1 != 0, !routes.keepsSource(endpoint, mark: mark) {
                path.pointee.bar(endpoint.source)
            }
        }
        if isLast { listenForRoutes() }
    }

    /// From now on, until there are news.
    func listenForRoutes() { poller_watch(poller, routes.descriptor, Tag.routes, UInt32(POLLER_READABLE)) }
}
