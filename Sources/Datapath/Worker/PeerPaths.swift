// What the datapath knows of a peer beyond the protocol's record: how to reach it.

import CLinux
import Synchronization
import WireGuardProtocol

/// The way to one peer. Zero when unused: no endpoint, nothing staged.
struct PeerPath: ~Copyable {
    /// Where it is, and the address to answer from.
    let endpoint = SharedEndpoint()
    /// Until when datagrams go one by one, because the path's MTU refused a segmented send; nanoseconds.
    let plainUntil = Atomic<UInt64>(0)
    /// Packets that wait for a session, over all workers.
    let staged = Atomic<Int32>(0)

    /// Forgets everything, for the next peer in this place.
    borrowing func reset() {
        // A path that nothing was written to stays without memory.
        if !udp_endpoint.same(endpoint.load(), udp_endpoint()) { endpoint.store(udp_endpoint()) }
        if plainUntil.load(ordering: .relaxed) != 0 { plainUntil.store(0, ordering: .relaxed) }
    }

    /// The peer was heard from there. Whether that is new.
    @inline(__always)
    borrowing func learn(_ from: udp_endpoint) -> Bool {
        if udp_endpoint.same(endpoint.load(), from) { return false }
        endpoint.store(from)
        return true
    }
}

/// The paths of all peers by `PeerIndex`, reserved once. `@unchecked Sendable`: all fields are atomic.
struct PeerPaths: @unchecked Sendable {
    private let base: UnsafeMutablePointer<PeerPath>

    /// Room for peers 1…capacity. Memory that is not touched costs nothing; zero bytes are a valid `PeerPath`.
    init(capacity: Int) {
        let memory = reserveZeroed((capacity + 1) * MemoryLayout<PeerPath>.stride)
        base = memory.bindMemory(to: PeerPath.self, capacity: capacity + 1)
    }

    /// The path to a peer.
    @inline(__always)
    subscript(_ peer: PeerIndex) -> UnsafeMutablePointer<PeerPath> { base + Int(peer.rawValue) }
}
