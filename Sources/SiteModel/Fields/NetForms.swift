import NetTypes

extension StoredForm where Value == PublicKey {
    /// 32 bytes, for rows of which there are many.
    static let publicKeyBytes = bytes(
        write: { $0.bytes }, read: { $0.count == 32 ? PublicKey(loading: $0) : nil })
}

extension FieldForm where Value == [IPAddress] {
    /// A peer's own. `/32` may stand behind one in a profile; of an option's words, `none` are no addresses.
    static let peerAddresses = FieldForm(
        read: { reader, key, section in
            reader.list(key, in: section) { text throws(ParseError) in try Peer.address(parsing: text) }
        },
        write: list(of: IPAddress.self).write,
        words: { words throws(ParseError) in words == ["none"] ? [] : try list(of: IPAddress.self).words(words) },
        // One octet for the family, 4 or 6, then the address: 10,000 peers are read without parsing text.
        stored: .bytes(
            write: { $0.flatMap { [$0.isV6 ? 6 : 4] + $0.octets } }, read: { Peer.addresses(stored: $0) }))
}

extension FieldForm where Value == PresharedKeyChoice {
    /// `auto`, `none` or `sealed:1f0c…`; in a column without `sealed:`.
    static let presharedKey = value(Value.self).stored(
        .text(
            write: { if case .sealed(let id) = $0 { id.description } else { $0.description } },
            read: { text in SecretID(text).map { .sealed($0) } ?? PresharedKeyChoice(text) }))
}

extension StoredForm where Value == OtherForwarding.Choice {
    /// `drop`, `from eth0 eth1`
    static let otherForwarding = text(write: { $0.description }, read: { OtherForwarding.Choice($0) })
}
