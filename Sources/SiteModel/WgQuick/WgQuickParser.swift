import NetTypes

extension WgQuickConfig {
    /// Reads what wg-quick(8) reads: sections and keys in any case, `#` comments, lists with commas.
    ///
    /// Throws everything that is wrong in one go, each with line and column. Comments that name a peer are understood as the
    /// common scripts write them: `# Name = laptop`, `### Client laptop`, `### begin laptop ###`, `# laptop`.
    public static func parse(_ text: String, file: String) throws(ProfileErrors) -> WgQuickConfig {
        var parser = WgQuickParser(file: file)
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (number, line) in lines.enumerated() { parser.read(line, number: number + 1) }
        return try parser.finish()
    }
}

struct WgQuickParser {
    private enum Section {
        case none, interface, peer
        /// Its header could not be read; its keys are skipped.
        case unknown
    }

    private var config: WgQuickConfig
    private var errors: [ProfileError] = []
    private var section = Section.none
    /// The keys that the section has had, lower case.
    private var seen: Set<String> = []
    /// What the comments since the last setting call the peer that may come.
    private var pendingName: PeerComments.Name?
    private var peer: PartialPeer?

    private struct PartialPeer {
        var value: WgQuickConfig.Peer
        var hasKey = false
        var name: PeerComments.Name?
    }

    init(file: String) { config = WgQuickConfig(file: file) }

    mutating func read(_ line: Substring, number: Int) {
        let comment = line.firstIndex(of: "#")
        let content = line[..<(comment ?? line.endIndex)]
        let text = content.trimmed
        defer {
            if let comment { read(comment: line[line.index(after: comment)...], alone: text.isEmpty) }
        }
        guard !text.isEmpty else { return }
        let place = WgQuickConfig.Place(line: number, column: line.column(of: text.startIndex))
        if text.hasPrefix("[") { return open(text, at: place) }
        if section == .unknown { return }
        guard let equals = text.firstIndex(of: "=") else {
            return refuse(place, "\(shown(text)): is no setting; write KEY = VALUE, or # before a comment")
        }
        let key = text[..<equals].trimmed
        let value = text[text.index(after: equals)...].trimmed
        let valuePlace = WgQuickConfig.Place(line: number, column: line.column(of: value.startIndex))
        switch section {
        case .none: refuse(place, "\(shown(key)): stands before any section; begin with [Interface]")
        case .unknown: break
        case .interface: setInterface(key, value, place, valuePlace, line)
        case .peer: setPeer(key, value, place, valuePlace, line)
        }
        pendingName = nil
    }

    consuming func finish() throws(ProfileErrors) -> WgQuickConfig {
        closePeer()
        // Each allowed IP is looked for in each of them later on.
        let limit = SiteLimit.tunnelAddresses
        if let reason = limit.reason(against: config.interface.addresses.count), let place = config.places["address"] {
            refuse(place, "Address: \(reason); \(limit.advice)")
        }
        if errors.isEmpty { return config }
        throw ProfileErrors(errors)
    }

    // MARK: Sections

    private mutating func open(_ text: Substring, at place: WgQuickConfig.Place) {
        closePeer()
        seen = []
        switch text.lowercased() {
        case "[interface]":
            if config.places["[interface]"] != nil {
                refuse(place, "a second [Interface]; a file describes one interface")
            }
            config.places["[interface]"] = place
            config.interfacePlace = place
            section = .interface
        case "[peer]":
            section = .peer
            let noKey = PublicKey(bytes: [UInt8](repeating: 0, count: 32))!
            peer = PartialPeer(value: WgQuickConfig.Peer(publicKey: noKey, place: place), name: pendingName)
            pendingName = nil
        default:
            section = .unknown
            refuse(place, "\(shown(text)): unknown section; there are [Interface] and [Peer]")
        }
    }

    private mutating func closePeer() {
        guard var peer else { return }
        self.peer = nil
        peer.value.name = peer.name?.label
        if peer.hasKey { return config.peers.append(peer.value) }
        // Where the key is there but wrong, that has been said.
        if !seen.contains("publickey") { refuse(peer.value.place, "a [Peer] without PublicKey; every peer has one") }
    }

    /// A comment before a peer's first setting, or behind one, is about that peer; any other about the next.
    private mutating func read(comment: Substring, alone: Bool) {
        if PeerComments.isEnd(comment) { pendingName = nil }
        guard !PeerComments.isEnd(comment), let name = PeerComments.name(in: comment) else { return }
        if section == .peer && (!alone || seen.isEmpty) {
            if peer?.name == nil || name.isExplicit { peer?.name = name }
        } else if pendingName == nil || name.isExplicit {
            pendingName = name
        }
    }

    // MARK: Settings

    private mutating func setInterface(
        _ key: Substring, _ value: Substring, _ place: WgQuickConfig.Place, _ valuePlace: WgQuickConfig.Place,
        _ line: Substring
    ) {
        let name = key.lowercased()
        let lists = ["address", "dns", "preup", "postup", "predown", "postdown"]
        guard isFirst(name, key, place, lists: lists) else { return }
        if config.places[name] == nil { config.places[name] = valuePlace }
        switch name {
        case "address":
            each(value, line, valuePlace, key) { item throws(ParseError) in try InterfaceAddress(parsing: item) }
                .forEach { config.interface.addresses.append($0.value) }
        case "privatekey":
            config.interface.privateKey = one(valuePlace, key) { () throws(ParseError) in try PrivateKey(parsing: value)
            }
        case "listenport":
            let port = number(value, valuePlace, key, 0...65535).map { UInt16($0) }
            config.interface.listenPort = port == 0 ? nil : port
        case "mtu": config.interface.mtu = number(value, valuePlace, key, 576...65456).map { Int($0) }
        case "fwmark":
            config.interface.fwmark = UInt32(number(value, valuePlace, key, 0...0xffff_ffff, off: true) ?? 0)
        case "dns": setDNS(value, line, valuePlace)
        case "table":
            if value.lowercased() != "auto" {
                config.note(place, "Table = \(value): not taken over; wggw sets the routes that it needs")
            }
        case "saveconfig": config.note(place, "SaveConfig: not taken over; wggw keeps every revision")
        case "preup", "postup", "predown", "postdown":
            config.note(
                place,
                "\(key) = \(value): not taken over; wggw sets forwarding, masquerade and filters itself, what else it does is left out"
            )
        default: unknown(key, place, Self.interfaceKeys)
        }
    }

    private static let interfaceKeys = [
        "Address", "PrivateKey", "ListenPort", "MTU", "DNS", "Table", "FwMark", "PreUp", "PostUp", "PreDown",
        "PostDown",
        "SaveConfig",
    ]
    private static let peerKeys = ["PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive"]

    private mutating func setDNS(_ value: Substring, _ line: Substring, _ place: WgQuickConfig.Place) {
        for (item, at) in items(value, line, place) {
            if let address = IPAddress(String(item)) {
                config.interface.dns.append(address)
            } else if item.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ isHostLabel($0) }) {
                config.interface.searchDomains.append(String(item))
                config.note(at, "DNS \(item): a search domain is not taken over")
            } else {
                refuse(at, "DNS: \(item): is neither an address nor a domain")
            }
        }
    }

    private mutating func setPeer(
        _ key: Substring, _ value: Substring, _ place: WgQuickConfig.Place, _ valuePlace: WgQuickConfig.Place,
        _ line: Substring
    ) {
        let name = key.lowercased()
        guard isFirst(name, key, place, lists: ["allowedips"]) else { return }
        switch name {
        case "publickey":
            guard let parsed = one(valuePlace, key, parse: { () throws(ParseError) in try PublicKey(parsing: value) })
            else { return }
            peer?.value.publicKey = parsed
            peer?.hasKey = true
        case "presharedkey":
            let parsed = one(valuePlace, key) { () throws(ParseError) in try PresharedKey(parsing: value) }
            peer?.value.presharedKey = parsed
        case "allowedips": setAllowedIPs(value, line, valuePlace, key)
        case "endpoint":
            let parsed = one(valuePlace, key) { () throws(ParseError) in try Endpoint(parsing: value) }
            peer?.value.endpoint = parsed
        case "persistentkeepalive":
            let parsed = number(value, valuePlace, key, 0...65535, off: true)
            peer?.value.keepalive = parsed.map { UInt16($0) }
        default: unknown(key, place, Self.peerKeys)
        }
    }

    private mutating func setAllowedIPs(
        _ value: Substring, _ line: Substring, _ place: WgQuickConfig.Place, _ key: Substring
    ) {
        for (written, at) in each(
            value, line, place, key, parse: { item throws(ParseError) in try InterfaceAddress(parsing: item) })
        {
            if written.network.address != written.address {
                config.note(at, "AllowedIPs \(written): means \(written.network), as wg takes it")
            }
            peer?.value.allowedIPs.append(written.network)
            peer?.value.allowedPlaces.append(at)
        }
    }

    // MARK: Values

    /// Whether a key that may stand once stands for the first time.
    private mutating func isFirst(
        _ name: String, _ key: Substring, _ place: WgQuickConfig.Place, lists: [String]
    ) -> Bool {
        let isNew = seen.insert(name).inserted
        if isNew || lists.contains(name) { return true }
        refuse(place, "\(key): stands twice in this section; keep one")
        return false
    }

    private mutating func one<T>(
        _ place: WgQuickConfig.Place, _ key: Substring, parse: () throws(ParseError) -> T
    ) -> T? {
        do { return try parse() } catch {
            refuse(place, "\(key): \(error)")
            return nil
        }
    }

    private mutating func each<T>(
        _ value: Substring, _ line: Substring, _ place: WgQuickConfig.Place, _ key: Substring,
        parse: (Substring) throws(ParseError) -> T
    ) -> [(value: T, place: WgQuickConfig.Place)] {
        items(value, line, place).compactMap { item, at in
            one(at, key) { () throws(ParseError) in try parse(item) }.map { ($0, at) }
        }
    }

    /// The parts between commas, without the spaces; an empty value has none.
    private func items(
        _ value: Substring, _ line: Substring, _ place: WgQuickConfig.Place
    ) -> [(Substring, WgQuickConfig.Place)] {
        if value.isEmpty { return [] }
        // Counted on from the item before: the line may be as long as the file.
        var at = value.startIndex
        var column = place.column
        return value.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let item = part.trimmed
            column += line.unicodeScalars[at..<item.startIndex].count
            at = item.startIndex
            return (item, WgQuickConfig.Place(line: place.line, column: column))
        }
    }

    private mutating func number(
        _ value: Substring, _ place: WgQuickConfig.Place, _ key: Substring, _ range: ClosedRange<Int64>,
        off: Bool = false
    ) -> Int64? {
        if off && value.lowercased() == "off" { return 0 }
        let isHex = value.lowercased().hasPrefix("0x")
        let digits = isHex ? value.dropFirst(2) : value
        let number = digits.first?.isHexDigit == true ? Int64(digits, radix: isHex ? 16 : 10) : nil
        if let number, range.contains(number) { return number }
        let words = "a whole number from \(range.lowerBound) to \(range.upperBound)\(off ? ", or off" : "")"
        refuse(place, "\(key): \(value): write \(words)")
        return nil
    }

    private mutating func unknown(_ key: Substring, _ place: WgQuickConfig.Place, _ keys: [String]) {
        let hint = nearest(String(key), among: keys).map { "did you mean \($0)?" }
        refuse(place, "\(shown(key)): unknown key; \(hint ?? "here there are \(keys.joined(separator: ", "))")")
    }

    private mutating func refuse(_ place: WgQuickConfig.Place, _ message: String) {
        errors.append(ProfileError(file: config.file, line: place.line, column: place.column, message: message))
    }

    /// What is no key of ours may be a private key in the wrong place: only one short word is repeated.
    private func shown(_ text: Substring) -> Substring {
        text.count > 20 || text.contains(where: \.isWhitespace) ? "this" : text
    }
}

extension Substring {
    /// Without white space at either end.
    fileprivate var trimmed: Substring {
        var result = drop { $0.isWhitespace }
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }

    /// From 1, in Unicode scalars.
    fileprivate func column(of index: Index) -> Int { unicodeScalars[startIndex..<index].count + 1 }
}
