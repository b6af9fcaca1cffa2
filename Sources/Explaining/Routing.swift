import BoxModel
import Firewall
import NetTypes
import SiteModel

/// What the kernel decides between the tables: `rp_filter`, forwarding, routes.
extension Explainer {
    /// Of an IPv4 packet that the kernel takes: by which setting it asked whence it comes. It takes the greater of two: 1 asks
    /// whether the way back leaves by the same interface, 2 whether there is any (ip-sysctl.rst).
    private func reversePath(_ input: String) throws(BoxError) -> (value: Int, key: String)? {
        guard family == .v4 else { return nil }
        var found: (value: Int, key: String)?
        for key in ["all", input].map({ "net/ipv4/conf/\($0)/rp_filter" }) {
            if let value = try map.terrain.setting(key), value > found?.value ?? 0 { found = (value, key) }
        }
        return found
    }

    /// Of one that it does not: whether that is why. The kernel looks the way back up as if the answer came in where the packet
    /// would go out (`__fib_validate_source`).
    private mutating func isReversePathWrong(_ crossing: Crossing, _ input: String, mark: UInt32) throws(BoxError)
        -> Bool
    {
        guard let (value, key) = try reversePath(input) else { return false }
        let minds = try map.terrain.setting("net/ipv4/conf/\(input)/src_valid_mark") == 1
        var back = try map.terrain.route(RouteQuestion(crossing.source, mark: minds ? mark : 0))
        var isRight = false
        if case .leads(let way) = back { isRight = value != 1 || way.interface == input }
        if isRight, case .leads(let out) = try map.terrain.route(RouteQuestion(crossing.destination, mark: mark)) {
            back = try map.terrain.route(
                RouteQuestion(crossing.source, from: crossing.destination, input: out.interface))
            if case .leads = back {} else { isRight = false }
        }
        if isRight { return false }
        return !stop(
            .reversePath, .reversePathDrops(interface: input, key: key, back: back),
            value == 1 ? .restore : .elsewhere(.removeRoute(crossing.source, table: nil)))
    }

    /// Where the packet goes; whether it may be forwarded there.
    mutating func route(_ crossing: inout Crossing) throws(BoxError) -> Bool {
        // A rule that nobody can read may have marked it for another table.
        let isCertain = crossing.packet.markNumber != nil
        let mark = crossing.packet.markNumber ?? 0
        let destination = crossing.destination
        let question = RouteQuestion(
            destination, from: crossing.input == nil && leg == .there ? nil : crossing.source, input: crossing.input,
            mark: mark)
        if let input = crossing.input, !map.addresses.contains(destination), try !forwards(input) { return false }
        let answer = try map.terrain.route(question)
        if let input = crossing.input {
            switch answer {
            case .martian, .refused(.blackhole):
                if try isReversePathWrong(crossing, input, mark: mark) { return false }
            default:
                if let (value, _) = try reversePath(input) {
                    note(.reversePath, .passes, .reversePath(interface: input, value: value))
                }
            }
        }
        switch answer {
        case .leads(let way):
            note(.route, isCertain ? .passes : .open, .routed(way))
            crossing.way = way
            crossing.packet.output = map.known(way.interface)
            crossing.packet.route = crossing.packet.output
            crossing.packet.destinationType = Nft.AddressType.unicast
        case .local:
            note(.route, .passes, .routedToThisBox(destination))
            crossing.isLocal = true
            crossing.packet.destinationType = Nft.AddressType.local
        case .refused(let refusal):
            return stop(.route, .routeRefuses(destination, refusal), .elsewhere(.removeRoute(destination, table: nil)))
        case .none:
            return stop(
                .route, .noRoute(destination), isTunnels(destination) ? .restore : .elsewhere(.addRoute(destination)))
        case .martian: return stop(.route, .martian(crossing.source, interface: crossing.input ?? "lo"))
        }
        return true
    }

    private func isTunnels(_ address: IPAddress) -> Bool {
        scene.site.tunnel.addresses.contains { $0.network.contains(address) }
            || scene.desired.routes.contains { $0.destination.contains(address) }
    }

    /// IPv4 asks the interface that a packet comes in by, IPv6 one switch for all.
    private mutating func forwards(_ input: String) throws(BoxError) -> Bool {
        let key = family == .v4 ? "net/ipv4/conf/\(input)/forwarding" : "net/ipv6/conf/all/forwarding"
        if try map.terrain.setting(key) == 0 { return stop(.forwarding, .forwardsNot(key: key), .restore) }
        note(.forwarding, .passes, .forwards(interface: input))
        return true
    }

    // MARK: Out of the box

    /// The interface by which it comes in or leaves.
    mutating func link(_ name: String, needsCarrier: Bool = true) -> Bool {
        let remedy: Remedy = name == tunnel ? .restore : .elsewhere(.connect(interface: name))
        guard let link = map.links[name] else { return stop(.link, .linkGone(name), remedy) }
        if !link.isUp { return stop(.link, .linkDown(name), remedy) }
        if !link.hasCarrier && needsCarrier { return stop(.link, .noCarrier(name), remedy) }
        return true
    }

    /// Who takes it there. A neighbour that nobody asked for lately may be there or not; that stops nothing.
    mutating func neighbour(_ way: RouteWay, _ destination: IPAddress) throws(BoxError) -> Bool {
        let next = way.gateway ?? destination
        let state = try map.terrain.neighbour(next, on: way.interface)
        if state == .failed || state == .incomplete {
            return stop(.neighbour, .neighbour(next, state), .elsewhere(.switchOn(next)))
        }
        note(.neighbour, .passes, .neighbour(next, state))
        return true
    }

    /// Whether the largest packets fit. Smaller ones pass in any case, so this stops nothing.
    mutating func size(of crossing: Crossing) -> Bool {
        let wanted = scene.desired.link.mtu
        guard let way = crossing.way, let link = map.links[way.interface] else { return true }
        let mtu = min(way.mtu ?? link.mtu, link.mtu)
        if way.interface == tunnel {
            if mtu < wanted { note(.size, .hint, .tunnelSize(is: mtu, shouldBe: wanted), .restore) }
        } else if mtu < wanted {
            note(.size, .hint, .exceeds(mtu: mtu, of: wanted, interface: way.interface))
        }
        return true
    }

    /// Whether a program of this box answers.
    mutating func served(at address: IPAddress) throws(BoxError) -> Bool {
        guard let service, let port = service.port else { return true }
        switch try map.terrain.isServed(address, service.number(family), port: port) {
        case true?: note(.host, .passes, .served(address, service))
        case false?: return stop(.host, .notServed(address, service), .elsewhere(.serve(service)))
        case nil: break
        }
        return true
    }
}

extension Remedy.Advice {
    /// Take the route away by which an address is reached; table main needs no name.
    static func removeRoute(_ address: IPAddress, in way: RouteWay) -> Self {
        .removeRoute(address, table: way.table == 254 ? nil : way.table)
    }
}
