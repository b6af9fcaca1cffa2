// What the text of the configuration protocol says (wireguard.com/xplatform), and the one table of its keys. A request names what
// is to change, an answer tells what is: what both have is the same lines.

public import NetTypes

/// The interface's own lines. nil: there is no such line, which in a request leaves it as it is.
public struct InterfaceSection: Equatable, Sendable {
    /// `private_key`; the inner nil is all zeros, which takes it away.
    public var privateKey: PrivateKey??
    /// `listen_port`, UDP; 0: any.
    public var listenPort: UInt16?
    /// `fwmark`; 0 is none.
    public var mark: UInt32?
    /// AmneziaWG's lines, by the names and in the forms of amneziawg-go. Of requests: what is to change, to be checked with what is
    /// there as a whole before anything does; of answers: what is not default, since to some a default is a fault.
    public var awg = AWGSets()
    /// `replace_peers=true`, of requests: what peers there are go first.
    public var replacePeers = false

    /// No line.
    public init() {}
}

/// A peer's lines. nil: there is no such line, which in a request leaves it as it is.
public struct PeerSection: Equatable, Sendable {
    /// A value of `allowed_ip`.
    public struct AllowedIP: Equatable, Sendable {
        /// The network; host bits are masked, as in the kernel.
        public let prefix: IPPrefix
        /// `-` before the prefix, of requests: taken away from this peer, if it is this peer's.
        public let isRemoval: Bool
        /// Makes a value.
        public init(_ prefix: IPPrefix, isRemoval: Bool = false) {
            self.prefix = prefix
            self.isRemoval = isRemoval
        }
    }

    /// `public_key`, the first of a peer's lines.
    public let publicKey: PublicKey
    /// `update_only=true`, of requests: nothing is done if there is no such peer.
    public var updateOnly = false
    /// `remove=true`, of requests.
    public var remove = false
    /// `preshared_key`; the inner nil is all zeros: none.
    public var presharedKey: PresharedKey??
    /// `protocol_version=1`
    public var namesVersion = false
    /// `endpoint`
    public var endpoint: SocketAddress?
    /// `last_handshake_time_sec`, of answers: seconds since 1970, 0 for never.
    public var lastHandshake: Int64?
    /// `last_handshake_time_nsec`, of answers: 0…999,999,999, to be added.
    public var lastHandshakeNanoseconds: UInt32?
    /// `tx_bytes`, of answers.
    public var sentBytes: UInt64?
    /// `rx_bytes`, of answers.
    public var receivedBytes: UInt64?
    /// `persistent_keepalive_interval`, seconds; 0 is off. A range, which `wg` does not read, only where one was asked for.
    public var persistentKeepalive: AWGRange<UInt16>?
    /// `dialect`, wggw's own: what handshakes with the peer begin in until it says something itself. 0 is plain WireGuard, 1…3 the
    /// interface's AmneziaWG sets. Without the line: the first set, if the interface has one.
    public var dialect: UInt8?
    /// `replace_allowed_ips=true`, of requests: what there are go first.
    public var replaceAllowedIPs = false
    /// `allowed_ip`, in order.
    public var allowedIPs: [AllowedIP] = []

    /// A section that only names its peer.
    public init(_ publicKey: PublicKey) { self.publicKey = publicKey }
}

/// Goes over a section's lines, to write them all or to find the one that was read.
protocol SectionLines: ~Copyable {
    /// Whether the text is a request, which has keys that no answer has, and the other way round.
    var isRequest: Bool { get }
    /// Whether all lines are written, and not one is looked for.
    var isWriting: Bool { get }
    /// `KEY=VALUE`, or no line.
    mutating func value<Value: LineValue>(_ key: StaticString, _ value: inout Value?)
    /// A line for each.
    mutating func values<Value: LineValue>(_ key: StaticString, _ values: inout [Value])
    /// A line with the only value that there is, or no line.
    mutating func mark(_ key: StaticString, _ value: StaticString, _ isThere: inout Bool)
}

extension SectionLines where Self: ~Copyable {
    /// `KEY=true`, or no line.
    mutating func flag(_ key: StaticString, _ isSet: inout Bool) { mark(key, "true", &isSet) }
}

// A new key is a line here, and the field that it names above.

extension InterfaceSection {
    /// All keys, in the order in which they are written.
    mutating func visit(_ lines: inout some SectionLines & ~Copyable) {
        lines.value("private_key", &privateKey)
        lines.value("listen_port", &listenPort)
        lines.value("fwmark", &mark)
        awg.visit(&lines)
        if lines.isRequest { lines.flag("replace_peers", &replacePeers) }
    }
}

extension PeerSection {
    /// All keys but `public_key`, in the order in which they are written.
    mutating func visit(_ lines: inout some SectionLines & ~Copyable) {
        if lines.isRequest {
            lines.flag("update_only", &updateOnly)
            lines.flag("remove", &remove)
        }
        lines.value("preshared_key", &presharedKey)
        lines.mark("protocol_version", "1", &namesVersion)
        lines.value("endpoint", &endpoint)
        if !lines.isRequest {
            lines.value("last_handshake_time_sec", &lastHandshake)
            lines.value("last_handshake_time_nsec", &lastHandshakeNanoseconds)
            lines.value("tx_bytes", &sentBytes)
            lines.value("rx_bytes", &receivedBytes)
        }
        lines.value("persistent_keepalive_interval", &persistentKeepalive)
        lines.value("dialect", &dialect)
        if lines.isRequest { lines.flag("replace_allowed_ips", &replaceAllowedIPs) }
        lines.values("allowed_ip", &allowedIPs)
    }
}
