public import NetTypes

/// The control state machine of one interface: sans IO, one thread.
///
/// Time and randomness are parameters. Everything it wants done comes out as effects; what workers read, it writes into
/// `tables`. Single consumer: the control thread.
public final class Device {
    /// What workers read. Lives as long as the device.
    public let tables: SharedTables

    /// A device without a private key and without peers, down. `random` fills with bytes from a secure source.
    public init(
        capacity: Int = Limits.peersPerDevice, random: @escaping (UnsafeMutableRawBufferPointer) -> Void
    ) {
        preconditionFailure()
    }

    // MARK: Messages and requests

    /// A handshake message (types 1, 2, 3) from `source`. Anything else, or anything wrong, is dropped in silence.
    public func receive(
        _ message: UnsafeRawBufferPointer, from source: SocketAddress, underLoad: Bool, now: Now,
        into effects: inout Effects
    ) {
        preconditionFailure()
    }

    /// A worker raised something for the peer and pushed it on the control queue.
    public func serve(_ peer: PeerIndex, now: Now, into effects: inout Effects) { preconditionFailure() }

    /// Does what is due. Call when `nextDeadline` is reached, or later.
    public func tick(now: Now, into effects: inout Effects) { preconditionFailure() }

    /// When `tick` is due next, monotonic nanoseconds; nil while no timer is armed. Look after every call.
    public var nextDeadline: UInt64? { preconditionFailure() }

    // MARK: Reclaiming

    /// Closes the batch of what was retired (keypairs, peers' indices, nodes of the allowed IPs) and returns its ticket;
    /// nil where nothing was. Every worker must then pass an epoch before `reclaim`.
    public func retire() -> UInt64? { preconditionFailure() }

    /// Every worker passed an epoch since `retire` returned this ticket: wipes and frees that batch and those before.
    public func reclaim(_ ticket: UInt64) { preconditionFailure() }

    // MARK: Configuration

    /// The interface went up: sessions are asked for where keepalives are configured.
    public func up(now: Now, into effects: inout Effects) { preconditionFailure() }

    /// The interface went down: all sessions, handshakes and timers end.
    public func down(into effects: inout Effects) { preconditionFailure() }

    /// The private key, nil for none.
    public var privateKey: PrivateKey? { preconditionFailure() }

    /// The public key, nil for none.
    public var publicKey: PublicKey? { preconditionFailure() }

    /// `private_key=`; nil takes it away. Peers stay but for one that has the key's own public key; keypairs send no longer.
    public func setPrivateKey(_ key: PrivateKey?, now: Now, into effects: inout Effects) { preconditionFailure() }

    /// `fwmark=` or another route: local addresses of all peers are forgotten.
    public func clearEndpointSources(into effects: inout Effects) { preconditionFailure() }

    /// `replace_peers=true`
    public func removeAllPeers(into effects: inout Effects) { preconditionFailure() }

    /// One peer's section. Returns the peer, nil where it does not exist afterwards (removed, `update_only`, own key).
    @discardableResult public func configure(
        _ peer: PeerConfiguration, now: Now, into effects: inout Effects
    ) throws(ConfigurationError) -> PeerIndex? {
        preconditionFailure()
    }

    /// The peers in the order in which they were added.
    public var peers: [PeerIndex] { preconditionFailure() }

    /// The peer with a public key.
    public func peer(_ publicKey: PublicKey) -> PeerIndex? { preconditionFailure() }

    /// What a dump says about a peer.
    public func status(of peer: PeerIndex) -> PeerStatus { preconditionFailure() }

    /// Calls `body` with each of the peer's allowed IPs, in the order in which they were added.
    public func forEachAllowedIP(of peer: PeerIndex, _ body: (IPPrefix) -> Void) { preconditionFailure() }
}
