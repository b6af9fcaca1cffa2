// Cookie replies on their way to one send call: of what a flood of handshakes costs, sending is the most.

import CLinux
import Glibc
import WireGuardProtocol

/// Up to `UDP_REPLIES` cookie replies to endpoints of one family. Single owner: the control thread.
struct CookieReplies: ~Copyable {
    /// Where each goes.
    let endpoints: UnsafeMutablePointer<udp_endpoint>
    /// One behind the other.
    let bytes: UnsafeMutableRawPointer
    /// Bytes of each: those with trailers differ.
    let sizes: UnsafeMutablePointer<UInt16>
    private(set) var count = 0
    private var used = 0
    private(set) var trafficClass: UInt8 = 0

    /// With the largest prefix and trailer that a dialect may have.
    private static var mostBytes: Int { 2048 }

    init() {
        endpoints = .allocate(capacity: Int(UDP_REPLIES))
        endpoints.initialize(repeating: udp_endpoint(), count: Int(UDP_REPLIES))
        sizes = .allocate(capacity: Int(UDP_REPLIES))
        bytes = .allocate(byteCount: Int(UDP_REPLIES) * Self.mostBytes, alignment: 64)
    }

    deinit {
        endpoints.deallocate()
        bytes.deallocate()
        sizes.deallocate()
    }

    /// Whether one to this endpoint can join what is there.
    func accepts(to: udp_endpoint, _ trafficClass: UInt8) -> Bool {
        count == 0
            || count < Int(UDP_REPLIES) && trafficClass == self.trafficClass && endpoints[0].family == to.family
    }

    /// Adds one, after `accepts`.
    mutating func append(_ message: UnsafeRawBufferPointer, to: udp_endpoint, _ trafficClass: UInt8) {
        precondition(message.count <= Self.mostBytes)
        self.trafficClass = trafficClass
        endpoints[count] = to
        sizes[count] = UInt16(message.count)
        (bytes + used).copyMemory(from: message.baseAddress!, byteCount: message.count)
        used += message.count
        count += 1
    }

    /// Empties it, after sending.
    mutating func removeAll() { (count, used) = (0, 0) }
}
