public import NetTypes

/// What of a file of wg-quick's cannot be taken. What may be a key in the wrong place is in no fault but as what was to be read.
public enum WgQuickFault: Hashable, Sendable {
    /// A line of more bytes than this.
    case longLine(most: Int)
    case zeroByte
    case unknownSection(String)
    /// A line that is neither a section nor a setting.
    case noSetting(String)
    case outsideSections(key: String)
    /// In a section; which it may be meant to be, among those that there are.
    case unknownKey(String, near: String?, known: [String])
    /// A key of `[Interface]` in a section that wg alone takes for that one.
    case ofWgQuick(key: String)
    /// A key of AmneziaWG 1.5.
    case ofOldAmnezia(key: String)
    /// A peer's section.
    case noPublicKey
    case saveConfig(String)
    case mtu(String)
    case emptyItem(key: String)
    /// A parameter of AmneziaWG.
    case parameter(AWGFault)
    /// More of a section or setting than a site may have.
    case tooMany(String, Int, SiteLimit)
    /// A host of the tunnel, written with the length of a network in which there is more of this network of the tunnel.
    case networkOfTunnel(InterfaceAddress, tunnel: IPPrefix)

    var words: String {
        switch self {
        case .longLine(let most): "is longer than \(most) bytes; write AllowedIPs in several lines"
        case .zeroByte: "a NUL character: this is no text; write the line anew"
        case .unknownSection(let head): "\(head): unknown section; there are [Interface] and [Peer]"
        case .noSetting(let text): "\(text): is no setting; write KEY = VALUE, or # before a comment"
        case .outsideSections(let key): "\(key): stands before any section; begin with [Interface]"
        case .unknownKey(let key, let near, let known):
            "\(key): unknown key; "
                + (near.map { "did you mean \($0)?" } ?? "here there are \(known.joined(separator: ", "))")
        case .ofWgQuick(let key): "\(key): wg-quick takes it in [Interface] without blanks in the brackets"
        case .ofOldAmnezia(let key):
            "\(key): is of AmneziaWG 1.5 alone, which nobody speaks any more; take it out, at the peers too"
        case .noPublicKey: "a [Peer] without PublicKey; every peer has one"
        case .saveConfig(let value): "SaveConfig: \(value.quotable): write true or false"
        case .mtu(let value): "MTU: \(value.quotable): write a whole number from 576 to 65456"
        case .emptyItem(let key): "\(key): nothing between two commas or behind the last; take a comma away"
        case .parameter(let fault): fault.description
        case .tooMany(let what, let count, let limit):
            "\(what): \(SiteProblem.EntryFault.tooMany(count, limit).text.message)"
        case .networkOfTunnel(let written, let tunnel):
            "AllowedIPs \(written): means \(written.network) to wg, "
                + (tunnel == written.network
                    ? "the whole tunnel" : "which shares addresses with the tunnel's \(tunnel)")
                + "; write \(IPPrefix(host: written.address))"
        }
    }
}
