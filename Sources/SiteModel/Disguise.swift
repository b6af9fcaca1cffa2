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

    /// The same as far as it is known without the key; another `number` has another one.
    func checkedParameters(_ number: UInt8 = 1) throws(AWGFault) -> AWGParameters {
        try parameters(
            key: headerProtectionKey == .none ? nil : HeaderProtectionKey { for i in $0.indices { $0[i] = number } })
    }

    /// Bytes that it adds to each packet.
    public var overhead: Int { Int(settings.prefixes.data ?? 0) }
}

/// In which form a peer comes in. In the profile: `"none"`, `"awg"`, or another disguise's name.
public struct DisguiseChoice: Hashable, Sendable, ParsedText, CustomStringConvertible {
    /// `none`, or the disguise's.
    public let name: String

    /// Plain WireGuard, which every app speaks.
    public static let none = DisguiseChoice(name: "none")
    /// The site's usual disguise, for apps that speak AmneziaWG.
    public static let awg = DisguiseChoice(name: "awg")

    private init(name: String) { self.name = name }

    /// Whatever it names has to be a host label.
    public init(parsing name: some StringProtocol) throws(ParseError) {
        guard isHostLabel(name) else { throw ParseError(name, .noDisguise) }
        self.init(name: String(name))
    }

    /// The name.
    public var description: String { name }
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
