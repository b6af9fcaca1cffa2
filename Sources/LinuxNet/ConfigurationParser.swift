internal import Compiler
import Glibc
internal import NetTypes

/// Takes the lines of an answer to `get=1` one by one. Bytes all the way: with 10,000 peers it has 100,000 lines.
struct ConfigurationParser {
    private var taken = ObservedWireGuard(privateKey: nil, listenPort: 0, fwmark: 0, peers: [])
    /// The number that ends an answer; nil until it was read.
    private(set) var errorNumber: Int32?

    /// What was read so far.
    var device: ObservedWireGuard { taken.sorted() }

    /// Takes a line; a zero byte stands behind `value`. Returns what is wrong with it, nil if nothing is. Keys that are not
    /// known are passed over: the protocol grows by new ones.
    mutating func take(_ key: UnsafeRawBufferPointer, _ value: UnsafeMutableRawBufferPointer) -> String? {
        if key.is("public_key") {
            guard let key = Self.publicKey(value) else { return "public_key is not 64 hexadecimal digits" }
            taken.peers.append(ObservedPeer(publicKey: key))
            return nil
        }
        if key.is("errno") {
            errorNumber = Int32(String(decoding: value, as: UTF8.self))
            return errorNumber == nil ? "errno is no number" : nil
        }
        return taken.peers.isEmpty ? takeDevice(key, value) : takePeer(key, value, taken.peers.count - 1)
    }

    private mutating func takeDevice(_ key: UnsafeRawBufferPointer, _ value: UnsafeMutableRawBufferPointer) -> String? {
        if key.is("private_key") {
            guard let key = Self.secret(value, { bytes in PrivateKey { $0.copyMemory(from: bytes) } })
            else { return "private_key is not 64 hexadecimal digits" }
            taken.privateKey = key
        } else if key.is("listen_port") {
            guard let port = Self.number(value), port <= 65535 else { return "listen_port is not a port" }
            taken.listenPort = UInt16(port)
        } else if key.is("fwmark") {
            guard let mark = Self.number(value), mark <= UInt32.max else { return "fwmark is not a number of 32 bits" }
            taken.fwmark = UInt32(mark)
        }
        return nil
    }

    private mutating func takePeer(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeMutableRawBufferPointer, _ i: Int
    ) -> String? {
        if key.is("allowed_ip") {
            guard let network = Self.network(value) else { return "allowed_ip is not a network" }
            taken.peers[i].allowedIPs.append(network)
        } else if key.is("endpoint") {
            guard let endpoint = Self.endpoint(value) else { return "endpoint is not an address and a port" }
            taken.peers[i].endpoint = endpoint
        } else if key.is("preshared_key") {
            guard let key = Self.secret(value, { bytes in PresharedKey { $0.copyMemory(from: bytes) } })
            else { return "preshared_key is not 64 hexadecimal digits" }
            taken.peers[i].presharedKey = key
        } else if key.is("persistent_keepalive_interval") {
            guard let seconds = Self.number(value), seconds <= 65535 else { return "the keepalive is not 0 to 65535" }
            taken.peers[i].keepalive = UInt16(seconds)
        } else if key.is("last_handshake_time_sec") {
            guard let seconds = Self.number(value), seconds < 1 << 62 else { return "the handshake time is no number" }
            taken.peers[i].lastHandshake = Int64(seconds)
        } else if key.is("rx_bytes") {
            guard let bytes = Self.number(value) else { return "rx_bytes is no number" }
            taken.peers[i].received = bytes
        } else if key.is("tx_bytes") {
            guard let bytes = Self.number(value) else { return "tx_bytes is no number" }
            taken.peers[i].sent = bytes
        }
        return nil
    }

    private static func publicKey(_ value: UnsafeMutableRawBufferPointer) -> PublicKey? {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
            decodeHex(value, into: bytes) ? PublicKey(loading: UnsafeRawBufferPointer(bytes)) : nil
        }
    }

    /// What `make` makes of a key, or nil of one that is all zeros: the protocol's way to say none. Nil outside if the value
    /// is not 64 hexadecimal digits.
    private static func secret<Key>(
        _ value: UnsafeMutableRawBufferPointer, _ make: (UnsafeRawBufferPointer) -> Key
    ) -> Key?? {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
            defer { explicit_bzero(bytes.baseAddress!, 32) }
            guard decodeHex(value, into: bytes) else { return nil }
            return .some(bytes.allSatisfy { $0 == 0 } ? nil : make(UnsafeRawBufferPointer(bytes)))
        }
    }

    /// Whether the value is 64 hexadecimal digits, whose bytes are written to `key` then. Without branches and tables: the
    /// time does not depend on the key, and a processor cannot guess what digit comes next.
    private static func decodeHex(
        _ value: UnsafeMutableRawBufferPointer, into key: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard value.count == 64 else { return false }
        let digits = UnsafeRawBufferPointer(value)
        var bad: UInt8 = 0
        for i in 0..<32 {
            let high = nibble(digits[i * 2], &bad)
            key[i] = high << 4 | nibble(digits[i * 2 + 1], &bad)
        }
        return bad == 0
    }

    @inline(__always) private static func nibble(_ c: UInt8, _ bad: inout UInt8) -> UInt8 {
        let (digit, letter) = (c &- 48, (c | 32) &- 97)
        bad |= (digit < 10 ? 0 : 1) & (letter < 6 ? 0 : 1)
        return digit < 10 ? digit : letter &+ 10
    }

    private static func number(_ value: some Collection<UInt8>) -> UInt64? {
        guard (1...20).contains(value.count) else { return nil }
        var number: UInt64 = 0
        for c in value {
            guard (48...57).contains(c) else { return nil }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(c - 48))
            if overflow || carry { return nil }
            number = sum
        }
        return number
    }

    /// `ADDRESS/LENGTH`.
    private static func network(_ value: UnsafeMutableRawBufferPointer) -> IPPrefix? {
        guard let slash = value.lastIndex(of: 47), let length = number(value[(slash + 1)...]) else { return nil }
        value[slash] = 0
        guard let address = address(value, at: 0), length <= UInt64(address.bitWidth) else { return nil }
        return IPPrefix(masking: address, length: Int(length))
    }

    /// `ADDRESS:PORT`, `[ADDRESS]:PORT`, `[ADDRESS%ZONE]:PORT`.
    private static func endpoint(_ value: UnsafeMutableRawBufferPointer) -> SocketAddress? {
        guard let colon = value.lastIndex(of: 58), let port = number(value[(colon + 1)...]), port <= 65535
        else { return nil }
        value[colon] = 0
        guard value.first == 91 else {
            return address(value, at: 0).map { SocketAddress($0, port: UInt16(port)) }
        }
        guard colon > 0, value[colon - 1] == 93 else { return nil }
        value[colon - 1] = 0
        var scope: UInt32 = 0
        if let percent = value.firstIndex(of: 37) {
            let zone = value[(percent + 1)..<(colon - 1)]
            value[percent] = 0
            scope =
                number(zone).map { UInt32(truncatingIfNeeded: $0) }
                ?? if_nametoindex(String(decoding: zone, as: UTF8.self))
        }
        guard let address = address(value, at: 1), address.isV6 else { return nil }
        return SocketAddress(address, port: UInt16(port), scope: scope)
    }

    /// A C string at an offset.
    private static func address(_ value: UnsafeMutableRawBufferPointer, at offset: Int) -> IPAddress? {
        let text = (value.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
        var v4: UInt32 = 0
        if inet_pton(AF_INET, text, &v4) == 1 { return .v4(IPv4Address(rawValue: v4.bigEndian)) }
        var v6: UInt128 = 0
        if inet_pton(AF_INET6, text, &v6) == 1 { return .v6(IPv6Address(rawValue: v6.bigEndian)) }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are those of `word`.
    fileprivate func `is`(_ word: StaticString) -> Bool {
        count == word.utf8CodeUnitCount && memcmp(baseAddress!, word.utf8Start, count) == 0
    }
}
