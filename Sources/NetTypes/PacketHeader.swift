/// What the first bytes of an IP packet say: who sends what to whom.
public struct PacketHeader: Hashable, Sendable {
    /// Who sent it.
    public var source: IPAddress
    /// Whom it is for.
    public var destination: IPAddress
    /// `IPPROTO_*` of what is behind IPv6's extension headers; of an unknown one, that one's number.
    public var transport: UInt8
    /// Of a transport that has ports; nil in a later fragment, and where the bytes end before.
    public var sourcePort: UInt16?
    /// The same of the other end.
    public var destinationPort: UInt16?

    /// Makes a header.
    public init(
        from source: IPAddress, to destination: IPAddress, transport: UInt8, sourcePort: UInt16? = nil,
        destinationPort: UInt16? = nil
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }

    /// Reads the beginning of a packet, from its IP header on (RFC 791, RFC 8200). nil: it has no whole one.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        switch bytes.first.map({ $0 >> 4 }) {
        case 4:
            let length = Int(bytes[0] & 15) * 4
            guard length >= 20, bytes.count >= length, let source = IPAddress(octets: bytes[12..<16]),
                let destination = IPAddress(octets: bytes[16..<20])
            else { return nil }
            self.init(from: source, to: destination, transport: bytes[9])
            if bytes.number(6) & 0x1fff == 0 { readPorts(bytes, at: length) }
        case 6:
            guard bytes.count >= 40, let source = IPAddress(octets: bytes[8..<24]),
                let destination = IPAddress(octets: bytes[24..<40])
            else { return nil }
            self.init(from: source, to: destination, transport: bytes[6])
            skipExtensions(bytes)
        default: return nil
        }
    }

    private mutating func skipExtensions(_ bytes: UnsafeRawBufferPointer) {
        var at = 40
        while at + 8 <= bytes.count {
            let length: Int
            switch transport {
            // Hop-by-hop and destination options, routing.
            case 0, 43, 60: length = (Int(bytes[at + 1]) + 1) * 8
            case 44:
                // A later fragment has no ports.
                if bytes.number(at + 2) >> 3 != 0 { return transport = bytes[at] }
                length = 8
            // Authentication (RFC 4302).
            case 51: length = (Int(bytes[at + 1]) + 2) * 4
            default: return readPorts(bytes, at: at)
            }
            transport = bytes[at]
            at += length
        }
        readPorts(bytes, at: at)
    }

    private mutating func readPorts(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        // TCP, UDP, DCCP, SCTP, UDP-Lite.
        guard [6, 17, 33, 132, 136].contains(transport), offset + 4 <= bytes.count else { return }
        sourcePort = bytes.number(offset)
        destinationPort = bytes.number(offset + 2)
    }
}

extension PacketHeader: CustomStringConvertible {
    /// What is asked for: `443/tcp`, `icmp`, `protocol 47`.
    public var service: String {
        let names: [UInt8: String] = [1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp"]
        let name = names[transport] ?? "protocol \(transport)"
        return destinationPort.map { "\($0)/\(name)" } ?? name
    }

    /// `10.8.0.2 → 192.168.1.10 443/tcp`
    public var description: String { "\(source) → \(destination) \(service)" }
}

extension UnsafeRawBufferPointer {
    /// Two bytes in network order.
    fileprivate func number(_ at: Int) -> UInt16 { UInt16(self[at]) << 8 | UInt16(self[at + 1]) }
}
