public import BoxModel
public import NetTypes
public import SiteModel

/// Which of the box's interfaces carry the LAN and lead out, found by its networks and routes. Pure.
///
/// Whoever is at an interface with the LAN's role may open connections to peers, so in doubt none has it, and the doubt is told.
public struct FoundRoles: Equatable, Sendable {
    /// A network of the LAN's that no interface leads to for certain.
    public struct Missing: Hashable, Sendable {
        /// It.
        public var subnet: IPPrefix
        /// Interfaces of which each is in a part of it, at least two; empty where none is.
        public var candidates: [String]
    }

    /// As in `Surroundings`.
    public private(set) var lan: [Surroundings.Network] = []
    /// As in `Surroundings`.
    public private(set) var uplinks: [Surroundings.Network] = []
    /// As in `Surroundings`.
    public private(set) var answers: [Surroundings.Answer] = []
    /// As in `Surroundings`.
    public private(set) var mtu: Int?
    /// The LAN's networks that are nowhere now, whether or not it is known where they were.
    public private(set) var missing: [Missing] = []

    /// Looks for the roles that the site does not give to an interface by its name.
    ///
    /// - `box`: without the tunnel's interface.
    /// - `known`: what was found before. What is nowhere now stays where it was, as far as nothing else is there: a card that
    ///   comes back, or an address or a default route that is set anew, costs no connection.
    public init(_ site: Site, on box: BoxNetworks, known: Surroundings? = nil) {
        if site.egress.interface == nil {
            for everywhere in [IPPrefix.everyV4, .everyV6] {
                var names = box.ways.filter { $0.leadsOut && $0.destination.isV6 == everywhere.isV6 }.map(\.interface)
                if names.isEmpty { names = known?.uplinks.filter { $0.prefix == everywhere }.map(\.interface) ?? [] }
                uplinks += Set(names).map { Surroundings.Network(everywhere, on: $0) }
            }
            uplinks.sort()
            answers = Self.answers(box, known?.answers ?? [])
        }
        if site.lan.interface == nil { findLAN(site.lan.subnets, box, known) }
        if site.tunnel.mtu == nil { mtu = Self.mtu(site, box, uplinks + lan) }
    }

    /// The box's addresses on its ways out, and on those that it left: as long as the address is there, so may those be who know it.
    private static func answers(_ box: BoxNetworks, _ known: [Surroundings.Answer]) -> [Surroundings.Answer] {
        let ways = box.ways.filter(\.leadsOut)
        var found: [IPAddress: Surroundings.Answer] = [:]
        for interface in box.interfaces where interface.isReady {
            for source in interface.addresses {
                let way = ways.first { $0.interface == interface.name && $0.destination.isV6 == source.isV6 }
                if let way {
                    found[source] = Surroundings.Answer(source, by: interface.name, gateway: way.gateway)
                } else if var former = known.first(where: { $0.source == source && $0.interface == interface.name }) {
                    former.isFormer = true
                    found[source] = found[source] ?? former
                }
            }
        }
        return found.values.sorted()
    }

    private mutating func findLAN(_ subnets: [IPPrefix], _ box: BoxNetworks, _ known: Surroundings?) {
        let out = Set(uplinks.map(\.interface))
        var rest: [Missing] = []
        for subnet in subnets {
            let found = Self.holders(of: subnet, box, out)
            if found.isEmpty || found.count > 1 && Self.holdsOnlyParts(found, of: subnet, box) {
                rest.append(Missing(subnet: subnet, candidates: found))
            } else {
                lan += found.map { Surroundings.Network(subnet, on: $0) }
            }
        }
        // Behind the LAN's own router, which is the way out as well: what is sent there does not leave the LAN unseen.
        let inside = out.intersection(lan.map(\.interface))
        for item in rest {
            let routed =
                item.candidates.isEmpty
                ? inside.filter { name in
                    box.ways.contains { $0.leadsOut && $0.interface == name && $0.destination.isV6 == item.subnet.isV6 }
                } : []
            lan += routed.map { Surroundings.Network(item.subnet, on: $0) }
            if !routed.isEmpty { continue }
            missing.append(item)
            lan += (known?.lan ?? []).filter { $0.prefix == item.subnet && Self.isVacant($0.interface, box, out) }
        }
        lan.sort()
    }

    /// The interfaces that lead to a network of the LAN's: those that are in all of it, else those that are in parts of it, else
    /// those of the narrowest route to all of it, else those of routes to parts. One that is switched on and plugged in counts
    /// before one that is not.
    private static func holders(of subnet: IPPrefix, _ box: BoxNetworks, _ out: Set<String>) -> [String] {
        let whole = box.interfaces.filter { $0.networks.contains { $0.contains(subnet) } }
        if !whole.isEmpty { return ready(whole) }
        let parts = ready(
            box.interfaces.filter { interface in
                !interface.isForGuests && interface.networks.contains { subnet.contains($0) }
            })
        // A provider may have private networks too.
        let inner = parts.filter { !out.contains($0) }
        if !parts.isEmpty { return inner.isEmpty ? parts : inner }
        let ways = box.ways.filter { !$0.leadsOut }
        let over = ways.filter { $0.destination.contains(subnet) }
        let narrowest = over.map(\.destination.length).max()
        let leading = narrowest.map { length in over.filter { $0.destination.length == length } }
        return Set((leading ?? ways.filter { subnet.contains($0.destination) }).map(\.interface)).sorted()
    }

    /// Those that are, or all where none is.
    private static func ready(_ interfaces: [BoxNetworks.Interface]) -> [String] {
        let ready = interfaces.filter(\.isReady)
        return (ready.isEmpty ? interfaces : ready).map(\.name)
    }

    /// Whether each of these is in a part of the network only, so that some may be there by chance.
    private static func holdsOnlyParts(_ names: [String], of subnet: IPPrefix, _ box: BoxNetworks) -> Bool {
        box.interfaces.contains { interface in
            names.contains(interface.name)
                && interface.networks.contains { $0 != subnet && subnet.contains($0) }
                && !interface.networks.contains { $0.contains(subnet) }
        }
    }

    /// Whether an interface is not there, or there and nowhere.
    private static func isVacant(_ name: String, _ box: BoxNetworks, _ out: Set<String>) -> Bool {
        let interface = box.interfaces.first { $0.name == name }
        return interface.map { $0.networks.isEmpty && !out.contains(name) } ?? true
    }

    /// 80 bytes less than the narrowest way out has: an outer IPv6 header, UDP, and WireGuard's header and tag. No more than what
    /// fits through anybody's, since the peers are elsewhere.
    private static func mtu(_ site: Site, _ box: BoxNetworks, _ found: [Surroundings.Network]) -> Int? {
        let pinned = site.egress.interface.map { [$0] } ?? []
        let out = pinned + found.filter { $0.prefix.length == 0 }.map(\.interface)
        let names = out.isEmpty ? found.map(\.interface) + [site.lan.interface].compactMap { $0 } : out
        let routes = box.ways.filter { $0.leadsOut && names.contains($0.interface) }.compactMap(\.mtu)
        let narrowest = (box.interfaces.filter { names.contains($0.name) }.map(\.mtu) + routes).min()
        return narrowest.map { min(max($0 - 80, 1280), usualMTU) }
    }

    /// Where nothing is known, and at most.
    static let usualMTU = 1420
}

extension FoundRoles.Missing {
    /// `192.168.1.0/24 is on no interface of this box, and no route leads there`
    public var text: String {
        candidates.isEmpty
            ? "the LAN's network \(subnet) is on no interface of this box, and no route leads there"
            : "\(candidates.joined(separator: " and ")) are each in a part of the LAN's network \(subnet)"
    }
}

extension Surroundings {
    /// What was found, in a line for each role: `LAN on eth1, found by 192.168.1.0/24`.
    public var roleLines: [String] {
        func lines(_ networks: [Network], _ line: (String, String) -> String) -> [String] {
            Set(networks.map(\.interface)).sorted().map { name in
                let own = networks.filter { $0.interface == name }.map(\.prefix)
                return line(
                    name,
                    own.map { $0.length == 0 ? ($0.isV6 ? "IPv6" : "IPv4") : $0.description }
                        .joined(separator: ", "))
            }
        }
        return lines(lan) { "LAN on \($0), found by \($1)" }
            + lines(uplinks) { "out by \($0), found by the default route of \($1)" }
    }
}
