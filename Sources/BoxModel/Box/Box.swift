public import Firewall
public import NetTypes
public import SiteModel

/// The box that wggw runs on: the one seam between what is decided and what is done.
///
/// `LinuxNet` has the real one; `SimulatedBox` is its in-memory twin, so that whole applies run in tests without root.
public protocol Box {
    /// Says that an observation of this interface comes next, and that its WireGuard side may be as of now: a box that
    /// takes long to read it begins, while the caller reads the site. Changes nothing.
    func expectObservation(of interface: String)
    /// What the box says now about what `scope` names. Changes nothing.
    func observe(_ scope: Scope) throws(BoxError) -> ObservedState
    /// Carries out one change. A change that is already so is no error.
    func perform(_ change: Change) throws(BoxError)
    /// Switches forwarding on again where it was switched off for as long as the firewall's table was gone: with `needsTable` if that
    /// is back.
    func resumeForwarding(needsTable: Bool) throws(BoxError)
    /// Keeps the firewall's table from everybody but wggw, as long as this process lives, where the kernel can; returns whether it is
    /// kept so.
    func holdFirewall() throws(BoxError) -> Bool
    /// What a draft needs to know of the box to fill in what the profile left out.
    func facts() throws(BoxError) -> BoxFacts
    /// What the box is in, and with `reaching` what it has routes to: the ways out, and those that have to do with these networks.
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks
    /// Whether an interface of this name has IPv6, or would have it if it were made now: the kernel may lack it, and it may be switched
    /// off (`disable_ipv6`).
    func hasIPv6(_ interface: String) throws(BoxError) -> Bool
    /// The kernel's index of each interface by name: it stays the same when the interface gets another name.
    func links() throws(BoxError) -> [String: UInt32]
    /// The addresses that a name stands for, at least one. Throws where nobody knows the name, and where nobody answers for
    /// some seconds.
    func addresses(of name: String) throws(BoxError) -> [IPAddress]
}

extension Box {
    /// A box that is looked at in no time waits until it is asked.
    public func expectObservation(of interface: String) {}

    /// Who is no service switches nothing off.
    public func resumeForwarding(needsTable: Bool) throws(BoxError) {}

    /// Who is no service holds nothing.
    public func holdFirewall() throws(BoxError) -> Bool { false }
}

/// What to look at.
public struct Scope: Equatable, Sendable {
    /// The WireGuard interface's name.
    public var interface: String
    /// Files under /proc/sys, with slashes; those with a `*` are patterns, see `SysctlPattern`.
    public var sysctls: Set<String>
    /// Interfaces whose proxy neighbours matter.
    public var neighbourInterfaces: Set<String>
    /// The UDP port that foreign firewalls have to let in; nil: the one that the interface has now.
    public var listenPort: UInt16?
    /// Whether the interface's WireGuard side is asked for: whoever takes the interface away needs nothing of it.
    public var readsWireGuard = true
    /// What foreign firewalls have to let through besides.
    public var traffic: Traffic
    /// What the firewall is if its generation is still the same: then it need not be read, and comes without counters.
    public var knownFirewall: KnownFirewall?

    /// Makes a scope.
    public init(
        interface: String, sysctls: Set<String> = [], neighbourInterfaces: Set<String> = [], listenPort: UInt16? = nil,
        traffic: Traffic = Traffic()
    ) {
        self.interface = interface
        self.sysctls = sysctls
        self.neighbourInterfaces = neighbourInterfaces
        self.listenPort = listenPort
        self.traffic = traffic
    }
}

/// The box as a draft finds it.
public struct BoxFacts: Equatable, Sendable {
    /// An interface other than loopback.
    public struct Interface: Equatable, Sendable {
        /// Its name.
        public var name: String
        /// Bytes.
        public var mtu: Int
        /// Sorted; link-local ones included.
        public var addresses: [InterfaceAddress]
        /// As in `BoxNetworks.Interface`.
        public var isForGuests: Bool
        /// As in `BoxNetworks.Interface`.
        public var isReady: Bool

        /// Makes an interface.
        public init(
            name: String, mtu: Int, addresses: [InterfaceAddress], isForGuests: Bool = false, isReady: Bool = true
        ) {
            self.name = name
            self.mtu = mtu
            self.addresses = addresses
            self.isForGuests = isForGuests
            self.isReady = isReady
        }
    }

    /// Sorted by name.
    public var interfaces: [Interface]
    /// Routes that somebody has set, also default ones.
    public var ways: [BoxNetworks.Way]
    /// Destinations of all routes, for choosing what collides with nothing.
    public var routes: [IPPrefix]
    /// What the box forwards, of both families.
    public var forwarding: OtherForwarding
    /// Whether a new interface has IPv6.
    public var hasIPv6: Bool

    /// Makes facts.
    public init(
        interfaces: [Interface] = [], ways: [BoxNetworks.Way] = [], routes: [IPPrefix] = [],
        forwarding: OtherForwarding = .drop, hasIPv6: Bool = true
    ) {
        self.interfaces = interfaces
        self.ways = ways
        self.routes = routes
        self.forwarding = forwarding
        self.hasIPv6 = hasIPv6
    }
}

extension BoxFacts {
    /// The same as what roles are found by.
    public var networks: BoxNetworks {
        BoxNetworks(
            interfaces: interfaces.map { interface in
                let held = Set(interface.addresses.map(\.network)).filter { !$0.address.isLinkLocal }
                return BoxNetworks.Interface(
                    interface.name, networks: held.sorted(),
                    addresses: interface.addresses.map(\.address).filter { !$0.isLinkLocal }.sorted(),
                    mtu: interface.mtu, isForGuests: interface.isForGuests, isReady: interface.isReady)
            }, ways: ways)
    }
}
