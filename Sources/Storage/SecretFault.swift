public import NetTypes
public import SiteModel

/// A secret that is kept here, by its name.
public enum SecretName: Equatable, Sendable, CustomStringConvertible {
    /// Of a peer, or the gateway's own.
    case privateKey(of: PublicKey)
    case presharedKey(SecretID)

    /// `preshared key 1f0c…`
    public var description: String {
        switch self {
        case .privateKey(let key): "private key of \(key)"
        case .presharedKey(let id): "preshared key \(id)"
        }
    }
}

/// What is wrong with one.
public enum SecretFault: Equatable, Sendable {
    /// It was never here.
    case elsewhere
    /// It is not here any more, or not yet.
    case missing
    /// It does not open.
    case damaged
    /// Somebody swapped rows of the database.
    case anothers
    /// The same, of a key whose name is made of it.
    case another

    var prose: Prose {
        switch self {
        case .elsewhere: "was never on this box; its owner has it"
        case .missing: "is not sealed here; set it with \(.peer(nil, .presharedKey))"
        case .damaged: "does not open: the database is damaged"
        case .anothers: "belongs to another peer: the database was tampered with"
        case .another: "is another one: the database was tampered with"
        }
    }
}
