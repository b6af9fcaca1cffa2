import Foundation
import NetTypes
import Synchronization
import Testing

@testable import WireGuardProtocol

/// What the worker and the control thread of the tests share.
private final class Shared: Sendable {
    let epoch = Atomic<UInt64>(1)
    let seen = Atomic<UInt64>(0)
    let wrong = Atomic<Int>(0)
    let rounds = Atomic<Int>(0)
    let ends = Atomic<Bool>(false)
}

@Suite struct ConcurrencyTests {
    /// A worker looks prefixes up that stay while others around them come, go and move, and memory is reused after epochs.
    @Test func lookupsWhileTheTrieChanges() {
        var trie = AllowedIPs(byteCount: 64 << 20)!
        var random = SplitMix(state: 31)
        // What stays: a network of everything, one within it, and a host; in both families.
        let stays: [(prefix: String, peer: UInt32)] = [
            ("10.0.0.0/8", 1), ("10.77.0.0/16", 2), ("10.77.3.3/32", 3), ("fd00::/16", 4), ("fd00:77::/32", 5),
            ("fd00:77::3/128", 6),
        ]
        for (prefix, peer) in stays { _ = trie.insert(IPPrefix(prefix)!, peer: PeerIndex(rawValue: peer)) }
        let reader = trie.reader
        let shared = Shared()
        let host6 = IPv6Address("fd00:77::3")!.rawValue
        let worker = Thread {
            while !shared.ends.load(ordering: .relaxed) {
                shared.seen.store(
                    shared.epoch.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
                for _ in 0..<50 {
                    // Within 10.77.3.3/32 and fd00:77::3/128 nothing longer can be; of the others only peers 10… take parts.
                    let host = reader.lookup(v4: 0x0a4d_0303).rawValue == 3 && reader.lookup(v6: host6).rawValue == 6
                    let wide = reader.lookup(v4: 0x0aff_0001).rawValue == 1
                    let part = reader.lookup(v4: 0x0a4d_0304).rawValue
                    if !host || !wide || part != 2 && part < 10 { shared.wrong.add(1, ordering: .relaxed) }
                }
                shared.rounds.add(1, ordering: .relaxed)
            }
        }
        worker.start()
        var batches: [(epoch: UInt64, blocks: [(block: UInt32, size: UInt32)])] = []
        var present: [IPPrefix: PeerIndex] = [:]
        for step in 0..<15_000 {
            if Bool.random(using: &random) || present.isEmpty {
                let raw = UInt32.random(in: 0..<1 << 20, using: &random)
                let v4 = IPv4Address(rawValue: 0x0a4d_0000 | raw & 0xffff)
                let v6 = IPv6Address(rawValue: 0xfd00_0077 << 96 | UInt128(raw))
                let prefix =
                    raw & 1 == 0
                    ? IPPrefix(masking: .v4(v4), length: Int.random(in: 17...31, using: &random))
                    : IPPrefix(masking: .v6(v6), length: Int.random(in: 33...127, using: &random))
                let peer = PeerIndex(rawValue: UInt32.random(in: 10..<20, using: &random))
                _ = trie.insert(prefix, peer: peer)
                present[prefix] = peer
            } else if let (prefix, peer) = present.randomElement(using: &random) {
                trie.remove(prefix, peer: peer)
                present[prefix] = nil
            }
            if step % 2 == 0 {
                let epoch = shared.epoch.add(1, ordering: .sequentiallyConsistent).newValue
                batches.append((epoch, trie.arena.takeRetired()))
                let passed = shared.seen.load(ordering: .sequentiallyConsistent)
                while let first = batches.first, first.epoch <= passed {
                    trie.arena.release(first.blocks)
                    batches.removeFirst()
                }
            }
        }
        shared.ends.store(true, ordering: .relaxed)
        while !worker.isFinished { Thread.sleep(forTimeInterval: 0.001) }
        let (wrong, rounds) = (shared.wrong.load(ordering: .relaxed), shared.rounds.load(ordering: .relaxed))
        #expect(wrong == 0)
        #expect(rounds > 10)
    }

    /// Counters are handed out once, whoever asks; requests are pushed once until they are served.
    @Test func countersAndRequestsBetweenThreads() throws {
        let pair = try Pair()
        pair.a.send(Array("0123456789abcdef".utf8), to: pair.toB)
        let tables = pair.a.device.tables
        let (peer, time) = (pair.toB, pair.wire.time)
        let shared = Shared()
        let threads = (0..<3).map { _ in
            Thread {
                guard let keypair = tables.currentKeypair(of: peer) else { return }
                for _ in 0..<20_000 {
                    if keypair.pointee.reserveCounters(3, now: time) != nil { shared.rounds.add(1, ordering: .relaxed) }
                    if tables.peer(peer).pointee.raise(.session) { shared.wrong.add(1, ordering: .relaxed) }
                }
            }
        }
        for thread in threads { thread.start() }
        while !threads.allSatisfy(\.isFinished) { Thread.sleep(forTimeInterval: 0.001) }
        let (reserved, pushed) = (shared.rounds.load(ordering: .relaxed), shared.wrong.load(ordering: .relaxed))
        #expect(reserved == 60_000)
        #expect(pushed == 1)
        let next = tables.currentKeypair(of: peer)!.pointee.reserveCounters(1, now: time)
        #expect(next == 1 + 180_000)
    }
}
