import NetTypes

/// Finds the names that people and scripts give to peers in comments: wg-quick's files have no other place for them.
enum PeerComments {
    /// What a comment calls a peer.
    struct Name {
        /// A host label.
        let label: String
        /// Whether it was said in so many words, as opposed to a lone word.
        let isExplicit: Bool
    }

    private static let starters: Set = [
        "name", "client", "peer", "begin", "begin_peer", "friendly_name", "friendlyname", "user", "device",
    ]
    private static let keys: Set = [
        "address", "privatekey", "listenport", "mtu", "dns", "table", "fwmark", "saveconfig", "publickey",
        "presharedkey", "allowedips", "endpoint", "persistentkeepalive",
    ]

    /// `Name = laptop`, `Client: laptop (1f0c…)`, `### Client laptop`, `### begin laptop ###`, `laptop`.
    static func name(in comment: some StringProtocol) -> Name? {
        var words = comment.split { $0.isWhitespace || $0 == "=" || $0 == ":" }
        words.removeAll { word in word.allSatisfy { $0 == "#" } || word.hasPrefix("(") }
        guard let first = words.first?.drop(while: { $0 == "#" }).lowercased() else { return nil }
        let hasSign = comment.contains { $0 == "=" || $0 == ":" }
        if starters.contains(first), words.count == 2 || words.count > 2 && hasSign {
            return label(words[1]).map { Name(label: $0, isExplicit: true) }
        }
        guard words.count == 1, !keys.contains(first) else { return nil }
        return label(words[0]).map { Name(label: $0, isExplicit: false) }
    }

    /// Whether the comment closes what another has opened, as PiVPN writes it.
    static func isEnd(_ comment: some StringProtocol) -> Bool {
        let first = comment.split { $0.isWhitespace || $0 == "#" }.first?.lowercased()
        return first == "end" || first == "end_peer"
    }

    /// The nearest host label; nil if nothing is left.
    static func label(_ text: some StringProtocol) -> String? {
        let mapped = text.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && TOMLScanner.isBareKey(UInt8(scalar.value)) && scalar != "_" ? Character(scalar) : "-"
        }
        var label = Substring(String(mapped.drop { $0 == "-" }.prefix(63)))
        while label.last == "-" { label.removeLast() }
        return isHostLabel(label) ? String(label) : nil
    }
}
