import NetTypes

/// What is wrong with a key. Of a key that may be private nothing is told but where it stands.
enum KeyFault: Fault {
    /// A setting that holds a key.
    enum Setting: String {
        case privateKey = "PrivateKey"
        case publicKey = "PublicKey"
        case presharedKey = "PresharedKey"
    }

    case noPrivateKey
    /// All bytes are zero.
    case allZero(Setting)
    /// Of small order: whatever the private key, nothing secret comes of it.
    case smallOrder
    /// A key that stands in documentation, so that everybody has it.
    case published(Setting, in: String)
    /// A private key without the bits that `wg genkey` sets.
    case notGenerated
    /// A private key that is a peer's public one.
    case publicAsPrivate(file: String, line: Int)
    /// A peer's key that is the private one of a file.
    case privateAsPublic(file: String)
    /// A peer with the file's own key.
    case own
    /// The private key of another file.
    case shared(with: String)

    var facts: FaultFacts {
        switch self {
        case .noPrivateKey:
            FaultFacts("no-private-key", .error, "no PrivateKey, and so no tunnel", "put in what `wg genkey` prints")
        case .allZero(let setting):
            FaultFacts(
                "zero-key", .error, "\(setting.rawValue): is all zeros, which is no key",
                "write what `\(setting.maker)` prints")
        case .smallOrder:
            FaultFacts(
                "weak-key", .error,
                "PublicKey: belongs to no private key, and no handshake comes of it",
                "write what `wg pubkey` prints on the peer's side")
        case .published(let setting, let source):
            FaultFacts(
                "published-key", .error,
                "\(setting.rawValue): is the example in \(source), which everybody has",
                "make your own with `\(setting.maker)`")
        case .notGenerated:
            FaultFacts(
                "not-generated", .hint,
                "PrivateKey: lacks the bits that `wg genkey` sets; it may be a public key",
                "write what `wg genkey` prints")
        case .publicAsPrivate(let file, let line):
            FaultFacts(
                "public-as-private", .error,
                "PrivateKey: is the public key of the peer at \(file):\(line)",
                "write the private key that it was made of with `wg pubkey`")
        case .privateAsPublic(let file):
            FaultFacts(
                "private-as-public", .error,
                "PublicKey: is the private key of \(file), which its peers must not have",
                "make a new pair there, and write what `wg pubkey` makes of it")
        case .own:
            FaultFacts(
                "own-key", .error,
                "PublicKey: belongs to this file's own PrivateKey", "write what `wg pubkey` prints on the peer's side")
        case .shared(let file):
            FaultFacts(
                "shared-private-key", .error,
                "PrivateKey: is the same as in \(file)",
                "each side makes its own with `wg genkey` and keeps it; tell the other what `wg pubkey` makes of it")
        }
    }
}

extension KeyFault.Setting {
    /// The command that makes such a key.
    var maker: String {
        switch self {
        case .privateKey: "wg genkey"
        case .publicKey: "wg pubkey"
        case .presharedKey: "wg genpsk"
        }
    }
}
