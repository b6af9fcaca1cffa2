public import NetTypes

/// One peer's section of the cross-platform configuration protocol. nil: not named, so left as it is.
public struct PeerConfiguration: Sendable {
    /// One `allowed_ip` line.
    public struct AllowedIP: Equatable, Sendable {
        /// The network; the kernel masks host bits, so do that.
        public let prefix: IPPrefix
        /// `-` before the prefix: taken away from this peer, if it is this peer's.
        public let isRemoval: Bool
        /// Makes a line.
        public init(_ prefix: IPPrefix, isRemoval: Bool = false) {
            self.prefix = prefix
            self.isRemoval = isRemoval
        }
    }

    /// `public_key`
    public let publicKey: PublicKey
    /// `remove=true`
    public var remove = false
    /// `update_only=true`: do nothing if there is no such peer.
    public var updateOnly = false
    /// `preshared_key`; all zero is none.
    public var presharedKey: PresharedKey?
    /// `endpoint`
    public var endpoint: SocketAddress?
    /// `persistent_keepalive_interval`, seconds; 0 is off.
    public var persistentKeepalive: UInt16?
    /// `replace_allowed_ips=true`
    public var replaceAllowedIPs = false
    /// `allowed_ip`, in order.
    public var allowedIPs: [AllowedIP] = []

    /// A section that only names its peer.
    public init(_ publicKey: PublicKey) { self.publicKey = publicKey }
}

/// Why a configuration was refused. The device is as it was before that peer or prefix.
public enum ConfigurationError: Error, Equatable, Sendable {
    /// As many peers as a device can have: ENOMEM.
    case tooManyPeers
    /// No room for more allowed IPs: ENOMEM.
    case tooManyAllowedIPs
}

/// What a dump says about a peer, apart from what its record and the datapath hold (endpoint, counters).
public struct PeerStatus: Sendable {
    /// The public key.
    public let publicKey: PublicKey
    /// The preshared key, nil for none.
    public let presharedKey: PresharedKey?
    /// Seconds, 0 for off.
    public let persistentKeepalive: UInt16
    /// When a handshake last completed, or `.never`.
    public let lastHandshake: WallTime
}
