import NetTypes

extension WgQuickConfig {
    /// Reads what wg-quick(8) and, behind it, `wg setconf` read, and takes it for the same; `services` finds ports by name.
    ///
    /// Throws everything that is wrong in one go, each with line and column. No message and no note repeats what may be a key.
    /// Comments that name a peer are understood as the common scripts write them; `PeerNaming` tells which.
    public static func parse(
        _ file: FileText, file name: String, services: ServicePorts = { _ in nil }
    ) throws(ProfileErrors) -> WgQuickConfig {
        let (config, errors) = read(file, file: name, services: services)
        if errors.isEmpty { return config }
        throw ProfileErrors(errors)
    }

    /// The same, as far as it can be read, and what is wrong with the rest.
    static func read(
        _ file: FileText, file name: String, services: ServicePorts
    ) -> (config: WgQuickConfig, errors: [ProfileError]) {
        withoutActuallyEscaping(services) { services in
            var parser = WgQuickParser(file: name, services: services)
            if file.encoding != .utf8 { parser.config.note(WgQuickConfig.Place(), .encoding(file.encoding)) }
            // In their own sections, with their own names.
            var disabled = WgQuickParser(file: name, services: services)
            for (number, line) in WgQuickLine.lines(of: file.text).enumerated() {
                if let rest = WgQuickLine.disabled(line) {
                    disabled.read(WgQuickLine(rest, number: number + 1))
                } else {
                    parser.read(WgQuickLine(line, number: number + 1))
                }
            }
            var result = parser.finish()
            // What is wrong there was of no effect.
            let (others, faults) = disabled.finish()
            if faults.isEmpty { result.config.disabled = others.peers }
            return result
        }
    }
}

/// The file, line by line: which section a line is in, and what its comment is for. What settings mean is in extensions.
struct WgQuickParser {
    enum Section {
        case none
        /// `isQuick`: wg-quick knows it for what it is, and takes its own settings out before wg gets the rest.
        case interface(isQuick: Bool)
        case peer
        /// Its header could not be read; its keys are skipped.
        case unknown
    }

    /// Bytes: 10,000 networks behind a peer take a fifth of it.
    static let longestLine = 1 << 20

    let services: ServicePorts
    var config: WgQuickConfig
    var errors: [ProfileError] = []
    var section = Section.none
    /// The keys that the section has had, lower case.
    var seen: Set<String> = []
    /// The sections of peers, and the one that is open.
    var peers: [PeerSection] = []
    var peer: PeerSection?
    /// Whether it was said that the file is for another WireGuard.
    var isAmnezia = false
    private var naming = PeerNaming()

    init(file: String, services: @escaping ServicePorts) {
        config = WgQuickConfig(file: file)
        self.services = services
    }

    mutating func read(_ line: WgQuickLine) {
        if line.whole.utf8.count > Self.longestLine {
            return refuse(WgQuickConfig.Place(line: line.number), .longLine(most: Self.longestLine))
        }
        if let zero = line.whole.utf8.firstIndex(of: 0) {
            return refuse(line.place(of: line.whole[zero...]), .zeroByte)
        }
        if let comment = line.comment, comment.mayHoldKey, !isPublicKey(comment) {
            config.note(line.place(of: comment), .keyInComment)
        }
        if line.content.isEmpty {
            if let comment = line.comment { naming.comment(comment) } else { naming.blankLine() }
            return
        }
        let place = line.place(of: line.content)
        if line.content.hasPrefix("[") { open(line.content, at: place) } else { set(line, at: place) }
        if let comment = line.comment { naming.comment(comment, canBeName: canName(line)) }
    }

    consuming func finish() -> (config: WgQuickConfig, errors: [ProfileError]) {
        closePeer()
        // Each allowed IP is looked for in each of the addresses later on.
        if !isWithin(.tunnelAddresses, config.interface.addresses.count, "Address", config.places["address"]) {
            config.unread.insert("address")
            (config.interface.addresses, config.interface.addressPlaces) = ([], [])
        }
        if isWithin(.peers, peers.count, "[Peer]", peers.last?.value.place) {
            config.take(peers)
        } else {
            config.lacksPeers = true
        }
        return (config, errors)
    }

    /// Whether there are not more than there may be; else that is refused.
    private mutating func isWithin(
        _ limit: SiteLimit, _ count: Int, _ what: String, _ place: WgQuickConfig.Place?
    ) -> Bool {
        guard let place, count > limit.most else { return true }
        refuse(place, .tooMany(what, count, limit))
        return false
    }

    // MARK: Comments

    /// A commented-out `PublicKey`, which is no secret.
    private func isPublicKey(_ comment: Substring) -> Bool {
        PeerComments.isSetting(comment) && comment.withoutBlanks.lowercased().drop { $0 == "#" }.hasPrefix("publickey")
    }

    /// Whether a lone word behind this is whose it is. Behind others it says what they are: `25 # seconds`.
    private func canName(_ line: WgQuickLine) -> Bool {
        guard let key = line.setting?.key.withoutBlanks.lowercased() else { return true }
        return key == "publickey" || key == "allowedips"
    }

    // MARK: Sections

    private mutating func open(_ head: Substring, at place: WgQuickConfig.Place) {
        closePeer()
        seen = []
        var isPeer = false
        switch head.withoutBlanks.lowercased() {
        case "[interface]":
            if config.places["[interface]"] == nil {
                config.interfacePlace = place
            } else {
                config.note(place, .secondInterface)
            }
            config.places["[interface]"] = place
            section = .interface(isQuick: head.lowercased() == "[interface]")
        case "[peer]":
            isPeer = true
            section = .peer
            peer = PeerSection(place: place)
        default:
            section = .unknown
            config.lacksPeers = true
            refuse(place, .unknownSection(shown(head)))
        }
        naming.section(isPeer: isPeer)
    }

    private mutating func closePeer() {
        guard var peer else { return }
        self.peer = nil
        peer.value.name = naming.current?.label
        peer.value.title = naming.current?.written
        peer.seen = seen
        if peer.hasKey { return peers.append(peer) }
        config.lacksPeers = true
        // Where the key is there but wrong, that has been said.
        if !seen.contains("publickey") { refuse(peer.value.place, .noPublicKey) }
    }

    // MARK: Settings

    private mutating func set(_ line: WgQuickLine, at place: WgQuickConfig.Place) {
        if case .unknown = section { return }
        naming.setting()
        guard let (key, value) = line.setting else {
            return refuse(place, .noSetting(shown(line.content)))
        }
        let setting = Setting(
            key: key, name: key.withoutBlanks.lowercased(), value: value, line: line, place: place,
            valuePlace: line.place(of: value))
        switch section {
        case .none: refuse(place, .outsideSections(key: shown(key)))
        case .unknown: break
        case .interface(let isQuick): setInterface(setting, isQuick: isQuick)
        case .peer: setPeer(setting)
        }
    }

    /// One setting, and where it stands.
    struct Setting {
        /// As it stands there.
        let key: Substring
        /// Without blanks, lower case.
        let name: String
        let value: Substring
        let line: WgQuickLine
        let place: WgQuickConfig.Place
        let valuePlace: WgQuickConfig.Place
    }
}
