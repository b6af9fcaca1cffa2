public import NetTypes

/// How the tunnel looks to those who would block it: AmneziaWG's parameters, the same at both ends. Peers in plain WireGuard may
/// come in beside.
public struct Disguise: Hashable, Sendable {
    /// What is written, without a header protection key; what is not there is default.
    public var settings: AWGSettings
    /// What hides the headers of messages (AmneziaWG 3.0), sealed like a preshared key.
    public var headerProtectionKey: PresharedKeyChoice

    /// Makes a disguise.
    public init(_ settings: AWGSettings, headerProtectionKey: PresharedKeyChoice = .none) {
        self.settings = settings
        self.headerProtectionKey = headerProtectionKey
    }

    /// All parameters with the key, as it was unsealed; checked as a whole.
    public func parameters(key: HeaderProtectionKey?) throws(AWGFault) -> AWGParameters {
        var settings = settings
        settings.headerProtectionKey = key.map { .some($0) }
        return try AWGParameters(settings)
    }

    /// The same as far as it is known without the key.
    func checkedParameters() throws(AWGFault) -> AWGParameters {
        try parameters(key: headerProtectionKey == .none ? nil : HeaderProtectionKey { $0[0] = 1 })
    }

    /// Bytes that it adds to each packet.
    public var overhead: Int { Int(settings.prefixes.data ?? 0) }
}

/// In which form a peer comes in. In the profile: `"none"`, `"awg"`.
public enum DisguiseChoice: String, Hashable, Sendable, CaseIterable {
    /// Plain WireGuard, which every app speaks.
    case none
    /// The site's disguise, for apps that speak AmneziaWG.
    case awg
}

extension AWGName {
    /// As in a profile: `header-protection-key`.
    public var profileKey: String {
        rawValue.reduce(into: "") { key, letter in
            if letter.isUppercase && !key.isEmpty { key += "-" }
            key += letter.lowercased()
        }
    }
}
