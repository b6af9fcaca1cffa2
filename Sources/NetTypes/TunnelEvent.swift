/// Something that WireGuard says of itself, whoever carries the packets: the kernel's dynamic debug lines, and what the
/// built-in datapath tells in the same words. Never holds a secret.
public struct TunnelEvent: Hashable, Sendable {
    /// What happened. The raw value is the word in event streams and in JSON.
    public enum Kind: String, CaseIterable, Sendable {
        /// A handshake is begun.
        case sendingInitiation = "sending-initiation"
        /// A handshake is answered.
        case sendingResponse = "sending-response"
        /// Too much comes in: the sender must prove its address first.
        case sendingCookieReply = "sending-cookie-reply"
        /// Nothing else was sent for a while.
        case sendingKeepalive = "sending-keepalive"
        /// The peer begins a handshake.
        case receivingInitiation = "receiving-initiation"
        /// The peer answers a handshake.
        case receivingResponse = "receiving-response"
        /// A peer under load wants our address proven.
        case receivingCookieReply = "receiving-cookie-reply"
        /// The peer is there and has nothing to say.
        case receivingKeepalive = "receiving-keepalive"
        /// A handshake message whose sender does not know our public key.
        case invalidMAC = "invalid-mac"
        /// From a stranger, a replay, or damaged.
        case invalidInitiation = "invalid-initiation"
        /// To no handshake that was begun, or damaged.
        case invalidResponse = "invalid-response"
        /// To no message that was sent, or damaged.
        case invalidCookieReply = "invalid-cookie-reply"
        /// Too many handshake messages wait already.
        case droppedHandshake = "dropped-handshake"
        /// A handshake is done: there are new session keys.
        case keypairCreated = "keypair-created"
        /// Session keys are erased.
        case keypairDestroyed = "keypair-destroyed"
        /// Nobody answered for five seconds.
        case retryingHandshake = "retrying-handshake"
        /// Nobody answered for 90 seconds.
        case gaveUpHandshake = "gave-up-handshake"
        /// Data was sent, and nothing came back for 15 seconds.
        case stoppedHearing = "stopped-hearing"
        /// No new keys for nine minutes: the old ones are erased.
        case zeroingKeys = "zeroing-keys"
        /// A peer was configured.
        case peerCreated = "peer-created"
        /// A peer was removed.
        case peerDestroyed = "peer-destroyed"
        /// A packet came in that its peer may not send, or that is none.
        case refusedPacket = "refused-packet"
        /// A packet cannot go out: nobody's allowed IPs, no endpoint, no route.
        case unsentPacket = "unsent-packet"
        /// The interface was made.
        case interfaceCreated = "interface-created"
        /// The interface was deleted.
        case interfaceDestroyed = "interface-destroyed"
    }

    /// What happened.
    public var kind: Kind
    /// When, nanoseconds since boot.
    public var sinceBoot: UInt64
    /// When, seconds since the epoch.
    public var seconds: Int64
    /// 0…999,999,999, to be added to `seconds`.
    public var nanoseconds: UInt32
    /// With whom, if it is known.
    public var peer: PublicKey?
    /// The kernel's own number of the peer, which it shows nowhere else.
    public var peerNumber: UInt64?
    /// Where the peer is, or whoever sent a message that is nobody's.
    public var endpoint: SocketAddress?
    /// Counts all keypairs of the interface.
    public var keypair: UInt64?
    /// Of `retryingHandshake` the number of the try, from 2; of `gaveUpHandshake` how many there were.
    public var attempts: Int?
    /// Of `refusedPacket` and `unsentPacket` the reason, one clause, where the kernel told it.
    public var reason: String?
    /// Of the same two the packet, where the built-in datapath told of it and it is one.
    public var packet: PacketHeader?

    /// Makes an event.
    public init(
        _ kind: Kind, sinceBoot: UInt64, seconds: Int64, nanoseconds: UInt32, peer: PublicKey? = nil,
        peerNumber: UInt64? = nil, endpoint: SocketAddress? = nil, keypair: UInt64? = nil, attempts: Int? = nil,
        reason: String? = nil, packet: PacketHeader? = nil
    ) {
        self.kind = kind
        self.sinceBoot = sinceBoot
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.peer = peer
        self.peerNumber = peerNumber
        self.endpoint = endpoint
        self.keypair = keypair
        self.attempts = attempts
        self.reason = reason
        self.packet = packet
    }

    /// For people: `Receiving handshake initiation (1.200.48.72:19543)`. The kernel's words without the peer's number.
    public var text: String { words + (endpoint.map { " (\($0))" } ?? "") }

    private var words: String {
        switch kind {
        case .sendingInitiation: "Sending handshake initiation"
        case .sendingResponse: "Sending handshake response"
        case .sendingCookieReply: "Sending cookie response for denied handshake message"
        case .sendingKeepalive: "Sending keepalive packet"
        case .receivingInitiation: "Receiving handshake initiation"
        case .receivingResponse: "Receiving handshake response"
        case .receivingCookieReply: "Receiving cookie response"
        case .receivingKeepalive: "Receiving keepalive packet"
        case .invalidMAC: "Invalid MAC of handshake, dropping packet"
        case .invalidInitiation: "Invalid handshake initiation"
        case .invalidResponse: "Invalid handshake response"
        case .invalidCookieReply: "Could not decrypt invalid cookie response"
        case .droppedHandshake: "Dropping handshake packet"
        case .keypairCreated: "Keypair\(number) created"
        case .keypairDestroyed: "Keypair\(number) destroyed"
        case .retryingHandshake:
            "Handshake did not complete after 5 seconds, retrying\(attempts.map { " (try \($0))" } ?? "")"
        case .gaveUpHandshake: "Handshake did not complete after \(attempts.map { "\($0) " } ?? "")attempts, giving up"
        case .stoppedHearing: "Retrying handshake because we stopped hearing back after 15 seconds"
        case .zeroingKeys: "Zeroing out all keys, since we haven't received a new one in 540 seconds"
        case .peerCreated: "Peer created"
        case .peerDestroyed: "Peer destroyed"
        case .refusedPacket:
            reason ?? packet.map { "Packet has unallowed src IP: \($0)" } ?? "Packet is neither ipv4 nor ipv6"
        case .unsentPacket:
            reason ?? (peer == nil ? "No peer has allowed IPs matching" : "No valid endpoint has been configured for")
                + (packet.map { " \($0)" } ?? " a packet")
        case .interfaceCreated: "Interface created"
        case .interfaceDestroyed: "Interface destroyed"
        }
    }

    private var number: String { keypair.map { " \($0)" } ?? "" }
}
