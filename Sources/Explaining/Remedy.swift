internal import BoxModel
public import NetTypes
public import SiteModel

/// What would help. The command line writes it as a command, a page would as a button.
public enum Remedy: Equatable, Sendable {
    /// The box is to be as the applied revision says.
    case restore
    /// Nothing is applied yet.
    case apply
    /// A peer is to go out through the gateway.
    case fullTunnel(peer: String)
    /// A peer is to come in for longer.
    case prolong(peer: String)
    /// A peer's own policy is to be this.
    case policy(peer: String, [AccessRule])
    /// A group's policy is to hold this as well.
    case groupRule(group: String, AccessRule)
    /// A peer's side is to have the file that is written for it now.
    case newFile(peer: String)
    /// The log tells what of a peer's datagrams arrives.
    case watchLog
    /// Somebody else's rules are to let it through: a command of theirs.
    case command(String)
    /// The LAN's router has to be told a route.
    case routerRoute(IPPrefix, via: IPAddress?)
    /// What somebody has to do elsewhere, in words.
    case elsewhere(Advice)

    /// What is to be done where no command of this box reaches.
    public enum Advice: Equatable, Sendable {
        /// Look at the cable, or switch the interface on.
        case connect(interface: String)
        /// Is the host on, and is this its address?
        case switchOn(IPAddress)
        /// Start what should answer, or bind it to this address too.
        case serve(Flow.Service)
        /// The host has a firewall of its own, or answers its own network alone.
        case hostFirewall(IPAddress)
        /// Renumber one of two networks that are the same.
        case renumber(IPPrefix)
        /// Take the route or rule away that says otherwise.
        case removeRoute(IPAddress, table: UInt32?)
        /// Add a route.
        case addRoute(IPAddress)
        /// Two have one address.
        case changeAddress(IPAddress)
    }
}

extension Remedy.Advice {
    /// Take the route away by which an address is reached; table main needs no name.
    static func removeRoute(_ address: IPAddress, in way: RouteWay) -> Self {
        .removeRoute(address, table: way.table == 254 ? nil : way.table)
    }
}
