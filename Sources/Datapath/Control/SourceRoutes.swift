// Routes move: what is sent to a peer must not come from the address of an interface that it does not leave by any more.

import CLinux
internal import CMnl
import WireGuardProtocol
internal import Glibc
internal import Netlink
import Synchronization

/// Word of the kernel's routing, and questions to it.
///
/// A peer is answered from the address at which it was heard. The kernel's WireGuard lets go of that where the route leaves by another
/// interface (`send4` in drivers/net/wireguard/socket.c), for each packet; then peers behind a NAT hear no more, even where both
/// providers let it through. Here such a peer gets an empty message from the address that fits: who hears it comes back there. From
/// whom nothing is heard then is sent to from there; all others stay.
final class SourceRoutes {
    /// How long a peer has to come back, nanoseconds.
    private static let pause = Limits.second / 1000 * 300

    private let news: Subscription
    private let questions: Int32
    private var isLooking = false
    /// Peers that were sent an empty message since the news, and the bytes that were heard of each before.
    private var tried: [PeerIndex: UInt64] = [:]
    /// Nanoseconds of the engine's clock.
    private var next: UInt64 = 0
    /// What was answered in this look, since most peers are sent to by one or two interfaces.
    private var owners: [Owner: Bool] = [:]

    private struct Owner: Hashable {
        let interface: Int32
        let source: UInt128
    }

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
        if !isLooking { return nil }
        let now = now()
        return now >= next ? 0 : Int32((next - now) / 1_000_000) + 1
    }

    /// There are news. They are not read one by one: on a box with all routes of the Internet they never end.
    func note(at now: UInt64) { (isLooking, next) = (true, max(now, next)) }

    /// What came until now counts as seen.
    func begin() {
        _ = news.read { _ in }
        owners = [:]
    }

    /// The next look is after a pause: of the control thread's time no more than a tenth goes to this, however many peers there are and
    /// however restless the routes.
    func pause(from began: UInt64, to now: UInt64) { next = now + max(Self.pause, (now - began) * 9) }

    /// No look follows before there are news.
    func end() {
        tried = [:]
        isLooking = false
    }

    /// What becomes of a peer to whom the way leads from elsewhere, and of whom so much was heard.
    enum Verdict { case call, leave, give }

    /// The first time it is called; if it was heard since, it is left as it is.
    func judge(_ peer: PeerIndex, heard: UInt64) -> Verdict {
        guard let before = tried.updateValue(heard, forKey: peer) else { return .call }
        return heard == before ? .give : .leave
    }

    /// Whether datagrams to an endpoint leave by the interface that has its source; true where that cannot be told.
    func keepsSource(_ endpoint: udp_endpoint, mark: UInt32) -> Bool {
        withUnsafePointer(to: endpoint) { endpoint in
            let interface = routes_interface_to(questions, endpoint, mark)
            if interface <= 0 { return true }
            let source = endpoint.pointee.source
            let owner = Owner(interface: interface, source: UInt128(source.0) << 64 | UInt128(source.1))
            if let known = owners[owner] { return known }
            let holds = routes_has_source(questions, interface, endpoint) != 0
            owners[owner] = holds
            return holds
        }
    }
}

extension Controller {
    /// Looks after peers to whom the way leads from elsewhere now, if that is due.
    func followRoutes() {
        guard routes.wait(at: engine.clock().monotonic) == 0 else { return }
        let began = engine.clock().monotonic
        routes.begin()
        defer { routes.pause(from: began, to: engine.clock().monotonic) }
        var isOver = true
        for peer in engine.device.peers {
            let endpoint = engine.paths[peer].pointee.endpoint.load()
            guard endpoint.source.0 | endpoint.source.1 != 0, !routes.keepsSource(endpoint, mark: mark) else {
                continue
            }
            let heard = engine.device.tables.peer(peer).pointee.receivedBytes.load(ordering: .relaxed)
            switch routes.judge(peer, heard: heard) {
            case .leave: break
            case .give: engine.paths[peer].pointee.endpoint.dropSource(endpoint.source)
            case .call:
                engine.call(peer)
                isOver = false
            }
        }
        guard isOver else { return }
        routes.end()
        listenForRoutes()
    }

    /// From now on, until there are news.
    func listenForRoutes() { poller_watch(poller, routes.descriptor, Tag.routes, UInt32(POLLER_READABLE)) }
}
