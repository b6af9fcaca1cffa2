public import NetTypes
public import SiteModel

/// The keys that a site speaks of and does not hold, as Storage unseals them. Never printed.
public struct Secrets: Sendable {
    /// Private keys by the public keys that belong to them: the gateway's, and those of peers whose pair was made here.
    public var privateKeys: [PublicKey: PrivateKey]
    /// Preshared keys by name.
    public var presharedKeys: [SecretID: PresharedKey]

    /// Makes a bunch of keys.
    public init(privateKeys: [PublicKey: PrivateKey] = [:], presharedKeys: [SecretID: PresharedKey] = [:]) {
        self.privateKeys = privateKeys
        self.presharedKeys = presharedKeys
    }
}
