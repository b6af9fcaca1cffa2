public import NetTypes
import SiteModel

/// Where the tunnel's packets come from and go to, as far as a site says. Other people's firewalls are judged by it.
public struct Traffic: Hashable, Sendable {
    /// Networks behind an interface.
    public struct Reach: Hashable, Sendable {
        /// Its name.
        public var interface: String
        /// At least one.
        public var networks: [IPPrefix]

        /// Makes a reach.
        public init(_ interface: String, _ networks: [IPPrefix]) {
            self.interface = interface
            self.networks = networks
        }
    }

    /// The tunnel's own networks.
    public var tunnel: [IPPrefix]
    /// Where peers may go; empty if nothing is known.
    public var reaches: [Reach]
    /// The interface that WireGuard's datagrams come in by; nil if it is not known.
    public var outside: String?

    /// Makes traffic; without anything, traffic of which nothing is known.
    public init(tunnel: [IPPrefix] = [], reaches: [Reach] = [], outside: String? = nil) {
        self.tunnel = tunnel
        self.reaches = reaches
        self.outside = outside
    }

    init(_ facts: SiteFacts) {
        tunnel = facts.site.tunnel.addresses.map(\.network)
        reaches = [Reach(facts.lanInterface, facts.site.lan.subnets)]
        outside = facts.egressInterface
        if facts.hasFullTunnel, let egress = facts.egressInterface {
            reaches.append(Reach(egress, [IPPrefix("0.0.0.0/0")!, IPPrefix("::/0")!]))
        }
    }
}
