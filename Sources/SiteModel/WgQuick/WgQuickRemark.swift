public import NetTypes

extension WgQuickConfig {
    /// What was understood but has no place in a site, or is taken differently than it stands there.
    public enum Remark: Hashable, Sendable {
        /// Not UTF-8.
        case encoding(FileText.Encoding)
        /// A comment with a key in it.
        case keyInComment
        /// `[Interface]` once more.
        case secondInterface
        /// A setting of which there is one, once more in its section.
        case repeated(key: String, reader: String)
        /// Routes that wg-quick sets elsewhere, or not at all.
        case table(String)
        /// Whether wg-quick writes the file anew when the tunnel goes down.
        case saveConfig(Bool)
        /// What stands in `DNS` and is no address.
        case searchDomain(String)
        /// An endpoint in a form that is not how wggw writes it.
        case endpoint(written: String, means: Endpoint)
        /// An endpoint on one interface, and whether it names that.
        case endpointOfOneLink(written: String, IPAddress, namesIt: Bool)
        /// A network written with the bits of a host.
        case hostBits(InterfaceAddress)
        /// A network that the peer has already.
        case networkTwice(IPPrefix)
        /// A network that another peer had, whose section begins at that line.
        case networkOfOther(IPPrefix, line: Int)
        /// A section of a peer that has one at that line.
        case samePeer(line: Int)
    }

    /// The remarks with their places, and then the others, in the order in which they came up.
    var notes: [ProfileError] {
        remarks.map { fault($0.place, .remark($0.remark)) } + others.map { fault($0.place, $0.fault) }
    }

    mutating func note(_ place: Place, _ remark: Remark) { remarks.append((place, remark)) }

    mutating func note(_ place: Place, _ fault: ForeignFault) { others.append((place, .foreign(fault))) }
}

extension WgQuickConfig.Remark {
    var text: String {
        switch self {
        case .encoding(let encoding): "the file is no UTF-8; taken as \(encoding.rawValue)"
        case .keyInComment: "a comment holds what may be a key; it is kept nowhere"
        case .secondInterface: "a second [Interface]; wg takes both as one, and of what stands in both the last"
        case .repeated(let key, let reader): "\(key): stands twice in this section; \(reader) takes the last"
        case .table(let value): "Table = \(value.quotable): not taken over; wggw sets the routes that it needs"
        case .saveConfig: "SaveConfig: not taken over; wggw keeps every revision"
        case .searchDomain(let text): "DNS \(text.quotable): is no address; a search domain is not taken over"
        case .endpoint(let written, let endpoint): "Endpoint \(written.quotable): means \(endpoint)"
        case .endpointOfOneLink(let written, let address, let namesIt):
            "Endpoint \(written.quotable): \(address) "
                + (namesIt
                    ? "on one interface is a neighbour of this moment" : "is of one interface, and none is named")
                + "; not taken over, the peer is answered where it comes from"
        case .hostBits(let written): "AllowedIPs \(written): means \(written.network), as wg takes it"
        case .networkTwice(let network): "AllowedIPs \(network): stands twice; taken once"
        case .networkOfOther(let network, let line):
            "AllowedIPs \(network): the peer at line \(line) has it too; it is this one's alone, as wg takes it"
        case .samePeer(let line):
            "[Peer]: is the one at line \(line) by its PublicKey; wg takes both as one, with the AllowedIPs of the last"
        }
    }
}
