// What `get=1` answers. Pure: values in, text out.

import NetTypes
import WireGuardProtocol

/// Text of the configuration protocol, written byte by byte: a dump of 10,000 peers is two megabytes.
struct UAPIWriter {
    private(set) var bytes: [UInt8] = []

    /// Room for that many peers.
    init(peers: Int) { bytes.reserveCapacity(256 + peers * 512) }

    /// `key=number`
    mutating func line(_ key: StaticString, _ number: UInt64) {
        start(key)
        decimal(number)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `key=text`
    mutating func line(_ key: StaticString, _ text: String) {
        start(key)
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `key=` and two digits a byte.
    mutating func line(_ key: StaticString, hex: UnsafeRawBufferPointer) {
        start(key)
        // In one piece: most of a dump is keys.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * hex.count) { digits in
            for (i, b) in hex.enumerated() {
                digits[2 * i] = Hex.digit(of: b >> 4)
                digits[2 * i + 1] = Hex.digit(of: b & 15)
            }
            bytes.append(contentsOf: digits)
            wipeAll(UnsafeMutableRawBufferPointer(digits))
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `errno=code` and the empty line that ends an answer. `wg` negates what it reads, as it expects a kernel's result.
    mutating func end(_ code: Int32) {
        line("errno", code == 0 ? "0" : "-\(code)")
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func start(_ key: StaticString) {
        // Enough for any line.
        bytes.makeRoom(for: 256)
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "="))
    }

    private mutating func decimal(_ number: UInt64) {
        if number >= 10 { decimal(number / 10) }
        bytes.append(48 + UInt8(number % 10))
    }
}

/// A peer as a dump shows it.
struct UAPIPeer {
    var status: PeerStatus
    var endpoint: SocketAddress?
    var receivedBytes: UInt64
    var sentBytes: UInt64
}

extension UAPIWriter {
    /// The interface's own lines.
    mutating func device(privateKey: PrivateKey?, port: UInt16, mark: UInt32) {
        privateKey?.withBytes { line("private_key", hex: $0) }
        line("listen_port", UInt64(port))
        if mark != 0 { line("fwmark", UInt64(mark)) }
    }

    /// A peer's lines but for its allowed IPs, which follow.
    mutating func peer(_ peer: UAPIPeer, interfaceName: (UInt32) -> String?) {
        peer.status.publicKey.withBytes { line("public_key", hex: $0) }
        if let key = peer.status.presharedKey {
            key.withBytes { line("preshared_key", hex: $0) }
        } else {
            withUnsafeBytes(of: (0, 0, 0, 0) as (UInt64, UInt64, UInt64, UInt64)) { line("preshared_key", hex: $0) }
        }
        line("protocol_version", 1)
        if let endpoint = peer.endpoint { line("endpoint", Self.text(endpoint, interfaceName)) }
        line("last_handshake_time_sec", UInt64(max(0, peer.status.lastHandshake.seconds)))
        line("last_handshake_time_nsec", UInt64(peer.status.lastHandshake.nanoseconds))
        line("tx_bytes", peer.sentBytes)
        line("rx_bytes", peer.receivedBytes)
        line("persistent_keepalive_interval", UInt64(peer.status.persistentKeepalive))
    }

    /// One allowed IP.
    mutating func allowedIP(_ prefix: IPPrefix) { line("allowed_ip", prefix.description) }

    /// A link-local address with its interface's name, as getnameinfo writes it and `wg` reads it back.
    private static func text(_ endpoint: SocketAddress, _ interfaceName: (UInt32) -> String?) -> String {
        guard endpoint.scope != 0, let name = interfaceName(endpoint.scope) else { return endpoint.description }
        return "[\(endpoint.address)%\(name)]:\(endpoint.port)"
    }
}
