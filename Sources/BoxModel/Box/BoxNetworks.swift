public import NetTypes

/// The networks that the box is in, and the routes by which it reaches others: what roles are found by.
public struct BoxNetworks: Equatable, Sendable {
    /// An interface other than loopback.
    public struct Interface: Equatable, Sendable {
        /// Its name.
        public var name: String
        /// Networks that the box is in by it: no router is between. Sorted, no link-local ones.
        public var networks: [IPPrefix]
        /// The box's own addresses on it; sorted. No link-local ones, and none of those that IPv6 draws anew each day: nobody is told of
        /// them, and what depended on one would change with it.
        public var addresses: [IPAddress]
        /// Bytes.
        public var mtu: Int
        /// Whether it is a bridge that only containers and virtual machines of this box are at.
        public var isForGuests: Bool
        /// Whether it is switched on and somebody is at the other end.
        public var isReady: Bool

        /// Makes an interface.
        public init(
            _ name: String, networks: [IPPrefix], addresses: [IPAddress] = [], mtu: Int = 1500,
            isForGuests: Bool = false, isReady: Bool = true
        ) {
            self.name = name
            self.networks = networks
            self.addresses = addresses
            self.mtu = mtu
            self.isForGuests = isForGuests
            self.isReady = isReady
        }
    }

    /// A route that somebody has set, by one of its interfaces.
    public struct Way: Hashable, Comparable, Sendable {
        /// Where to.
        public var destination: IPPrefix
        /// By which interface.
        public var interface: String
        /// The route's own MTU, bytes; nil where it has none but the interface's.
        public var mtu: Int?
        /// The router there of one that leads out; nil where none is between.
        public var gateway: IPAddress?

        /// Makes a way.
        public init(
            _ destination: IPPrefix, by interface: String, mtu: Int? = nil, gateway: IPAddress? = nil
        ) {
            self.gateway = gateway
            self.destination = destination
            self.interface = interface
            self.mtu = mtu
        }

        /// By destination.
        public static func < (a: Self, b: Self) -> Bool {
            let none = IPAddress.v4(IPv4Address(rawValue: 0))
            return (a.destination, a.interface, a.mtu ?? 0, a.gateway ?? none)
                < (b.destination, b.interface, b.mtu ?? 0, b.gateway ?? none)
        }

        /// Whether it leads out: a default route, half of one, or one to all of IPv6 that is given to anybody (2000::/3).
        public var leadsOut: Bool {
            destination.length <= 1 || destination.isV6 && destination.length <= 3
        }
    }

    /// Sorted by name.
    public var interfaces: [Interface]
    /// Of the tables that the box's rules lead to.
    public var ways: [Way]

    /// Makes networks; both lists are sorted here.
    public init(interfaces: [Interface] = [], ways: [Way] = []) {
        self.interfaces = interfaces.sorted { $0.name < $1.name }
        self.ways = Set(ways).sorted()
    }

    /// Without some interfaces, and what goes by them.
    public func without(_ isLeftOut: (String) -> Bool) -> BoxNetworks {
        BoxNetworks(
            interfaces: interfaces.filter { !isLeftOut($0.name) }, ways: ways.filter { !isLeftOut($0.interface) })
    }

    /// All networks that the box is in.
    public var all: [IPPrefix] { interfaces.flatMap(\.networks) }
}
