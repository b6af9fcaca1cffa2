public import NetTypes

/// What the device wants done, in order. Do each one right away, on the control thread, before the next call.
public enum Effect: Equatable, Sendable {
    /// A peer was added: its index is new to you.
    case peerAdded(PeerIndex)
    /// A peer was removed: drop its staged packets; its index comes back after `Device.reclaim`.
    case peerRemoved(PeerIndex)
    /// Send a handshake message to the peer's endpoint, if it has one, with TOS `Limits.handshakeTOS`; then add to `sentBytes`.
    case send(PeerIndex, message: Range<Int>)
    /// Send a datagram of a disguise to the peer's endpoint, if it has one, in this order and without a pause: what goes before an
    /// initiation and means nothing, or a handshake message. With TOS 0, since a mark would tell it; then add to `sentBytes`.
    case sendDisguised(PeerIndex, datagram: Range<Int>)
    /// Send a cookie reply to where the message that was just given to `receive` came from, from the address it was sent to.
    case reply(message: Range<Int>)
    /// The same, disguised: with TOS 0.
    case replyDisguised(datagram: Range<Int>)
    /// The message that was just given to `receive` came from the peer: its source is the endpoint now (roaming).
    case endpointIsSource(PeerIndex)
    /// The configuration says where the peer is. The source address is up to the kernel again.
    case setEndpoint(PeerIndex, SocketAddress)
    /// Forget which local address the peer is answered from: it may be the cause of trouble.
    case clearEndpointSource(PeerIndex)
    /// Send what is staged, or if nothing is, an empty data message; stage it and raise `.session` without a keypair.
    case sendKeepalive(PeerIndex)
    /// There is a keypair now: send what is staged.
    case sendStaged(PeerIndex)
    /// No handshake for as long as there are retries, 90 s: drop what is staged.
    case dropStaged(PeerIndex)
    /// Something to tell whoever listens.
    case log(LogEvent)
}

/// Effects and the bytes they point into. Keep one, and `removeAll` before each call: it allocates once.
public struct Effects: Sendable {
    /// In the order to do them.
    public internal(set) var list: [Effect] = []
    /// What the ranges of `send` and `reply` point into.
    public internal(set) var bytes: [UInt8] = []

    /// An empty buffer.
    public init() {}

    /// Empties it and keeps its memory, but not that of a call about all of thousands of peers.
    public mutating func removeAll() {
        list.removeAll(keepingCapacity: list.capacity <= 4096)
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ effect: Effect) { list.append(effect) }

    mutating func log(
        _ kind: TunnelEvent.Kind, _ peer: PeerIndex? = nil, keypair: UInt64? = nil, attempts: Int? = nil
    ) {
        list.append(.log(LogEvent(kind, peer, keypair: keypair, attempts: attempts)))
    }

    /// Makes room for a message and lets `body` write it; nil where that returns false.
    mutating func message(_ count: Int, _ body: (UnsafeMutableRawPointer) -> Bool) -> Range<Int>? {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        let written = bytes.withUnsafeMutableBytes { body($0.baseAddress! + start) }
        if !written { bytes.removeLast(count) }
        return written ? start..<start + count : nil
    }
}

/// Something that happened, in the words that all backends share. Never holds a key.
///
/// Of `sendingKeepalive` tells whoever carries out `Effect.sendKeepalive`, since what is staged goes in its place.
public struct LogEvent: Equatable, Sendable {
    /// What happened.
    public let kind: TunnelEvent.Kind
    /// Whom it is about; nil: a message that is nobody's.
    public let peer: PeerIndex?
    /// Of `keypairCreated` and `keypairDestroyed` the keypair's number.
    public let keypair: UInt64?
    /// Of `retryingHandshake` the number of the try, from 2; of `gaveUpHandshake` how many there were.
    public let attempts: Int?

    /// Makes an event.
    public init(
        _ kind: TunnelEvent.Kind, _ peer: PeerIndex? = nil, keypair: UInt64? = nil, attempts: Int? = nil
    ) {
        self.kind = kind
        self.peer = peer
        self.keypair = keypair
        self.attempts = attempts
    }
}
