public import NetTypes

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
    /// The interfaces that WireGuard's datagrams come in by, sorted; empty if they are not known.
    public var outside: [String]
    /// UDP ports besides WireGuard's own that its datagrams come to, and are sent on from; sorted.
    public var otherPorts: [UInt16]

    /// Makes traffic; without anything, traffic of which nothing is known.
    public init(tunnel: [IPPrefix] = [], reaches: [Reach] = [], outside: [String] = [], otherPorts: [UInt16] = []) {
        self.tunnel = tunnel
        self.reaches = reaches
        self.outside = outside
        self.otherPorts = otherPorts
    }
}
