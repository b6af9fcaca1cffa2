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

    /// Makes traffic; without anything, traffic of which nothing is known.
    public init(tunnel: [IPPrefix] = [], reaches: [Reach] = [], outside: [String] = []) {
        self.tunnel = tunnel
        self.reaches = reaches
        self.outside = outside
    }
}
