// Cookie replies on their way to one send call: of what a flood of handshakes costs, sending is the most.

import CLinux
import Glibc
import WireGuardProtocol

/// Up to `UDP_REPLIES` cookie replies to endpoints of one family. Single owner: the control thread.
struct CookieReplies: ~Copyable {
    /// Where each goes.
    let endpoints: UnsafeMutablePointer<udp_endpoint>
    /// One behind the other, `Message.cookieReplySize` each.
    let bytes: UnsafeMutableRawPointer
    private(set) var count = 0

    init() {
        endpoints = .allocate(capacity: Int(UDP_REPLIES))
        endpoints.initialize(repeating: udp_endpoint(), count: Int(UDP_REPLIES))
        bytes = .allocate(byteCount: Int(UDP_REPLIES) * Message.cookieReplySize, alignment: 64)
    }

    deinit {
        endpoints.deallocate()
        bytes.deallocate()
    }

    /// Whether one to this endpoint can join what is there.
    func accepts(_ to: udp_endpoint) -> Bool {
        count == 0 || count < Int(UDP_REPLIES) && endpoints[0].family == to.family
    }

    /// Adds one, after `accepts`.
    mutating func append(_ message: UnsafeRawBufferPointer, to: udp_endpoint) {
        endpoints[count] = to
        (bytes + count * Message.cookieReplySize).copyMemory(
            from: message.baseAddress!, byteCount: Message.cookieReplySize)
        count += 1
    }

    /// Empties it, after sending.
    mutating func removeAll() { count = 0 }
}
