public import NetTypes

/// How WireGuard's datagrams leave that are sent from an address of the box's: by the way out that has the address.
///
/// Whoever knows the box by one of its addresses, from behind a NAT above all, hears it from no other, and no provider carries another
/// one's addresses. The kernel's WireGuard answers from where it was called only as long as the route leaves there. This makes it do
/// so for each address, wherever everything else goes out.
public struct AnswerWay: Hashable, Comparable, Sendable {
    /// The box's address.
    public var source: IPAddress
    /// UDP: WireGuard's.
    public var port: UInt16
    /// The way out that has the address.
    public var interface: String
    /// The router there; nil where none is between.
    public var gateway: IPAddress?

    /// Makes one.
    public init(_ source: IPAddress, port: UInt16, by interface: String, gateway: IPAddress?) {
        self.source = source
        self.port = port
        self.interface = interface
        self.gateway = gateway
    }

    /// By address.
    public static func < (a: Self, b: Self) -> Bool {
        let none = IPAddress.v4(IPv4Address(rawValue: 0))
        return (a.source, a.port, a.interface, a.gateway ?? none) < (b.source, b.port, b.interface, b.gateway ?? none)
    }
}

/// A peer that is told where the box is now.
public struct PeerCall: Hashable, Sendable {
    /// Its identity.
    public var publicKey: PublicKey
    /// Where it was heard last.
    public var endpoint: SocketAddress
    /// Seconds, as it is set; 0 is off.
    public var keepalive: UInt16

    /// Makes one.
    public init(_ publicKey: PublicKey, at endpoint: SocketAddress, keepalive: UInt16) {
        self.publicKey = publicKey
        self.endpoint = endpoint
        self.keepalive = keepalive
    }
}
