public import BoxModel
public import Firewall
public import NetTypes
public import SiteModel

/// What was found at a step.
public enum Fact: Equatable, Sendable {
    // MARK: The profile

    /// What lets a flow through.
    public enum Grant: Equatable, Sendable {
        /// A peer without a policy reaches the LAN and the gateway.
        case wholeLAN(peer: String)
        /// A rule of a peer's own policy, or of its group's.
        case rule(AccessRule, peer: String, group: String?)
        /// Everybody may ask the DNS servers of the site.
        case dns(IPAddress)
        /// A peer goes out to the Internet.
        case fullTunnel(peer: String)
        /// Everybody may ping the gateway.
        case echo
        /// The LAN may open connections to peers.
        case fromLAN
        /// This box may.
        case fromGateway
    }

    /// Why it is not let through.
    public enum Refusal: Equatable, Sendable {
        /// None of a policy's rules names it.
        case policy(peer: String, group: String?)
        /// Without a rule that names it, a peer reaches no other, nor the networks behind it.
        case otherPeer(peer: String, other: String)
        /// It does not go out through the gateway.
        case splitTunnel(peer: String)
        /// It goes out, but this is nobody's address in the Internet.
        case notInternet(IPPrefix)
        /// Only the LAN opens connections to peers.
        case notFromLAN(IPPrefix)
        /// Its time is over.
        case expired(peer: String, UTCTime)
        /// The rules say so.
        case other
    }

    case granted(Grant)
    case refused(Refusal)
    /// Only some of what could be asked for is.
    case grantedInPart([AccessRule], peer: String, group: String?)

    // MARK: Peers

    /// The network that leads there.
    case sendsIntoTunnel(peer: String, IPPrefix)
    case sendsElsewhere(peer: String, isSplit: Bool)
    /// It answers the gateway, and not in the name of this address: its own allowed IPs do not hold it.
    case takesNothingFrom(peer: String, IPAddress)
    /// A peer's own network is likely the same.
    case commonNetwork(IPPrefix)
    /// The peer's datagrams come from inside the LAN.
    case isAtHome(peer: String, IPAddress)
    case nothingApplied
    case noInterface(String)
    case interfaceDown(String)
    case datapathSilent(String)
    case notOnInterface(peer: String)
    /// Another key, port or preshared key than the site says.
    case sessionDiffers(peer: String, SessionPart)
    case alive(peer: String, age: Int64, endpoint: SocketAddress?)
    case neverSeen(peer: String, ports: [UInt16])
    case silent(peer: String, age: Int64, keepalive: UInt16)
    /// Nobody dialled in, and the gateway knows nowhere to dial.
    case noEndpoint(peer: String)
    case endpointUnreachable(peer: String, SocketAddress)
    case endpointInTunnel(peer: String, SocketAddress)
    case belongs(IPAddress, peer: String)
    case belongsToOther(IPAddress, peer: String?, instead: String)
    case belongsToNobody(IPAddress)

    /// What of a session differs.
    public enum SessionPart: String, Equatable, Sendable { case gatewayKey, presharedKey, port }

    // MARK: The box

    /// Chains that said nothing against it.
    case chainsPass([String])
    case drops(RulePlace, owner: String?, rejecting: Bool)
    case mayDrop(Doubt, owner: String?)
    /// A packet that somebody else's rules send to another address.
    case redirected(to: IPAddress?, RulePlace?)
    case ownTableGone
    case ownTableDiffers
    /// What carries the LAN or leads out is another interface than when the revision was applied.
    case boxMoved(revision: Int)
    case reversePath(interface: String, value: Int)
    case reversePathDrops(interface: String, key: String, back: RouteAnswer)
    case forwards(interface: String)
    case forwardsNot(key: String)
    case routed(RouteWay)
    case routedToThisBox(IPAddress)
    case routeRefuses(IPAddress, RouteAnswer.Refusal)
    case noRoute(IPAddress)
    case martian(IPAddress, interface: String)
    /// It should go by another interface.
    case routedAstray(RouteWay, expected: String)
    case keepsSource(IPAddress)
    case masquerades(as: IPAddress?, interface: String)
    case linkGone(String)
    case linkDown(String)
    case noCarrier(String)
    case neighbour(IPAddress, NeighbourState?)
    case exceeds(mtu: Int, of: Int, interface: String)
    case tunnelSize(is: Int, shouldBe: Int)
    case served(IPAddress, Flow.Service)
    case notServed(IPAddress, Flow.Service)

    // MARK: The way back

    case answersGateway(IPAddress?)
    case answeredFor(IPAddress, interface: String)
    case notAnsweredFor(IPAddress, interface: String, key: String)
    case routerNeedsRoute(IPPrefix)
    /// Its answer came.
    case wayBackSeen(IPPrefix, to: IPPrefix)
    /// Whether the LAN's host sends it here cannot be seen.
    case hostSendsHere(IPPrefix)

    // MARK: Live

    case answered(IPAddress, milliseconds: Int)
    case noNeighbour(IPAddress)
    case twoNeighbours(IPAddress)
    case connectionRefused(IPAddress, Flow.Service)
    case unreachable(IPAddress, by: IPAddress)
    case noAnswer(IPAddress)
    case answersGatewayOnly(IPAddress, from: IPAddress)
}
