// The TUN interface and its queues.

import CLinux
import Glibc
import NetTypes

/// Where a worker reads packets of the local stack from, and writes those for it to. Both carry a virtio_net_hdr.
/// `TunQueue` is the real one; tests wire whole datapaths together over twins in memory.
protocol PacketQueue {
    /// Reads one packet or super-packet, without waiting. Its length, 0 for none, or -errno.
    func read(_ buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int
    /// Writes one packet or super-packet, without waiting. 0 or -errno.
    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int
    /// What epoll can wait for.
    var descriptor: Int32 { get }
}

/// One queue of a TUN interface.
struct TunQueue: PacketQueue {
    let descriptor: Int32

    @inline(__always)
    func read(_ buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int {
        let n = Glibc.read(descriptor, buffer, capacity)
        if n >= 0 { return n }
        return errno == EAGAIN || errno == EINTR ? 0 : -Int(errno)
    }

    @inline(__always)
    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        Glibc.write(descriptor, bytes, count) >= 0 ? 0 : -Int(errno)
    }
}

/// A TUN interface with one queue a worker. It is gone when the last queue is closed.
struct TunDevice {
    /// The interface's name.
    let name: String
    /// One descriptor a worker.
    let queues: [TunQueue]
    /// What this kernel cannot do, and what was asked to be left out.
    let fallbacks: Fallbacks

    /// Makes the interface. Throws `.badInterfaceName`, or `.system`: EPERM without CAP_NET_ADMIN, EBUSY if the name is taken. Throws
    /// `.noTunDevice` where there is no /dev/net/tun.
    init(name: String, queueCount: Int, without asked: Fallbacks) throws(DatapathError) {
        guard isInterfaceName(name) else { throw .badInterfaceName(name) }
        var queues: [TunQueue] = []
        var found = asked
        do throws(DatapathError) {
            for _ in 0..<queueCount {
                var buffer = Array(name.utf8CString) + Array(repeating: 0, count: 16)
                let fd = try check(tun_open_queue(&buffer, queueCount > 1 ? 1 : 0), .makeInterface(name))
                queues.append(TunQueue(descriptor: fd))
                found.formUnion(try Self.negotiate(fd, asked))
            }
        } catch {
            for queue in queues { close(queue.descriptor) }
            switch error {
            case .system(_, ENOENT), .system(_, ENODEV), .system(_, ENXIO): throw .noTunDevice
            default: throw error
            }
        }
        self.name = name
        self.queues = queues
        fallbacks = found
    }

    /// Asks for as much as there is: everything, then without UDP, then nothing.
    private static func negotiate(_ fd: Int32, _ asked: Fallbacks) throws(DatapathError) -> Fallbacks {
        let tcp = UInt32(TUN_OFFLOAD_CSUM | TUN_OFFLOAD_TSO4 | TUN_OFFLOAD_TSO6 | TUN_OFFLOAD_ECN)
        let udp = UInt32(TUN_OFFLOAD_USO4 | TUN_OFFLOAD_USO6)
        if !asked.contains(.noTunOffload) {
            if !asked.contains(.noTunUDPOffload), tun_set_offload(fd, tcp | udp) == 0 { return [] }
            if tun_set_offload(fd, tcp) == 0 { return .noTunUDPOffload }
        }
        try check(tun_set_offload(fd, 0), .turnOffloadsOff)
        return [.noTunOffload, .noTunUDPOffload]
    }
}
