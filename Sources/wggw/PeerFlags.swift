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
            "In which form it comes in: by the site's disguise, by another one of this name, or in plain WireGuard.",
            valueName: "awg|name|none"),
        transform: parsed { text throws(ParseError) in try DisguiseChoice(parsing: text) })
    var disguise: DisguiseChoice?

    @Option(
        help: ArgumentHelp(
            "When its time is over: 2026-12-31T18:00Z, or in 30m, 12h, 7d, 2w; never takes that back.",
            valueName: "moment"),
        transform: { try Moment(parsing: $0) })
    var expires: Moment?

    func validate() throws {
        if fullTunnel && splitTunnel { throw ValidationError("--full-tunnel and --split-tunnel exclude each other") }
        if group != nil && group != "none" && !allow.isEmpty && allow != ["any"] {
            throw ValidationError("--group and --allow exclude each other: a peer has its group's policy or its own")
        }
        _ = try options(readingFiles: false)
    }

    /// Each option, the field that it sets, and its words; none if it was not given.
    private var told: [(option: String, key: String, words: [String])] {
        [
            ("--address", "addresses", address), ("--route", "routes", route), ("--allow", "allow", allow),
            ("--public-key", "public-key", Self.words(publicKey)), ("--endpoint", "endpoint", Self.words(endpoint)),
            ("--group", "group", Self.words(group)), ("--keepalive", "keepalive", Self.words(keepalive)),
            ("--disguise", "disguise", Self.words(disguise)),
            ("--expires", "expires", Self.words(expires)),
            ("--full-tunnel", "full-tunnel", fullTunnel ? ["true"] : splitTunnel ? ["false"] : []),
        ]
    }

    private static func words(_ value: (some CustomStringConvertible)?) -> [String] {
        value.map { [$0.description] } ?? []
    }

    /// As the use cases take them. A preshared key's file is read only for real: standard input can be read once.
    func options(readingFiles: Bool = true) throws -> PeerOptions {
        var options = PeerOptions()
        for (option, key, words) in told where !words.isEmpty {
            do { try options.set(key, words) } catch { throw ValidationError("\(option) \(error)") }
        }
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
            throw CommandError("\(file): \(error.reason)")
        }
    }
}

/// The name of a peer, completed from the site.
let peerNames = CompletionKind.shellCommand("wggw list --names --quiet 2>/dev/null")
