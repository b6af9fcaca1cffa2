// A packet that goes no further, for those who want to know.

import NetTypes
import WireGuardProtocol

/// The beginning of a packet that a worker dropped, and whose it was; passes through a queue.
struct DroppedPacket: BitwiseCopyable {
    /// Bytes that are kept: addresses and ports of both families, behind some extension headers.
    private static let room = 64

    /// Whether a peer sent it, or it was to go to one.
    private var isReceived: Bool
    /// Who sent it or was to get it; `.none` is nobody.
    private(set) var peer: PeerIndex
    private var count: UInt8
    private var bytes: (UInt128, UInt128, UInt128, UInt128) = (0, 0, 0, 0)

    /// What a peer sent and may not.
    init(from peer: PeerIndex, _ packet: UnsafeRawPointer, _ length: Int) {
        self.init(isReceived: true, peer, packet, length)
    }

    /// What nobody takes; or a peer would, if it could be found.
    init(to peer: PeerIndex, _ packet: UnsafeRawPointer, _ length: Int) {
        self.init(isReceived: false, peer, packet, length)
    }

    private init(isReceived: Bool, _ peer: PeerIndex, _ packet: UnsafeRawPointer, _ length: Int) {
        self.isReceived = isReceived
        self.peer = peer
        let kept = min(length, Self.room)
        count = UInt8(kept)
        withUnsafeMutableBytes(of: &bytes) { $0.baseAddress!.copyMemory(from: packet, byteCount: kept) }
    }

    /// What is told of it.
    var kind: TunnelEvent.Kind { isReceived ? .refusedPacket : .unsentPacket }

    /// nil: it is none.
    var header: PacketHeader? {
        withUnsafeBytes(of: bytes) { PacketHeader(UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
    }
}
