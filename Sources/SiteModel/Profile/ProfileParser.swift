public import NetTypes
import TOMLKit

extension Site {
    /// Reads a site profile (TOML). `file` is only for the messages.
    ///
    /// Throws everything that is wrong in one go, each with line and column: what is no TOML, unknown keys, wrong types, bad
    /// values, and what `problems()` finds.
    public static func parse(_ text: String, file: String) throws(ProfileErrors) -> Site {
        try ProfileParser(text, file: file).site()
    }
}

/// The profile's keys and what they become.
struct ProfileParser {
    private let file: String
    private let bytes: [UInt8]
    private let root: TOMLTableNode
    var reader = ProfileReader()

    init(_ text: String, file: String) throws(ProfileErrors) {
        self.file = file
        bytes = Array(text.utf8)
        func failure(_ line: Int, _ column: Int, _ reason: String, isLimit: Bool = false) -> ProfileErrors {
            let message = (isLimit ? "" : "this is not TOML: ") + reason
            return ProfileErrors([ProfileError(file: file, line: line, column: column, message: message)])
        }
        func failure(at offset: Int, _ reason: String, isLimit: Bool = false) -> ProfileErrors {
            let (line, column) = LineIndex(Array(text.utf8)).position(of: offset)
            return failure(line, column, reason, isLimit: isLimit)
        }
        // TOMLKit gets the text as a C string, which would end here.
        if let zero = bytes.firstIndex(of: 0) { throw failure(at: zero, "a zero byte") }
        var scanner = TOMLScanner(bytes)
        do { root = try scanner.document() } catch {
            throw failure(at: error.offset, error.reason, isLimit: error.isLimit)
        }
        do { _ = try TOMLTable(string: text) } catch {
            guard let error = error as? TOMLParseError else { throw failure(1, 1, "\(error)") }
            throw failure(max(error.source.begin.line, 1), max(error.source.begin.column, 1), error.description)
        }
    }

    consuming func site() throws(ProfileErrors) -> Site {
        let top = ProfileReader.Section(path: [], offset: 0, node: root)
        reader.refuseUnknown(in: top, keys: ProfileKeys.top)
        let tunnel = tunnel(top)
        let lan = lan(top)
        let header = reader.section("site", in: top, keys: ProfileKeys.site)
        let egress = reader.section("egress", in: top, keys: ProfileKeys.egress)
        let dns = reader.section("dns", in: top, keys: ProfileKeys.dns)
        let log = reader.section("log", in: top, keys: ProfileKeys.log)
        let port = tunnel.listenPort
        let site = Site(
            name: reader.string("name", in: header)?.text ?? "home",
            endpoint: reader.value("endpoint", in: header) { text throws(ParseError) in
                try Endpoint(parsing: text, defaultPort: port)
            },
            otherForwarding: otherForwarding(header), drift: reader.choice("drift", in: header) ?? .repair,
            keepsDenied: reader.boolean("denied", in: log) ?? false, lan: lan, tunnel: tunnel,
            egress: Egress(
                interface: reader.string("interface", in: egress)?.text,
                fullTunnel: reader.boolean("full-tunnel", in: egress) ?? false),
            dns: reader.list("servers", in: dns) { text throws(ParseError) in try IPAddress(parsing: text) } ?? [],
            groups: groups(top), peers: peers(top), checks: checks(top))
        let problems = site.problems(incomplete: reader.incomplete)
        if problems.isEmpty && reader.found.isEmpty { return site }
        throw errors(adding: problems)
    }

    // MARK: Sections

    /// One word for both families, or a table with a word or a list of interfaces for each.
    private mutating func otherForwarding(_ header: ProfileReader.Section) -> OtherForwarding {
        let key = "other-forwarding"
        switch header.node?.entries[key]?.value {
        case nil: return OtherForwarding()
        case .table:
            let section = reader.section(key, in: header, keys: ProfileKeys.otherForwarding)
            return OtherForwarding(
                ipv4: otherForwardingChoice("ipv4", section), ipv6: otherForwardingChoice("ipv6", section))
        default:
            let choice: OtherForwarding.Word? = reader.choice(key, in: header)
            return OtherForwarding(ipv4: choice?.choice, ipv6: choice?.choice)
        }
    }

    private mutating func otherForwardingChoice(
        _ family: String, _ section: ProfileReader.Section
    ) -> OtherForwarding.Choice? {
        if case .array = section.node?.entries[family]?.value {
            return reader.list(family, in: section) { $0 }.map { .from($0) }
        }
        let word: OtherForwarding.Word? = reader.choice(family, in: section)
        return word?.choice
    }

    private mutating func lan(_ top: ProfileReader.Section) -> LAN {
        let section = reader.section("lan", in: top, keys: ProfileKeys.lan)
        let subnets = reader.list("subnets", in: section) { text throws(ParseError) in try IPPrefix(parsing: text) }
        return LAN(
            interface: reader.string("interface", in: section)?.text, subnets: subnets ?? [],
            replyPath: reader.choice("reply-path", in: section) ?? .masquerade)
    }

    private mutating func tunnel(_ top: ProfileReader.Section) -> Tunnel {
        let section = reader.section("tunnel", in: top, keys: ProfileKeys.tunnel)
        let addresses = reader.list("addresses", in: section) { text throws(ParseError) in
            try InterfaceAddress(parsing: text)
        }
        return Tunnel(
            interface: reader.string("interface", in: section)?.text ?? "wg0", addresses: addresses ?? [],
            listenPort: UInt16(reader.integer("listen-port", in: section, 1...65535) ?? 51820),
            mtu: reader.integer("mtu", in: section, 576...65456).map { Int($0) },
            datapath: reader.choice("datapath", in: section) ?? .auto,
            fwmark: UInt32(reader.integer("fwmark", in: section, 0...0xffff_ffff) ?? 0), disguise: disguise(top),
            publicKey: publicKey(section))
    }

    private mutating func groups(_ top: ProfileReader.Section) -> [String: Policy] {
        let (section, names) = reader.names("groups", in: top)
        var groups: [String: Policy] = [:]
        for name in names {
            let group = reader.section(name, in: section, keys: ProfileKeys.group)
            groups[name] = policy(group) ?? Policy(allow: [])
        }
        return groups
    }

    private mutating func peers(_ top: ProfileReader.Section) -> [Peer] {
        let (section, names) = reader.names("peers", in: top)
        return names.map { peer(reader.section($0, in: section, keys: ProfileKeys.peer)) }
    }

    private mutating func peer(_ section: ProfileReader.Section) -> Peer {
        let addresses = reader.list("addresses", in: section) { text throws(ParseError) in
            try Self.peerAddress(parsing: text)
        }
        return Peer(
            name: section.path[1], addresses: addresses ?? [], isUnnumbered: addresses?.isEmpty == true,
            publicKey: publicKey(section),
            presharedKey: reader.value("preshared-key", in: section) { text throws(ParseError) in
                try PresharedKeyChoice(parsing: text)
            },
            fullTunnel: reader.boolean("full-tunnel", in: section), group: reader.string("group", in: section)?.text,
            policy: policy(section),
            routes: reader.list("routes", in: section) { text throws(ParseError) in try IPPrefix(parsing: text) } ?? [],
            endpoint: reader.value("endpoint", in: section) { text throws(ParseError) in try Endpoint(parsing: text) },
            keepalive: reader.integer("keepalive", in: section, 0...65535).map { UInt16($0) },
            disguise: reader.choice("disguise", in: section) ?? .none)
    }

    private mutating func checks(_ top: ProfileReader.Section) -> [Check] {
        reader.tables("check", in: top, keys: ProfileKeys.check).compactMap { section -> Check? in
            let (from, to) = (reader.required("from", in: section), reader.required("to", in: section))
            let expect: Check.Expectation = reader.choice("expect", in: section) ?? .allow
            guard let from, let to else { return nil }
            do throws(ParseError) { return Check(try Flow(from: from.text, to: to.text), expect) } catch {
                reader.note(error.input == from.text ? from.offset : to.offset, "check: \(error)")
                return nil
            }
        }
    }

    private mutating func policy(_ section: ProfileReader.Section) -> Policy? {
        reader.list("allow", in: section) { text throws(ParseError) in try AccessRule(parsing: text) }
            .map { Policy(allow: $0) }
    }

    private mutating func publicKey(_ section: ProfileReader.Section) -> PublicKey? {
        reader.value("public-key", in: section) { text throws(ParseError) in try PublicKey(parsing: text) }
    }

    /// The same without a reason.
    static func peerAddress(_ text: String) -> IPAddress? {
        do { return try peerAddress(parsing: text) } catch { return nil }
    }

    private static func peerAddress(parsing text: String) throws(ParseError) -> IPAddress {
        let parsed = try InterfaceAddress(parsing: text)
        guard parsed.length == parsed.address.bitWidth else {
            throw ParseError(
                text, "a peer has single addresses; write \(parsed.address), and networks behind it in routes")
        }
        return parsed.address
    }

    // MARK: Places

    private func errors(adding problems: [SiteProblem]) -> ProfileErrors {
        var all = reader.found
        var places = TOMLPlaces(root)
        for problem in problems { all.append((places.offset(of: problem.path), problem.description)) }
        let positions = LineIndex(bytes).positions(of: all.map(\.offset))
        return ProfileErrors(
            zip(all, positions).map { found, place in
                ProfileError(file: file, line: place.line, column: place.column, message: found.message)
            })
    }
}

extension OtherForwarding {
    /// The answers that are one word.
    fileprivate enum Word: String, CaseIterable {
        case allow, drop

        var choice: Choice { self == .allow ? .allow : .drop }
    }
}

extension PresharedKeyChoice: LosslessStringConvertible {
    /// `auto`, `none` or `sealed:` and 16 hex digits. Throws `ParseError`; it does not repeat what may be a key.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        switch text {
        case "auto": self = .auto
        case "none": self = .none
        default:
            guard text.hasPrefix("sealed:"), let id = SecretID(String(text.dropFirst(7))) else {
                throw ParseError(
                    "(preshared key)", "is none of auto, none, sealed:ID; the key itself does not belong in a profile")
            }
            self = .sealed(id)
        }
    }

    /// The same without a reason.
    public init?(_ description: String) {
        do { self = try PresharedKeyChoice(parsing: description) } catch { return nil }
    }

    /// As in the profile: `auto`, `none`, `sealed:1f0c…`.
    public var description: String {
        switch self {
        case .none: "none"
        case .auto: "auto"
        case .sealed(let id): "sealed:\(id)"
        }
    }
}
