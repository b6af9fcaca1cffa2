// The UDP side: sockets of both families, and the seam behind which they stand.

import CLinux
import Glibc
import NetTypes

/// Where a worker receives datagrams from and sends them to. `UDPSockets` is the real one; tests use a twin in memory.
protocol DatagramPort {
    /// Receives up to `limit` messages of one family, at most `UDP_BATCH`, without waiting; how many, 0 for none, or -errno.
    /// They stay valid until the next call.
    func receive(isV6: Bool, _ received: UnsafeMutablePointer<udp_received>, limit: Int32) -> Int
    /// Sends `count` bytes, cut every `segment` bytes unless that is 0, without waiting; 0 or -errno.
    func send(
        _ to: UnsafePointer<udp_endpoint>, _ bytes: UnsafeRawPointer, _ count: Int, segment: Int, trafficClass: UInt8
    ) -> Int32
}

/// The two sockets of one worker, and the vectors for receiving. A descriptor is -1 where there is no socket: the interface is
/// down, or the kernel has no IPv6.
struct UDPSockets: DatagramPort {
    let v4: Int32
    let v6: Int32
    let batch: OpaquePointer

    @inline(__always)
    func receive(isV6: Bool, _ received: UnsafeMutablePointer<udp_received>, limit: Int32) -> Int {
        let fd = isV6 ? v6 : v4
        return fd < 0 ? 0 : Int(udp_receive(fd, batch, received, limit))
    }

    @inline(__always)
    func send(
        _ to: UnsafePointer<udp_endpoint>, _ bytes: UnsafeRawPointer, _ count: Int, segment: Int, trafficClass: UInt8
    ) -> Int32 {
        let fd = Int32(to.pointee.family) == AF_INET6 ? v6 : v4
        guard fd >= 0 else { return -ENETUNREACH }
        return udp_send(fd, to, bytes, count, UInt32(segment), UInt32(trafficClass))
    }

    /// Vectors and buffers for `receive`. Made once a worker.
    static func makeBatch() -> OpaquePointer {
        let batch = OpaquePointer(reserveZeroed(udp_batch_size()))
        udp_batch_prepare(batch, reserveZeroed(Int(UDP_BATCH) * Int(UDP_BUFFER)))
        return batch
    }
}

/// The descriptors of one worker's sockets: opened by the control thread, handed to the worker.
struct SocketPair: Equatable {
    var v4: Int32 = -1
    var v6: Int32 = -1

    /// Both descriptors in one word, so that a worker can be given a new pair by one store.
    var packed: UInt64 { UInt64(UInt32(bitPattern: v4)) << 32 | UInt64(UInt32(bitPattern: v6)) }
    init() {}
    init(packed: UInt64) {
        v4 = Int32(bitPattern: UInt32(truncatingIfNeeded: packed >> 32))
        v6 = Int32(bitPattern: UInt32(truncatingIfNeeded: packed))
    }

    /// Closes what is open.
    func closeAll() {
        if v4 >= 0 { close(v4) }
        if v6 >= 0 { close(v6) }
    }
}

/// Opening the sockets of all workers on one port.
enum SocketOpener {
    /// What `open` gives.
    struct Opened {
        var pairs: [SocketPair]
        /// The port that all are bound to.
        var port: UInt16
        /// What the kernel cannot do.
        var fallbacks: Fallbacks
    }

    /// Opens `count` pairs on `port`; 0 chooses one. Throws `.system` with EADDRINUSE if it is taken.
    static func open(
        count: Int, port wanted: UInt16, mark: UInt32, without asked: Fallbacks
    ) throws(DatapathError) -> Opened {
        // A port that is free for IPv4 may be taken for IPv6: another draw.
        for attempt in 1... {
            do throws(DatapathError) {
                return try openOnce(count: count, port: wanted, mark: mark, without: asked)
            } catch {
                guard case .system(_, EADDRINUSE) = error, wanted == 0, attempt < 100 else { throw error }
            }
        }
        fatalError("the loop above ends by return or throw")
    }

    private static func openOnce(
        count: Int, port wanted: UInt16, mark: UInt32, without asked: Fallbacks
    ) throws(DatapathError) -> Opened {
        var opened = Opened(pairs: [], port: wanted, fallbacks: asked)
        do throws(DatapathError) {
            // With SO_REUSEPORT a second process of ours could share the port unnoticed, so ask first without it.
            if count > 1, let probe = try socket(AF_INET, &opened.port, shared: false, mark) { close(probe) }
            for _ in 0..<count {
                var pair = SocketPair()
                pair.v4 = try socket(AF_INET, &opened.port, shared: count > 1, mark) ?? -1
                opened.pairs.append(pair)
                pair.v6 = try socket(AF_INET6, &opened.port, shared: count > 1, mark) ?? -1
                opened.pairs[opened.pairs.count - 1] = pair
                opened.fallbacks.formUnion(offload(pair, asked))
            }
        } catch {
            for pair in opened.pairs { pair.closeAll() }
            throw error
        }
        return opened
    }

    /// nil where the kernel does not have the family.
    private static func socket(
        _ family: Int32, _ port: inout UInt16, shared: Bool, _ mark: UInt32
    ) throws(DatapathError) -> Int32? {
        let fd = udp_open(family, &port, shared ? 1 : 0, mark)
        if fd == -EAFNOSUPPORT && family == AF_INET6 { return nil }
        return try check(fd, .openPort(port))
    }

    private static func offload(_ pair: SocketPair, _ asked: Fallbacks) -> Fallbacks {
        var lacking: Fallbacks = []
        for fd in [pair.v4, pair.v6] where fd >= 0 {
            if !asked.contains(.noReceiveOffload), udp_enable_gro(fd) != 0 { lacking.insert(.noReceiveOffload) }
            if !asked.contains(.noSegmentation), udp_probe_gso(fd) != 0 { lacking.insert(.noSegmentation) }
        }
        return lacking
    }
}
