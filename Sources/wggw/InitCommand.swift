import ArgumentParser
import Gateway
import NetTypes
import SiteModel
import Storage

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Describe the site; what is not given is found out or chosen, and said.",
        discussion: "On a site that is there already it changes what is given; peers and keys stay.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("The LAN's networks.", valueName: "cidr"),
        transform: parsed { text throws(ParseError) in try IPPrefix(parsing: text) })
    var lan: [IPPrefix] = []

    @Option(
        help: ArgumentHelp(
            "The tunnel's IPv4 network, or the gateway's address in it: 192.168.2.254/24.", valueName: "cidr"),
        transform: parsed { text throws(ParseError) in try InterfaceAddress(parsing: text) })
    var tunnel: InterfaceAddress?

    @Option(
        help: ArgumentHelp(
            "The tunnel's IPv6 network: auto (a unique local /64), none, or a network.", valueName: "auto|none|cidr"),
        transform: Self.ipv6)
    var tunnel6: InitOptions.IPv6Choice?

    @Option(
        help: ArgumentHelp(
            "The interface that leads to the LAN (default: found by its networks, and followed).", valueName: "if"))
    var lanInterface: String?

    @Option(
        help: ArgumentHelp(
            "The interface to the Internet (default: found by the default routes, and followed).", valueName: "if"))
    var egressInterface: String?

    @Option(help: ArgumentHelp("What peers dial: a public name or address.", valueName: "host[:port]"))
    var endpoint: String?

    @Option(
        help: ArgumentHelp(
            "The UDP port to listen on (default: 51820); others behind commas lead from outside to the same.",
            valueName: "port[,port…]"),
        transform: Self.ports)
    var listenPort: [[UInt16]] = []

    @Option(help: ArgumentHelp("The tunnel's interface (default: wg0).", valueName: "if"))
    var interface: String?

    @Option(
        help: ArgumentHelp(
            "How answers of the LAN find back: masquerade (default), proxy-arp or routed.",
            valueName: "masquerade|proxy-arp|routed"),
        transform: { try choice($0, "masquerade, proxy-arp or routed") })
    var replyPath: ReplyPath?

    @Flag(inversion: .prefixedNo, help: "Peers go out to the Internet through the gateway.")
    var fullTunnel: Bool?

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("DNS servers for the peers.", valueName: "address"),
        transform: parsed { text throws(ParseError) in try IPAddress(parsing: text) })
    var dns: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "Bytes of an inner packet (default: what fits on the way out, 1420 at most, and followed).",
            valueName: "bytes"))
    var mtu: Int?

    @Option(
        help: ArgumentHelp("Who carries the packets (default: auto).", valueName: "auto|kernel|userspace"),
        transform: { try choice($0, "auto, kernel or userspace") })
    var datapath: DatapathChoice?

    @Option(
        help: ArgumentHelp(
            "What the service does about what others change on the box (default: repair).", valueName: "repair|report"),
        transform: { try choice($0, "repair or report") })
    var drift: DriftChoice?

    @Option(
        help: ArgumentHelp(
            "What becomes of packets that are not the tunnel's, of both families (default: as before wggw).",
            valueName: "allow|drop"),
        transform: { text in
            guard ["allow", "drop"].contains(text) else { throw ValidationError("\(text) is neither allow nor drop") }
            return text == "allow" ? .allow : .drop
        })
    var otherForwarding: OtherForwarding?

    @Flag(
        inversion: .prefixedNo,
        help: "Let the service keep what the firewall refuses, for `log --denied --since` (default: no).")
    var logDenied: Bool?

    @Option(help: ArgumentHelp("The site's name (default: home).", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp("Start from this profile; the other options are laid over it.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var profile: String?

    func validate() throws {
        if let tunnel, tunnel.address.isV6 {
            throw ValidationError("--tunnel \(tunnel) is IPv6; give it with --tunnel6")
        }
    }

    func run() throws {
        var options = InitOptions()
        options.lan = lan
        options.tunnel = tunnel
        options.tunnel6 = tunnel6
        options.lanInterface = lanInterface
        options.egressInterface = egressInterface
        options.endpoint = endpoint
        options.interface = interface
        options.mtu = mtu
        options.set(\.tunnel.ports, to: listenPort.isEmpty ? nil : listenPort.flatMap { $0 })
        options.set(\.lan.replyPath, to: replyPath)
        options.set(\.egress.fullTunnel, to: fullTunnel)
        options.set(\.dns, to: dns.isEmpty ? nil : dns)
        options.set(\.tunnel.datapath, to: datapath)
        options.set(\.drift, to: drift)
        options.set(\.otherForwarding, to: otherForwarding)
        options.set(\.keepsDenied, to: logDenied)
        options.set(\.name, to: name)
        if let profile { options.profile = try Site.parse(try readTextFile(profile), file: profile) }
        let draft = try common.writer("init", mayBeFirst: true).initialize(options, why: message.message)
        report(draft, common)
        common.note(
            draft.stored.site.peers.isEmpty ? "next: `wggw add-peer NAME`" : "next: `wggw plan`, then `wggw apply`")
    }

    @Sendable private static func ports(_ text: String) throws -> [UInt16] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            guard let port = UInt16(word), port > 0 else {
                throw ValidationError("--listen-port \(word) is no port; take one from 1 to 65535")
            }
            return port
        }
    }

    @Sendable private static func ipv6(_ text: String) throws -> InitOptions.IPv6Choice {
        switch text {
        case "auto": return .auto
        case "none": return .none
        default:
            guard let address = InterfaceAddress(text), address.address.isV6 else {
                throw ValidationError("\(text): give auto, none or an IPv6 network, like fd5e:1::/64")
            }
            return .network(address)
        }
    }
}

/// One of the values of an enumeration, by its name.
@Sendable func choice<Value: RawRepresentable>(_ text: String, _ names: String) throws -> Value
where Value.RawValue == String {
    guard let value = Value(rawValue: text) else { throw ValidationError("\(text): it is \(names)") }
    return value
}
