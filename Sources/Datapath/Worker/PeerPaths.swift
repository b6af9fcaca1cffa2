// What the datapath knows of a peer beyond the protocol's record: how to reach it.

import CLinux
import Synchronization
import WireGuardProtocol

/// The way to one peer. Zero when unused: no endpoint, nothing staged.
struct PeerPath: ~Copyable {
    /// Where it is, and the address to answer from.
    let endpoint = SharedEndpoint()
    /// An address that the peer may be heard at and is not to be answered from: the way to it leaves by another interface. Zero: none.
    private let barred0 = Atomic<UInt64>(0)
    private let barred1 = Atomic<UInt64>(0)
    /// Until when datagrams go one by one, because the path's MTU refused a segmented send; nanoseconds.
    let plainUntil = Atomic<UInt64>(0)
    /// Packets that wait for a session, over all workers.
    let staged = Atomic<Int32>(0)

    /// Forgets everything, for the next peer in this place.
    borrowing func reset() {
        // A path that nothing was written to stays without memory.
        if !udp_endpoint.same(endpoint.load(), udp_endpoint()) { endpoint.store(udp_endpoint()) }
        if plainUntil.load(ordering: .relaxed) != 0 { plainUntil.store(0, ordering: .relaxed) }
        let barred = barred
        if barred.0 | barred.1 != 0 { self.bar((0, 0)) }
    }

    /// The address that is not to be answered from.
    var barred: (UInt64, UInt64) { (barred0.load(ordering: .relaxed), barred1.load(ordering: .relaxed)) }

    /// From now on it is answered from any other address; zero: from any.
    borrowing func bar(_ source: (UInt64, UInt64)) {
        barred0.store(source.0, ordering: .relaxed)
        barred1.store(source.1, ordering: .relaxed)
        endpoint.dropSource(source)
    }

    /// The peer was heard from there.
    @inline(__always)
    borrowing func learn(_ from: udp_endpoint) {
        if !udp_endpoint.same(endpoint.load(), from) { learnAnew(from) }
    }

    @inline(never)
    private borrowing func learnAnew(_ from: udp_endpoint) {
        var from = from
        if from.source == barred {
            from.source = (0, 0)
            if udp_endpoint.same(endpoint.load(), from) { return }
        }
        endpoint.store(from)
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
