// The cross-platform configuration protocol (wireguard.com/xplatform): what `wg` writes. Pure.

import Glibc
import NetTypes
import WireGuardProtocol

/// Why a request was refused, with the line that is to blame, from 1. Values are never repeated: they may be keys.
struct UAPIError: Error, Equatable {
    /// A positive errno, as the protocol answers it.
    var code: Int32
    var line: Int
    var reason: String
}

/// One operation of a connection. Parsed whole before anything of it is done.
enum UAPIRequest {
    case get
    case set(UAPIChange)

    /// Parses `get=1` or `set=1` and its lines, without the empty line that ends it. `interfaceIndex` resolves the zone of a
    /// link-local endpoint. Throws EINVAL for a key or value that is not the protocol's, EPROTO for a line without `=`.
    static func parse(
        _ text: UnsafeRawBufferPointer, interfaceIndex: @escaping (String) -> UInt32?
    ) throws(UAPIError) -> UAPIRequest {
        var parser = UAPIParser(interfaceIndex: interfaceIndex)
        var at = 0
        while at < text.count {
            var end = at
            while end < text.count && text[end] != UInt8(ascii: "\n") { end += 1 }
            try parser.take(UnsafeRawBufferPointer(rebasing: text[at..<end]))
            at = end + 1
        }
        return try parser.finish()
    }
}

/// What `set=1` asks for. nil: not named, so left as it is.
struct UAPIChange {
    /// The outer optional: named or not; the inner: a key, or all zero, which takes it away.
    var privateKey: PrivateKey??
    var listenPort: UInt16?
    var mark: UInt32?
    var replacePeers = false
    var peers: [PeerConfiguration] = []

    /// Whether some peer gets an allowed IP.
    var givesAddresses: Bool { peers.contains { $0.allowedIPs.contains { !$0.isRemoval } } }
}

/// The lines of one request, one after another.
private struct UAPIParser {
    let interfaceIndex: (String) -> UInt32?
    private var isSet: Bool?
    private var change = UAPIChange()
    private var peer: PeerConfiguration?
    private var line = 0

    init(interfaceIndex: @escaping (String) -> UInt32?) { self.interfaceIndex = interfaceIndex }

    private func refused(_ reason: String, _ code: Int32 = EINVAL) -> UAPIError {
        UAPIError(code: code, line: line, reason: reason)
    }

    mutating func take(_ text: UnsafeRawBufferPointer) throws(UAPIError) {
        line += 1
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else {
            throw refused("a line is KEY=VALUE", EPROTO)
        }
        let key = String(decoding: text[..<equals], as: UTF8.self)
        let value = UnsafeRawBufferPointer(rebasing: text[(equals + 1)...])
        if isSet == nil {
            guard key == "get" || key == "set", value.elementsEqual("1".utf8) else {
                throw refused("a request begins with get=1 or set=1", EPROTO)
            }
            isSet = key == "set"
            return
        }
        guard isSet == true else { throw refused("get=1 has no further lines") }
        if key == "public_key" {
            if let done = peer { change.peers.append(done) }
            peer = PeerConfiguration(try publicKey(value))
        } else if var current = peer {
            // Not two owners of its list at once: appending would copy it.
            peer = nil
            try takePeerLine(key, value, &current)
            peer = current
        } else {
            try takeDeviceLine(key, value)
        }
    }

    mutating func finish() throws(UAPIError) -> UAPIRequest {
        if let peer { change.peers.append(peer) }
        switch isSet {
        case true: return .set(change)
        case false: return .get
        default: throw UAPIError(code: EPROTO, line: 1, reason: "a request begins with get=1 or set=1")
        }
    }

    private mutating func takeDeviceLine(_ key: String, _ value: UnsafeRawBufferPointer) throws(UAPIError) {
        switch key {
        case "private_key":
            if isZeroKey(value) { change.privateKey = .some(nil) } else { change.privateKey = try privateKey(value) }
        case "listen_port": change.listenPort = UInt16(try number(value, upTo: 65535))
        case "fwmark": change.mark = UInt32(try number(value, upTo: UInt64(UInt32.max)))
        case "replace_peers": change.replacePeers = try flag(value)
        default: throw refused("unknown key of the interface")
        }
    }

    private func takePeerLine(
        _ key: String, _ value: UnsafeRawBufferPointer, _ peer: inout PeerConfiguration
    ) throws(UAPIError) {
        switch key {
        case "remove": peer.remove = try flag(value)
        case "update_only": peer.updateOnly = try flag(value)
        case "preshared_key": peer.presharedKey = try presharedKey(value)
        case "endpoint": peer.endpoint = try endpoint(value)
        case "persistent_keepalive_interval":
            peer.persistentKeepalive = UInt16(try number(value, upTo: 65535))
        case "replace_allowed_ips": peer.replaceAllowedIPs = try flag(value)
        case "allowed_ip": peer.allowedIPs.append(try allowedIP(value))
        case "protocol_version":
            guard value.elementsEqual("1".utf8) else { throw refused("the protocol's version is 1") }
        default: throw refused("unknown key of a peer")
        }
    }

    private func flag(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> Bool {
        guard value.elementsEqual("true".utf8) else { throw refused("the value is true, or the line is left out") }
        return true
    }

    private func number(_ value: UnsafeRawBufferPointer, upTo most: UInt64) throws(UAPIError) -> UInt64 {
        var result: UInt64 = 0
        for c in value {
            guard (48...57).contains(c), result <= most else { throw refused("a number from 0 to \(most)") }
            result = result * 10 + UInt64(c - 48)
        }
        guard value.count > 0, result <= most else { throw refused("a number from 0 to \(most)") }
        return result
    }

    private func isZeroKey(_ value: UnsafeRawBufferPointer) -> Bool {
        value.count == 64 && value.allSatisfy { $0 == UInt8(ascii: "0") }
    }

    private func publicKey(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> PublicKey {
        let key = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
            Hex.decode(value, into: bytes) ? PublicKey(loading: UnsafeRawBufferPointer(bytes)) : nil
        }
        guard let key else { throw refused("a key is 64 hexadecimal digits") }
        return key
    }

    private func privateKey(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> PrivateKey {
        var isGood = false
        let key = PrivateKey { isGood = Hex.decode(value, into: $0) }
        guard isGood else { throw refused("a key is 64 hexadecimal digits") }
        return key
    }

    private func presharedKey(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> PresharedKey {
        var isGood = false
        let key = PresharedKey { isGood = Hex.decode(value, into: $0) }
        guard isGood else { throw refused("a key is 64 hexadecimal digits") }
        return key
    }

    private func allowedIP(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> PeerConfiguration.AllowedIP {
        let isRemoval = value.first == UInt8(ascii: "-")
        let text = String(decoding: isRemoval ? value[1...] : value[...], as: UTF8.self)
        guard text.utf8.contains(UInt8(ascii: "/")), let parsed = try? InterfaceAddress(parsing: text) else {
            throw refused("an allowed IP is ADDRESS/LENGTH")
        }
        return .init(IPPrefix(masking: parsed.address, length: parsed.length), isRemoval: isRemoval)
    }

    private func endpoint(_ value: UnsafeRawBufferPointer) throws(UAPIError) -> SocketAddress {
        // In bytes: what is not UTF-8 has another length as a string.
        guard let colon = value.lastIndex(of: UInt8(ascii: ":")) else { throw refused("an endpoint is ADDRESS:PORT") }
        let port = UInt16(try number(UnsafeRawBufferPointer(rebasing: value[(colon + 1)...]), upTo: 65535))
        var host = Substring(String(decoding: value[..<colon], as: UTF8.self))
        guard host.hasPrefix("[") else {
            guard let v4 = IPv4Address(String(host)) else {
                throw refused("an endpoint is ADDRESS:PORT, IPv6 in brackets")
            }
            return SocketAddress(.v4(v4), port: port)
        }
        guard host.hasSuffix("]") else { throw refused("the bracket is not closed") }
        host = host.dropFirst().dropLast()
        var scope: UInt32 = 0
        if let percent = host.firstIndex(of: "%") {
            let zone = String(host[host.index(after: percent)...])
            guard let index = UInt32(zone) ?? interfaceIndex(zone) else { throw refused("no such interface", ENODEV) }
            scope = index
            host = host[..<percent]
        }
        guard let v6 = IPv6Address(String(host)) else { throw refused("an IPv6 endpoint is [ADDRESS]:PORT") }
        return SocketAddress(.v6(v6), port: port, scope: scope)
    }
}

/// Keys in the configuration protocol: two hexadecimal digits a byte.
enum Hex {
    /// Decodes exactly `bytes.count` bytes; false for any other text. In a time that depends on nothing but the length.
    static func decode(_ text: UnsafeRawBufferPointer, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard text.count == bytes.count * 2 else { return false }
        var bad: Int16 = 0
        for i in bytes.indices {
            let high = digit(text[2 * i])
            let low = digit(text[2 * i + 1])
            bad |= high | low
            bytes[i] = UInt8(truncatingIfNeeded: high << 4 | low & 15)
        }
        return bad >= 0
    }

    /// 0…15, or negative for what is no digit; without a branch or a table, because it reads keys.
    private static func digit(_ c: UInt8) -> Int16 {
        let c = Int16(c)
        let decimal = ((47 - c) & (c - 58)) >> 15
        let lower = c | 0x20
        let letter = ((96 - lower) & (lower - 103)) >> 15
        return (decimal & (c - 48)) | (letter & (lower - 87)) | ~(decimal | letter)
    }

    /// The digit of 0…15, without a branch or a table.
    static func digit(of value: UInt8) -> UInt8 {
        let v = Int16(value)
        return UInt8(truncatingIfNeeded: 48 + v + (((9 - v) >> 15) & 39))
    }
}
