import NetTypes

/// What is wrong between two files that are the ends of a tunnel. `file` is the other one.
enum PairFault: Fault {
    /// A file whose peers are in none of the others.
    case stranger(PublicKey)
    /// A peer that is the other file by its addresses, with a key that nobody has here.
    case wrongKey(PublicKey, right: PublicKey?, file: String)
    /// The other file has this one as its peer, and is none here.
    case missingPeer(PublicKey, [IPPrefix], file: String)
    case wrongPort(Endpoint, listens: UInt16, file: String)
    /// Neither has an endpoint.
    case nobodyDials(file: String)
    /// There is a preshared key on this side alone.
    case presharedKeyMissing(file: String)
    case presharedKeyDiffers(file: String)
    /// The other's address is outside what the peer may send from. `isDialed`: that side dials this one.
    case addressOutside(IPAddress, file: String, dialsHere: Bool)
    case sameAddress(IPAddress, file: String)
    /// Both ends say that this network is behind the other one.
    case sameLAN(IPPrefix, file: String)
    case mtuDiffers(Int, Int, file: String)

    var facts: FaultFacts {
        switch self {
        case .stranger(let key):
            FaultFacts(
                "stranger", .error,
                "PublicKey \(key.abbreviated): belongs to none of the other files, and none of them has this file as its peer",
                "write what `wg pubkey` makes of the other side's PrivateKey")
        case .wrongKey(let key, let right, let file):
            FaultFacts(
                "wrong-key", .error,
                "PublicKey \(key.abbreviated): belongs to nobody here"
                    + (right == nil
                        ? "; by its addresses this peer is \(file)"
                        : ", and \(file), which has this peer's address, has another"),
                right.map { "write \($0)" } ?? "write what `wg pubkey` makes of the PrivateKey there")
        case .missingPeer(let key, let addresses, let file):
            FaultFacts(
                "missing-peer", .error,
                "no [Peer] for \(file), whose peer this is",
                "add one with PublicKey = \(key)"
                    + (addresses.isEmpty
                        ? "" : " and AllowedIPs = \(addresses.map(\.description).joined(separator: ", "))"))
        case .wrongPort(let endpoint, let port, let file):
            FaultFacts(
                "wrong-port", .error,
                "Endpoint \(endpoint): \(file) listens on \(port)",
                "write \(Endpoint(endpoint.host, port: port)), unless a router forwards the one to the other")
        case .nobodyDials(let file):
            FaultFacts(
                "nobody-dials", .error,
                "no Endpoint here, and none in \(file)",
                "one side has to say where to dial, like Endpoint = vpn.example.org:51820")
        case .presharedKeyMissing(let file):
            FaultFacts(
                "preshared-key-missing", .error, "PresharedKey: \(file) has none",
                "write the same there, or take it out here")
        case .presharedKeyDiffers(let file):
            FaultFacts(
                "preshared-key-differs", .error, "PresharedKey: is another one than in \(file)",
                "write the same on both sides")
        case .addressOutside(let address, let file, let dialsHere):
            FaultFacts(
                "address-outside", dialsHere ? .error : .hint,
                "AllowedIPs: do not hold \(address), which \(file) has"
                    + (dialsHere ? "" : ", so what it says itself, as to a ping, is dropped"),
                "add \(IPPrefix(host: address))")
        case .sameAddress(let address, let file):
            FaultFacts("same-address", .error, "Address \(address): \(file) has the same", "give each its own")
        case .sameLAN(let network, let file):
            FaultFacts(
                "same-lan", .error,
                "AllowedIPs \(network): is behind the other side by this file, and behind this side by \(file)",
                "two sites need different networks; renumber one, or name it on the side alone from where it is reached"
            )
        case .mtuDiffers(let own, let other, let file):
            FaultFacts("mtu-differs", .hint, "MTU \(own): \(file) has \(other)", "write the smaller one on both sides")
        }
    }
}

extension PublicKey {
    /// The beginning: enough to find it, and no secret should it be a private key in the wrong place.
    fileprivate var abbreviated: String { description.prefix(8) + "…" }
}
