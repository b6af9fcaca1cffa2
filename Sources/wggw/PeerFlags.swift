import ArgumentParser
import Gateway
import NetTypes
import SiteModel

/// What `add-peer` and `set-peer` say of a peer.
struct PeerFlags: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Addresses in the tunnel; auto takes free ones, none does without.", valueName: "address"))
    var address: [String] = []

    @Option(help: ArgumentHelp("The peer's own public key; auto makes a key pair here.", valueName: "key"))
    var publicKey: String?

    @Option(
        help: ArgumentHelp(
            "auto makes one, none does without, a file holds one (- is standard input).", valueName: "auto|none|file"),
        completion: .file())
    var presharedKey: String?

    @Flag(help: "It goes out to the Internet through the gateway.")
    var fullTunnel = false

    @Flag(help: "It reaches the LAN only.")
    var splitTunnel = false

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Networks behind it; none for none.", valueName: "cidr"))
    var route: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("What it may reach: 192.168.1.10:443/tcp; any for the whole LAN.", valueName: "rule"))
    var allow: [String] = []

    @Option(help: ArgumentHelp("The group whose policy it has; none for none.", valueName: "name"))
    var group: String?

    @Option(help: ArgumentHelp("Where the gateway dials it; none for nowhere.", valueName: "host:port"))
    var endpoint: String?

    @Option(help: ArgumentHelp("Seconds between keepalives; 0 for none.", valueName: "seconds"))
    var keepalive: UInt16?

    @Option(
        help: ArgumentHelp(
            "In which form it comes in: by the site's disguise, or in plain WireGuard.", valueName: "awg|none"),
        transform: { try choice($0, "awg or none") })
    var disguise: DisguiseChoice?

    func validate() throws {
        if fullTunnel && splitTunnel { throw ValidationError("--full-tunnel and --split-tunnel exclude each other") }
        if group != nil && group != "none" && !allow.isEmpty && allow != ["any"] {
            throw ValidationError("--group and --allow exclude each other: a peer has its group's policy or its own")
        }
        _ = try options(readingFiles: false)
    }

    /// As the use cases take them. A preshared key's file is read only for real: standard input can be read once.
    func options(readingFiles: Bool = true) throws -> PeerOptions {
        var options = PeerOptions()
        let hasNone = address == ["none"]
        options.addresses = try list(hasNone ? [] : address, clear: "auto", "--address") { text throws(ParseError) in
            try IPAddress(parsing: text)
        }
        if hasNone { options.addresses = .set([]) }
        options.routes = try list(route, clear: "none", "--route") { text throws(ParseError) in
            try IPPrefix(parsing: text)
        }
        options.allow = try list(allow, clear: "any", "--allow") { text throws(ParseError) in
            try AccessRule(parsing: text)
        }
        options.publicKey = try single(publicKey, clear: "auto", "--public-key") { text throws(ParseError) in
            try PublicKey(parsing: text)
        }
        options.endpoint = try single(endpoint, clear: "none", "--endpoint") { text throws(ParseError) in
            try Endpoint(parsing: text)
        }
        options.group = try single(group, clear: "none", "--group") { text throws(ParseError) in text }
        if let keepalive { options.keepalive = keepalive == 0 ? .clear : .set(keepalive) }
        options.disguise = disguise
        if fullTunnel { options.fullTunnel = .set(true) }
        if splitTunnel { options.fullTunnel = .set(false) }
        switch presharedKey {
        case nil: break
        case "auto"?: options.presharedKey = .auto
        case "none"?: options.presharedKey = PeerOptions.PresharedKeyOption.none
        case let file?: if readingFiles { options.presharedKey = .key(try Self.presharedKey(file)) }
        }
        return options
    }

    private static func presharedKey(_ file: String) throws -> PresharedKey {
        let text = try readTextFile(file)
        do { return try PresharedKey(parsing: text.split(whereSeparator: \.isWhitespace).first ?? "") } catch {
            throw GatewayError.refused("\(file): \(error.reason)")
        }
    }

    private func list<Value: Sendable>(
        _ texts: [String], clear: String, _ option: String, _ parse: (String) throws(ParseError) -> Value
    ) throws -> Setting<[Value]> {
        if texts.isEmpty { return .keep }
        if texts == [clear] { return .clear }
        do { return .set(try texts.map { text throws(ParseError) in try parse(text) }) } catch {
            throw ValidationError("\(option) \(error)")
        }
    }

    private func single<Value: Sendable>(
        _ text: String?, clear: String, _ option: String, _ parse: (String) throws(ParseError) -> Value
    ) throws -> Setting<Value> {
        guard let text else { return .keep }
        if text == clear { return .clear }
        do { return .set(try parse(text)) } catch { throw ValidationError("\(option) \(error)") }
    }
}

/// The name of a peer, completed from the site.
let peerNames = CompletionKind.shellCommand("wggw list --names --quiet 2>/dev/null")
