import NetTypes

/// Finds the names that people and scripts give to peers in comments: wg-quick's files have no other place for them.
enum PeerComments {
    /// What a comment calls a peer.
    struct Name {
        /// A host label.
        let label: String
        /// What it was made of.
        let written: String
        /// Whether it was said in so many words, as opposed to a lone word or a few.
        let isExplicit: Bool
    }

    /// What a comment is, besides a remark.
    enum Kind {
        /// `Name = laptop`, `Client: Anna's laptop (1f0c…)`, `### Client laptop`, `### begin laptop ###`, `laptop`.
        case name(Name)
        /// `Anna's laptop`: a name where nothing but a name is to be expected, and else a remark.
        case phrase(Name)
        /// `### end laptop ###`, `END_PEER laptop`: closes what another has opened.
        case end
        /// `[Peer]`: the head of a section that is commented out, with what comes below it.
        case section
    }

    /// Before `:` or `=`; without blanks, hyphens and underscores.
    private static let titles: Set = [
        "name", "client", "clientname", "peer", "peername", "friendlyname", "user", "username", "device", "devicename",
        "displayname", "hostname", "wgppeer", "wgpdisplayname",
    ]
    /// Before a name without a sign.
    private static let starters: Set = ["name", "client", "peer", "begin", "begin_peer", "user", "device"]
    /// Lone words that say what a section is, or how, and not whose.
    private static let remarks: Set = [
        "peer", "peers", "client", "clients", "user", "users", "device", "devices", "server", "interface", "wireguard",
        "default", "example", "optional", "required", "todo", "disabled", "enabled", "generated", "automatically",
        "created",
        "added", "updated", "modified", "by", "from", "for", "the", "this", "is", "do", "not", "see", "use",
    ]
    private static let keys: Set = [
        "address", "privatekey", "listenport", "mtu", "dns", "table", "fwmark", "saveconfig", "publickey",
        "presharedkey", "allowedips", "endpoint", "persistentkeepalive", "preup", "postup", "predown", "postdown",
    ]

    /// nil is a remark, or a setting that is commented out. A comment in which a key may be is a remark.
    static func kind(of comment: some StringProtocol) -> Kind? {
        let text = Substring(comment).trimmed(of: "#")
        if text.hasPrefix("[") { return .section }
        if text.mayHoldKey || isSetting(text) { return nil }
        if let (title, rest) = titled(text), titles.contains(title) {
            // wg-easy writes a peer's identifier behind its name.
            return name(rest.prefix { $0 != "(" }.trimmedOfBlanks, isExplicit: true).map { .name($0) }
        }
        let words = text.split { $0.isWhitespace }.filter { !$0.allSatisfy { $0 == "#" } && !$0.hasPrefix("(") }
        guard let first = words.first?.lowercased(), let last = words.last?.lowercased() else { return nil }
        if first == "end" || first == "end_peer" || words.count == 2 && last == "end" { return .end }
        if words.count == 2, starters.contains(first) || last == "start" {
            return name(starters.contains(first) ? words[1] : words[0], isExplicit: true).map { .name($0) }
        }
        guard words.count <= 3, words.allSatisfy(isName) else { return nil }
        return name(words.joined(separator: " "), isExplicit: false).map { words.count == 1 ? .name($0) : .phrase($0) }
    }

    private static func name(_ written: some StringProtocol, isExplicit: Bool) -> Name? {
        hostLabel(nearest: written).map { Name(label: $0, written: String(written), isExplicit: isExplicit) }
    }

    /// `PublicKey = …` and so on, commented out.
    static func isSetting(_ comment: some StringProtocol) -> Bool {
        titled(Substring(comment).trimmed(of: "#")).map { keys.contains($0.title) } ?? false
    }

    /// Whether a lone word can be somebody's name: no address, no date, none that a file says of itself.
    private static func isName(_ word: Substring) -> Bool {
        let lower = word.lowercased()
        if keys.contains(lower) || remarks.contains(lower) || word.contains(where: { "=@,;!?".contains($0) }) {
            return false
        }
        if word.dropLast().contains(":") || InterfaceAddress(String(word)) != nil { return false }
        return
            !(word.filter { $0 == "-" || $0 == "/" || $0 == "." }.count == 2 && word.contains(where: \.isNumber)
            && !word.contains(where: \.isLetter))
    }

    /// What stands before the first `:` or `=`, as a title is compared, and behind it.
    private static func titled(_ text: Substring) -> (title: String, rest: Substring)? {
        guard let sign = text.firstIndex(where: { $0 == ":" || $0 == "=" }) else { return nil }
        let title = text[..<sign].lowercased().filter {
            !$0.isWhitespace && $0 != "#" && $0 != "-" && $0 != "_" && $0 != "+"
        }
        return (title, text[text.index(after: sign)...])
    }
}

/// The host label that is nearest to a text: letters, digits, and a hyphen for all that is neither; nil if nothing is left.
public func hostLabel(nearest text: some StringProtocol) -> String? {
    var label = ""
    for scalar in text.unicodeScalars {
        if scalar.isASCII && UInt8(scalar.value).isLetterOrDigit {
            label.unicodeScalars.append(scalar)
        } else if !label.isEmpty, label.last != "-" {
            label += "-"
        }
        if label.utf8.count == 63 { break }
    }
    while label.last == "-" { label.removeLast() }
    return isHostLabel(label) ? label : nil
}

extension Substring {
    /// Without white space and this character at either end.
    fileprivate func trimmed(of other: Character) -> Substring {
        var result = drop { $0.isWhitespace || $0 == other }
        while let last = result.last, last.isWhitespace || last == other { result.removeLast() }
        return result
    }
}
