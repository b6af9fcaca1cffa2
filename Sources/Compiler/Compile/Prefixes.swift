import NetTypes

extension IPPrefix {
    /// The IPv6 network by which a translator reaches this IPv4 network (NAT64, well-known prefix 64:ff9b::/96, RFC 6052 2.1);
    /// nil for IPv6.
    var translated: IPPrefix? {
        guard case .v4(let a) = address else { return nil }
        let wellKnown = UInt128(0x64_ff9b) << 96
        return IPPrefix(masking: .v6(IPv6Address(rawValue: wellKnown | UInt128(a.rawValue))), length: 96 + length)
    }
}
