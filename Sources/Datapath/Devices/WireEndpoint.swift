// Endpoints as the hot path has them: five words, comparable without looking at the family.

import CLinux
import Glibc
import NetTypes
import Synchronization

extension udp_endpoint {
    /// The endpoint that sends to `address`, from wherever the routing says.
    init(_ address: SocketAddress) {
        self.init()
        port = address.port.bigEndian
        switch address.address {
        case .v4(let a):
            family = UInt16(AF_INET)
            self.address.0 = UInt64(UInt32(a.rawValue.bigEndian))
        case .v6(let a):
            family = UInt16(AF_INET6)
            scope = address.scope
            self.address = (
                UInt64(truncatingIfNeeded: a.rawValue >> 64).bigEndian, UInt64(truncatingIfNeeded: a.rawValue).bigEndian
            )
        }
    }

    /// The remote address; nil if there is none.
    var remote: SocketAddress? {
        switch Int32(family) {
        case AF_INET:
            let v4 = IPv4Address(rawValue: UInt32(bigEndian: UInt32(truncatingIfNeeded: address.0)))
            return SocketAddress(.v4(v4), port: UInt16(bigEndian: port))
        case AF_INET6:
            let raw = UInt128(UInt64(bigEndian: address.0)) << 64 | UInt128(UInt64(bigEndian: address.1))
            return SocketAddress(.v6(IPv6Address(rawValue: raw)), port: UInt16(bigEndian: port), scope: scope)
        default: return nil
        }
    }

    /// Family, port and scope in one word.
    @inline(__always) var head: UInt64 { UInt64(family) | UInt64(port) << 16 | UInt64(scope) << 32 }

    /// Whether both address and source are the same.
    @inline(__always)
    static func same(_ a: udp_endpoint, _ b: udp_endpoint) -> Bool {
        a.head == b.head && a.address.0 == b.address.0 && a.address.1 == b.address.1 && a.source.0 == b.source.0
            && a.source.1 == b.source.1
    }
}

/// An endpoint that several threads write and read: a sequence lock. Readers never wait for long and see no mixture.
struct SharedEndpoint: ~Copyable {
    private let sequence = Atomic<UInt32>(0)
    private let head = Atomic<UInt64>(0)
    private let address0 = Atomic<UInt64>(0)
    private let address1 = Atomic<UInt64>(0)
    private let source0 = Atomic<UInt64>(0)
    private let source1 = Atomic<UInt64>(0)

    init() {}

    /// The endpoint; its family is 0 where there is none.
    @inline(__always)
    borrowing func load() -> udp_endpoint {
        while true {
            let before = sequence.load(ordering: .acquiring)
            var e = udp_endpoint()
            let h = head.load(ordering: .relaxed)
            e.family = UInt16(truncatingIfNeeded: h)
            e.port = UInt16(truncatingIfNeeded: h >> 16)
            e.scope = UInt32(truncatingIfNeeded: h >> 32)
            e.address = (address0.load(ordering: .relaxed), address1.load(ordering: .relaxed))
            e.source = (source0.load(ordering: .relaxed), source1.load(ordering: .relaxed))
            atomicMemoryFence(ordering: .acquiring)
            if before & 1 == 0 && sequence.load(ordering: .relaxed) == before { return e }
        }
    }

    /// Replaces the endpoint.
    borrowing func store(_ e: udp_endpoint) {
        let held = lock()
        head.store(e.head, ordering: .relaxed)
        address0.store(e.address.0, ordering: .relaxed)
        address1.store(e.address.1, ordering: .relaxed)
        source0.store(e.source.0, ordering: .relaxed)
        source1.store(e.source.1, ordering: .relaxed)
        sequence.store(held &+ 1, ordering: .releasing)
    }

    /// Forgets the source address, if it still is `source`.
    borrowing func dropSource(_ source: (UInt64, UInt64)) {
        let held = lock()
        if source0.load(ordering: .relaxed) == source.0 && source1.load(ordering: .relaxed) == source.1 {
            source0.store(0, ordering: .relaxed)
            source1.store(0, ordering: .relaxed)
        }
        sequence.store(held &+ 1, ordering: .releasing)
    }

    /// Makes the sequence odd; returns it.
    private borrowing func lock() -> UInt32 {
        while true {
            let s = sequence.load(ordering: .relaxed)
            if s & 1 == 0, sequence.compareExchange(expected: s, desired: s &+ 1, ordering: .acquiring).exchanged {
                atomicMemoryFence(ordering: .releasing)
                return s &+ 1
            }
        }
    }
}
