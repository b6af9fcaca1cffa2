// Sealed messages on their way to one send call.

import CLinux
import Glibc
import WireGuardProtocol

/// Messages to one endpoint, one behind the other, all of one size but for the last: what UDP_SEGMENT wants.
/// Single owner: a worker.
struct Outbox: ~Copyable {
    /// Older kernels take no more segments than this in one send.
    static let maximumSegments = 64
    let buffer: UnsafeMutableRawPointer
    let endpoint: UnsafeMutablePointer<udp_endpoint>
    private(set) var peer = PeerIndex.none
    private(set) var trafficClass: UInt8 = 0
    /// What the messages look like, whose headers are protected only when all are there.
    private(set) var dialect = Dialect.plain
    /// Bytes and messages in the buffer.
    private(set) var count = 0
    private(set) var messages = 0
    /// The first message's size.
    private(set) var segment = 0
    private var isClosed = false
    /// The zeros that were drawn for the packets of this send, where any are: packets of one size that are sent together stay of one size.
    var drawnZeros: Int?
    /// False once the kernel refused segmentation, or if it was not to be used.
    private(set) var segments: Bool
    private let mayUseSegments: Bool

    init(segments: Bool) {
        // One message may be larger than what is sent in one go: then it is alone, and the send fails by itself.
        buffer = .allocate(byteCount: 2 << 16, alignment: 4096)
        buffer.initializeMemory(as: UInt8.self, repeating: 0, count: 2 << 16)
        endpoint = .allocate(capacity: 1)
        endpoint.initialize(to: udp_endpoint())
        self.segments = segments
        mayUseSegments = segments
    }

    deinit {
        buffer.deallocate()
        endpoint.deallocate()
    }

    /// Whether a message of `size` bytes to this endpoint can join what is there.
    @inline(__always)
    func accepts(
        _ size: Int, _ to: udp_endpoint, _ peer: PeerIndex, _ trafficClass: UInt8, _ dialect: Dialect
    ) -> Bool {
        messages == 0
            || (segments && !isClosed && size <= segment && messages < Self.maximumSegments
                && count + size <= SuperPacket.maximumBytes && peer == self.peer && trafficClass == self.trafficClass
                && dialect == self.dialect && udp_endpoint.same(to, endpoint.pointee))
    }

    /// The zeros that were drawn for what is there, if a message of `size` bytes and these can join it.
    @inline(__always)
    func zeros(
        forAnother size: Int, _ to: udp_endpoint, _ peer: PeerIndex, _ trafficClass: UInt8, _ dialect: Dialect
    ) -> Int? {
        guard messages > 0, let drawnZeros, accepts(size + drawnZeros, to, peer, trafficClass, dialect) else {
            return nil
        }
        return drawnZeros
    }

    /// Room for the next message of `size` bytes, after `accepts`.
    @inline(__always)
    mutating func append(
        _ size: Int, _ to: udp_endpoint, _ peer: PeerIndex, _ trafficClass: UInt8, _ dialect: Dialect
    ) -> UnsafeMutableRawPointer {
        if messages == 0 {
            endpoint.pointee = to
            self.peer = peer
            self.trafficClass = trafficClass
            self.dialect = dialect
            segment = size
            isClosed = false
            drawnZeros = nil
        } else if size < segment {
            isClosed = true
        }
        let place = buffer + count
        count += size
        messages += 1
        return place
    }

    /// Empties it, after sending.
    @inline(__always)
    mutating func removeAll() {
        count = 0
        messages = 0
    }

    /// This socket does not segment.
    mutating func stopSegmenting() { segments = false }

    /// There is a new socket, which may.
    mutating func restart() { segments = mayUseSegments }
}
