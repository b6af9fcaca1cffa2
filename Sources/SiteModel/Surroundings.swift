public import NetTypes

/// What a site meets on its box that no profile tells: the networks that the box is in, and where the endpoint's name leads.
///
/// Seen when an apply is planned, and kept with the revision that was applied. As text: networks as `eth0/198.51.100.0/24`
/// and addresses of the endpoint, sorted, a space between two.
public struct Surroundings: Hashable, Sendable {
    /// A network that the box is in by an interface: no router is between.
    public struct Network: Hashable, Comparable, Sendable {
        /// Not loopback, not the tunnel.
        public var interface: String
        /// Never a default route.
        public var prefix: IPPrefix

        /// Makes a network.
        public init(_ prefix: IPPrefix, on interface: String) {
            self.interface = interface
            self.prefix = prefix
        }

        /// By interface.
        public static func < (a: Self, b: Self) -> Bool { (a.interface, a.prefix) < (b.interface, b.prefix) }
    }

    /// Sorted.
    public var networks: [Network]
    /// What the endpoint's name stands for, sorted; empty where the endpoint is no name, and where nobody knew it.
    public var endpoint: [IPAddress]

    /// Makes surroundings; both lists are sorted here.
    public init(networks: [Network] = [], endpoint: [IPAddress] = []) {
        self.networks = networks.sorted()
        self.endpoint = endpoint.sorted()
    }

    /// The addresses that `endpoint` has by itself, or that its name stands for.
    public func addresses(of endpoint: Endpoint?) -> [IPAddress] {
        switch endpoint?.host {
        case nil: []
        case .address(let address): [address]
        case .name: self.endpoint
        }
    }

    /// Without what makes no difference to the site, so that a bridge of somebody's container is none.
    public func relevant(to site: Site) -> Surroundings {
        let hasFullTunnel = site.hasFullTunnel
        let behindPeers = site.peers.flatMap(\.routes)
        return Surroundings(
            networks: networks.filter { network in
                hasFullTunnel && network.interface == site.egress.interface
                    || behindPeers.contains { $0.contains(network.prefix) }
            },
            endpoint: hasFullTunnel ? endpoint : [])
    }
}

extension Surroundings: LosslessStringConvertible {
    /// Reads what `description` gives; nil for anything else.
    public init?(_ description: String) {
        self.init()
        for word in description.split(separator: " ") {
            // The name of an interface has no slash.
            let parts = word.split(separator: "/", maxSplits: 1)
            if parts.count == 2, let prefix = IPPrefix(String(parts[1])) {
                networks.append(Network(prefix, on: String(parts[0])))
            } else if let address = IPAddress(String(word)) {
                endpoint.append(address)
            } else {
                return nil
            }
        }
    }

    /// `eth0/198.51.100.0/24 198.51.100.2`
    public var description: String {
        (networks.map { "\($0.interface)/\($0.prefix)" } + endpoint.map(\.description)).joined(separator: " ")
    }
}
