// What WireGuard says of itself, on a socket of its own: nobody who reads it is waited for.

import CLinux
import Glibc
import NetTypes
import WireGuardProtocol

/// Remembers the last events and tells them, and those that come, to whoever connects. One thread: the control thread.
///
/// Where nobody is connected, an event costs a store into a ring.
final class EventStream {
    /// How many events are remembered.
    static let remembered = 1024

    private var ring = EventRing<TunnelEvent>(capacity: remembered)
    private var readers: [Int32: EventReader] = [:]

    /// Whether anybody is connected.
    var isHeard: Bool { !readers.isEmpty }

    /// `/var/run/wireguard/NAME.events`; `wg` looks at what ends in .sock only.
    static func path(interface name: String) -> String { "/var/run/wireguard/\(name).events" }

    /// Notes an event. `publicKey`: of the peer that it is about. `endpoint`: of the peer, or where a message that
    /// is nobody's came from.
    func note(_ event: LogEvent, publicKey: PublicKey?, endpoint: SocketAddress?, at moment: Now) {
        var told = TunnelEvent(
            event.kind, sinceBoot: moment.monotonic, seconds: moment.wall.seconds,
            nanoseconds: moment.wall.nanoseconds, endpoint: endpoint)
        told.peer = publicKey
        switch event {
        case .keypairCreated(_, let id), .keypairDestroyed(_, let id): told.keypair = id
        case .retryingHandshake(_, let count), .gaveUpHandshake(_, let count): told.attempts = count
        default: break
        }
        ring.append(told)
        guard isHeard else { return }
        let line = Array("\(EventStreamLine.event(told))\n".utf8)
        for reader in readers.values { reader.append(line) }
    }

    /// Takes a connection, and with it the descriptor: first what is remembered, then what comes.
    func connect(_ descriptor: Int32) {
        var bytes: [UInt8] = []
        ring.forEach { bytes += "\(EventStreamLine.event($0))\n".utf8 }
        bytes += "\(EventStreamLine.live)\n".utf8
        readers[descriptor] = EventReader(descriptor: descriptor, greeting: bytes)
    }

    /// Writes what can be written without waiting. Then `watch` is called for each connection that waits for something else
    /// than before; those that are gone are closed.
    func flush(_ watch: (Int32, UInt32) -> Void) {
        for (descriptor, reader) in readers {
            guard reader.flush() else {
                readers[descriptor] = nil
                continue
            }
            if let what = reader.newWish() { watch(descriptor, what) }
        }
    }

    /// A connection is ready for something: readers say nothing, so it is room to write, or its end.
    func serve(_ descriptor: Int32) {
        guard let reader = readers[descriptor] else { return }
        if !reader.isThere() { readers[descriptor] = nil }
    }

    /// Closes all connections.
    func removeAll() { readers.removeAll() }
}

/// Somebody who reads events. What he does not take is kept for him up to a limit, then counted.
final class EventReader {
    /// Bytes that are kept for a reader beyond the greeting: some 500 events.
    static let limit = 1 << 16

    private let descriptor: Int32
    private var output: [UInt8]
    private var written = 0
    private var greetingLeft: Int
    private var missed = 0
    private var watched: UInt32 = 0

    init(descriptor: Int32, greeting: [UInt8]) {
        self.descriptor = descriptor
        output = greeting
        greetingLeft = greeting.count
    }

    deinit { close(descriptor) }

    /// Keeps a line, with its end, or counts it.
    func append(_ line: [UInt8]) {
        guard output.count - max(written, greetingLeft) + line.count <= Self.limit else { return missed += 1 }
        tellMissed()
        output += line
    }

    private func tellMissed() {
        guard missed > 0 else { return }
        output += "\(EventStreamLine.missed(missed))\n".utf8
        missed = 0
    }

    /// Writes what the reader takes now. False: he is gone.
    func flush() -> Bool {
        while true {
            while written < output.count {
                let count = output.withUnsafeBytes { bytes in
                    send(descriptor, bytes.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
                }
                if count < 0 {
                    let isThere = errno == EAGAIN || errno == EINTR
                    letGoOfWritten()
                    return isThere
                }
                written += count
            }
            output.removeAll(keepingCapacity: true)
            (written, greetingLeft) = (0, 0)
            if missed == 0 { return true }
            tellMissed()
        }
    }

    /// A reader who is always a little behind must not make the buffer grow.
    private func letGoOfWritten() {
        guard written > Self.limit else { return }
        output.removeFirst(written)
        greetingLeft = max(0, greetingLeft - written)
        written = 0
    }

    /// What to wait for, if it is something else than at the last call.
    func newWish() -> UInt32? {
        let wish = UInt32(POLLER_READABLE) | (written < output.count ? UInt32(POLLER_WRITABLE) : 0)
        defer { watched = wish }
        return wish == watched ? nil : wish
    }

    /// False: he has closed the connection. What he says is nothing to anybody.
    func isThere() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
        }
    }
}

extension LogEvent {
    /// The word for it that all backends share.
    var kind: TunnelEvent.Kind {
        switch self {
        case .sendingInitiation: .sendingInitiation
        case .sendingResponse: .sendingResponse
        case .sendingCookieReply: .sendingCookieReply
        case .sendingKeepalive: .sendingKeepalive
        case .receivedInitiation: .receivingInitiation
        case .receivedResponse: .receivingResponse
        case .receivedCookieReply: .receivingCookieReply
        case .receivedKeepalive: .receivingKeepalive
        case .invalidCookieReply: .invalidCookieReply
        case .invalidMAC: .invalidMAC
        case .invalidInitiation: .invalidInitiation
        case .invalidResponse: .invalidResponse
        case .keypairCreated: .keypairCreated
        case .keypairDestroyed: .keypairDestroyed
        case .retryingHandshake: .retryingHandshake
        case .gaveUpHandshake: .gaveUpHandshake
        case .stoppedHearing: .stoppedHearing
        case .zeroingKeys: .zeroingKeys
        case .peerCreated: .peerCreated
        case .peerDestroyed: .peerDestroyed
        }
    }

    /// Whom it is about; nil: a message that is nobody's.
    var peer: PeerIndex? {
        switch self {
        case .sendingInitiation(let peer), .sendingResponse(let peer), .receivedInitiation(let peer),
            .receivedResponse(let peer), .sendingKeepalive(let peer), .receivedKeepalive(let peer),
            .keypairCreated(let peer, _), .keypairDestroyed(let peer, _), .retryingHandshake(let peer, _),
            .gaveUpHandshake(let peer, _), .stoppedHearing(let peer), .zeroingKeys(let peer), .peerCreated(let peer),
            .peerDestroyed(let peer):
            peer
        case .sendingCookieReply, .receivedCookieReply, .invalidCookieReply, .invalidMAC, .invalidInitiation,
            .invalidResponse:
            nil
        }
    }
}
