import CMnl
internal import BoxModel
import Glibc
internal import NetTypes

/// UDP ports of this machine.
enum UDPPort {
    /// Whether a WireGuard interface could have the port now: nobody has it for IPv4, nor for IPv6 where there is IPv6.
    static func isFree(_ port: UInt16) -> Bool {
        port == 0
            || [IPAddress.v4(IPv4Address(rawValue: 0)), .v6(IPv6Address(rawValue: 0))]
                .allSatisfy { canBind(SocketAddress($0, port: port)) }
    }

    private static func canBind(_ address: SocketAddress) -> Bool {
        let family = Int32(address.address.family)
        let fd = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return true }
        defer { close(fd) }
        var on: Int32 = 1
        if family == AF_INET6 { setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, 4) }
        let result = address.sockaddrBytes.withUnsafeBytes { bytes in
            bind(fd, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        return result == 0 || errno != EADDRINUSE
    }
}

extension BoxError {
    /// The same, with the UDP port where one is taken.
    func aboutPort(_ port: UInt16?) -> BoxError {
        guard case .system(var refusal) = cause, code == EADDRINUSE, let port else { return self }
        refusal.subject = .udpPort(port)
        return BoxError(operation, .system(refusal))
    }
}
