public import NetTypes
public import SiteModel

/// A site that cannot be compiled: what is missing or contradictory, and what would help.
public enum CompileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A member that a draft has to make is still empty: `tunnel.public-key`.
    case incomplete(String)
    /// The sealed private key that belongs to this public key is not there.
    case noPrivateKey(PublicKey)
    /// The sealed preshared key of a peer is not there.
    case noPresharedKey(peer: String, SecretID)
    /// The sealed header protection key of the disguise is not there.
    case noHeaderProtectionKey(SecretID)
    /// The disguise's parameters do not go together.
    case disguise(AWGFault)
    /// A peer names a group that the site does not have.
    case unknownGroup(peer: String, group: String)
    /// Two peers claim the same addresses.
    case overlap(IPPrefix, peer: String, IPPrefix, other: String)
    /// The policies up to this one come to more pieces than a firewall shall have.
    case tooManyElements(policy: String, limit: Int)

    /// `tunnel.public-key is not known: give it in the profile`
    public var description: String {
        switch self {
        case .incomplete(let member): "\(member) is not known: give it in the profile"
        case .noPrivateKey(let key):
            "the private key of \(key) is not in the store: import it, or make a new key pair"
        case .noPresharedKey(let peer, let id):
            "peer \(peer): preshared key sealed:\(id) is not in the store: import it, or write \"auto\""
        case .noHeaderProtectionKey(let id):
            "disguise: header protection key sealed:\(id) is not in the store: import it, or write \"auto\""
        case .disguise(let fault): "disguise: \(fault)"
        case .unknownGroup(let peer, let group): "peer \(peer): there is no group \(group): add [groups.\(group)]"
        case .overlap(let a, let peer, let b, let other):
            "peer \(peer): \(a) overlaps \(b) of peer \(other): a packet's source must tell the peer"
        case .tooManyElements(let policy, let limit):
            "\(policy): with it the policies come to more than \(limit) pieces of networks and ports: a rule for a network is "
                + "cut by every port of a wider one; write fewer rules, or a group for peers that may reach the same"
        }
    }
}
