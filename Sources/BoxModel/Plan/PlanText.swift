import Firewall
public import NetTypes

extension Plan {
    /// One line per change, `+` for what comes, `-` for what goes, `~` for what changes; long lists are summed up.
    /// Nothing to do is an empty text.
    public var text: String { lines.map { $0 + "\n" }.joined() }

    /// The lines of `text`.
    public var lines: [String] { lines(naming: [:]) }

    /// The same with peers by name where `names` has one.
    public func lines(naming names: [PublicKey: String]) -> [String] {
        var lines: [String] = []
        var rest = changes[...]
        while let change = rest.first {
            // Changes of one kind in a row are told as one list, which may be long.
            let kind = change.listKind
            let run = kind == nil ? rest.prefix(1) : rest.prefix { $0.listKind == kind }
            lines += kind.map { abridged(Array(run), $0) { $0.lines(names)[0] } } ?? change.lines(names)
            rest = rest[run.endIndex...]
        }
        return lines
    }
}

/// How many of a long list are told one by one.
private let shown = 4

private func abridged<Item>(_ items: [Item], _ plural: String, _ line: (Item) -> String) -> [String] {
    guard items.count > shown + 1 else { return items.map(line) }
    let lines = items.prefix(shown).map(line)
    return lines + ["\(lines[0].prefix(1)) \(grouped(items.count - shown)) more \(plural)"]
}

/// `9,999`
func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.indices.map { ($0 > 0 && (digits.count - $0) % 3 == 0 ? "," : "") + String(digits[$0]) }.joined()
}

extension Change {
    /// The plural of what may come in long lists.
    fileprivate var listKind: String? {
        switch self {
        case .link(.addRoute): "routes"
        case .link(.removeRoute): "old routes"
        case .link(.addProxyNeighbour): "proxy neighbours"
        case .link(.removeProxyNeighbour): "old proxy neighbours"
        default: nil
        }
    }

    var size: Int {
        switch self {
        case .setWireGuard(_, let change):
            (change.privateKey == nil ? 0 : 1) + (change.listenPort == nil ? 0 : 1) + (change.fwmark == nil ? 0 : 1)
                + (change.disguises == nil ? 0 : 1) + change.remove.count + change.set.count
        case .firewall(.update(let updates)): updates.reduce(0) { $0 + $1.delete.count + $1.add.count }
        case .cutConnections(let cut): cut.size
        default: 1
        }
    }

    /// What a person reads; no secrets.
    public var lines: [String] { lines([:]) }

    fileprivate func lines(_ names: [PublicKey: String]) -> [String] {
        switch self {
        case .createInterface(let name, let backend): ["+ interface \(name) (\(backend.rawValue))"]
        case .deleteInterface(let name, let backend): ["- interface \(name) (\(backend.rawValue))"]
        case .replaceInterface(let name, let successor, let old, let new):
            ["~ interface \(name) (\(old.rawValue) → \(new.rawValue)): \(successor) takes its place"]
        case .setWireGuard(_, let change): change.lines(names)
        case .link(let change): [change.line]
        case .startHandshakes(_, let peers):
            abridged(peers, "handshakes") { "~ handshake with \(names[$0] ?? $0.description)" }
        case .callPeers(_, let peers):
            abridged(peers, "calls") { "~ call to \(names[$0.publicKey] ?? $0.publicKey.description)" }
        case .firewall(let change): change.lines
        case .cutConnections(let cut): cut.lines(names)
        case .setSysctl(let key, let value, let was): ["~ sysctl \(dotted(key)) \(was) → \(value)"]
        }
    }

    /// As sysctl(8) says it, unless an interface's name has a dot.
    private func dotted(_ key: String) -> String {
        key.contains(".") ? key : String(key.map { $0 == "/" ? "." : $0 })
    }
}

extension LinkChange {
    fileprivate var line: String {
        switch self {
        case .setMTU(let interface, let mtu, let was):
            was.map { "~ mtu \(interface) \($0) → \(mtu)" } ?? "+ mtu \(interface) \(mtu)"
        case .setUp(let interface, _): "~ interface \(interface) up"
        case .addAddress(let interface, let address): "+ address \(address) on \(interface)"
        case .removeAddress(let interface, let address): "- address \(address) on \(interface)"
        case .addRoute(let route): "+ route \(route.destination) through \(route.interface)"
        case .removeRoute(let route): "- route \(route.destination) through \(route.interface)"
        case .addAnswerWay(let way): "+ answers from \(way.source) by \(way.interface)"
        case .removeAnswerWay(let way):
            "- answers from \(way.source)\(way.interface.isEmpty ? "" : " by \(way.interface)")"
        case .addProxyNeighbour(let neighbour): "+ proxy neighbour \(neighbour.address) on \(neighbour.interface)"
        case .removeProxyNeighbour(let neighbour): "- proxy neighbour \(neighbour.address) on \(neighbour.interface)"
        }
    }
}

extension FirewallChange {
    fileprivate var lines: [String] {
        switch self {
        case .replace(let new, let old): [line(new, old)]
        case .update(let updates): updates.flatMap(\.lines)
        case .remove: ["- firewall table inet \(FirewallTable.tableName)"]
        }
    }

    private func line(_ new: FirewallTable, _ old: FirewallTable?) -> String {
        let rules = new.chains.reduce(0) { $0 + $1.rules.count }
        let elements = new.sets.reduce(0) { $0 + $1.elements.count }
        return "\(old == nil ? "+" : "~") firewall table inet \(FirewallTable.tableName): \(grouped(rules)) rules, "
            + "\(grouped(elements)) set elements"
    }
}

extension ConnectionCut {
    /// What it is about, by addresses: `connections of 192.168.2.7, 192.168.7.0/24 and 3 more`.
    public var summary: String {
        if judged == .everything { return "connections through \(rules?.interface ?? "")" }
        if holders.isEmpty { return portText }
        let networks = holders.flatMap(\.networks)
        let rest = networks.count > shown ? " and \(grouped(networks.count - shown)) more" : ""
        return "connections of " + networks.prefix(shown).map(\.shortText).joined(separator: ", ") + rest
    }

    fileprivate var size: Int { holders.count + (judged == .everything ? 1 : 0) + (ports.isEmpty ? 0 : 1) }

    private var portText: String { "datagrams to UDP port \(ports.map { "\($0)" }.joined(separator: ", "))" }

    fileprivate func lines(_ names: [PublicKey: String]) -> [String] {
        func name(_ holder: Holder) -> String { names[holder.key] ?? holder.key.description }
        let lines =
            (ports.isEmpty ? [] : ["- \(portText), so far led elsewhere"])
            + abridged(released, "peers' connections") {
                "- connections of \(name($0)), which had \($0.networks.map(\.shortText).joined(separator: ", "))"
            }
        switch judged {
        case .nothing: return lines
        case .peers(let holders):
            return lines
                + abridged(holders, "peers' connections") { "- connections of \(name($0)) that its policy forbids" }
        case .everything: return lines + ["- connections through \(rules?.interface ?? "") that no policy allows"]
        }
    }
}

extension IPPrefix {
    /// A single address without its length.
    fileprivate var shortText: String { isHost ? address.description : description }
}

extension WireGuardChange {
    fileprivate func lines(_ names: [PublicKey: String]) -> [String] {
        var lines: [String] = []
        if privateKey != nil { lines.append("~ wireguard private key (hidden)") }
        if let listenPort { lines.append("~ wireguard listen port \(listenPort)") }
        if let fwmark { lines.append("~ wireguard fwmark \(fwmark == 0 ? "off" : "0x" + String(fwmark, radix: 16))") }
        if let disguises {
            let count = disguises.count { !$0.isPlain }
            lines.append(
                count == 0
                    ? "~ wireguard without disguise"
                    : "~ wireguard \(count == 1 ? "disguise" : "\(count) disguises") AmneziaWG (hidden)  by the built-in datapath, since the kernel's speaks plain WireGuard only"
            )
        }
        lines += abridged(remove, "peers") { "- peer \(names[$0] ?? $0.description)" }
        lines += abridged(set.filter(\.isNew), "peers") { $0.line(names) }
        lines += abridged(set.filter { !$0.isNew }, "peers") { $0.line(names) }
        return lines
    }
}

extension WireGuardPeerChange {
    fileprivate func line(_ names: [PublicKey: String]) -> String {
        var words = ["\(isNew ? "+" : "~") peer \(names[publicKey] ?? publicKey.description)"]
        if let allowedIPs {
            words.append(
                allowedIPs.isEmpty
                    ? "no allowed ips" : "allowed ips " + allowedIPs.map(\.description).joined(separator: ", "))
        }
        if let endpoint { words.append("endpoint \(endpoint)") }
        if let keepalive { words.append(keepalive == 0 ? "keepalive off" : "keepalive \(keepalive) s") }
        if let dialect {
            words.append(dialect == 0 ? "in plain WireGuard" : dialect == 1 ? "disguised" : "disguised, set \(dialect)")
        }
        switch presharedKey {
        case nil: break
        case .clear: words.append("no preshared key")
        case .set: words.append("preshared key (hidden)")
        }
        return words.joined(separator: "  ")
    }
}

extension SetUpdate {
    fileprivate var lines: [String] {
        let kind = "firewall \(set.isVerdictMap ? "map" : "set") \(set.name)"
        func told(_ sign: String, _ elements: [SetElement]) -> [String] {
            abridged(elements, "in \(kind)") { "\(sign) \(kind) \($0.nftText(counts: false))" }
        }
        return told("-", delete) + told("+", add)
    }
}
