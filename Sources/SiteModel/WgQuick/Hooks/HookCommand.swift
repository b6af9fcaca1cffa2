import NetTypes

/// What a command of a hook does, of those that gateways are usually set up with.
enum HookCommand: Equatable {
    /// Lets the kernel forward, or not any more (`sysctl`).
    case forwarding(isOn: Bool)
    /// A rule of the firewall, on the way down taken away.
    case rule(Deed, Rule)
    /// A rule that fits TCP's segments to the tunnel.
    case clampMSS(isOn: Bool)
    /// Sets a resolver of the gateway's own.
    case resolver

    /// What a rule of the firewall does.
    enum Deed {
        /// Gives what goes out by an interface the gateway's address.
        case masquerade
        /// Lets forwarded packets through.
        case forward
        /// Lets packets to the gateway itself through.
        case input
    }

    /// What a rule of the firewall is about; nil is anything.
    struct Rule: Equatable {
        /// Taken away, as hooks do on the way down.
        var isOn = true
        var input: String?
        var output: String?
        var source: IPPrefix?
        var destination: IPPrefix?
        /// Only packets of connections that are there.
        var isForReplies = false
        /// Names a protocol or a port.
        var isForService = false
        /// Of IPv6 alone.
        var isV6 = false
    }

    /// nil for any other command.
    init?(_ words: [String]) {
        guard let program = words.first?.split(separator: "/").last else { return nil }
        let rest = Array(words.dropFirst())
        let command: HookCommand? =
            switch program {
            case "iptables", "ip6tables", "iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy":
                IptablesRule(rest, isV6: program.hasPrefix("ip6"))?.command
            case "nft": Self.nft(rest)
            case "ufw": Self.ufw(rest)
            case "sysctl": Self.sysctl(rest)
            case "echo": Self.echo(rest)
            case "resolvectl", "systemd-resolve", "resolvconf": .resolver
            default: nil
            }
        guard let command else { return nil }
        self = command
    }

    /// `sysctl -w net.ipv4.ip_forward=1`
    private static func sysctl(_ words: [String]) -> HookCommand? {
        let settings = words.filter { !$0.hasPrefix("-") }.flatMap { $0.split(separator: "=", maxSplits: 1) }
        guard settings.count == 2 else { return nil }
        return forwarding(settings[0].replacing("/", with: "."), settings[1])
    }

    /// `echo 1 > /proc/sys/net/ipv4/ip_forward`
    private static func echo(_ words: [String]) -> HookCommand? {
        let prefix = "/proc/sys/"
        let path = words.dropFirst().joined().drop { $0 == ">" }
        guard words.count >= 2, words.dropFirst().joined().hasPrefix(">"), path.hasPrefix(prefix) else { return nil }
        return forwarding(path.dropFirst(prefix.count).replacing("/", with: "."), Substring(words[0]))
    }

    private static func forwarding(_ key: some StringProtocol, _ value: Substring) -> HookCommand? {
        let keys = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding"]
        guard keys.contains(String(key)), value == "1" || value == "0" else { return nil }
        return .forwarding(isOn: value == "1")
    }

    /// `ufw route allow in on wg0 out on eth0`
    private static func ufw(_ words: [String]) -> HookCommand? {
        var rest = words[...]
        var rule = Rule()
        guard rest.popFirst() == "route" else { return nil }
        if rest.first == "delete" { rule.isOn = false; rest.removeFirst() }
        guard rest.popFirst() == "allow" else { return nil }
        while let word = rest.popFirst() {
            guard word == "in" || word == "out", rest.popFirst() == "on", let name = rest.popFirst() else { return nil }
            if word == "in" { rule.input = name } else { rule.output = name }
        }
        return .rule(.forward, rule)
    }

    /// `nft add rule ip nat postrouting oifname "eth0" masquerade`
    private static func nft(_ words: [String]) -> HookCommand? {
        guard words.count > 5, words[0] == "add" || words[0] == "insert", words[1] == "rule", words.last == "masquerade"
        else { return nil }
        var rest = words[5..<(words.count - 1)]
        // The family may be left out.
        if !["ip", "ip6", "inet"].contains(words[2]) { rest = words[4..<(words.count - 1)] }
        var rule = Rule(isV6: words[2] == "ip6")
        while let word = rest.popFirst() {
            switch word {
            case "counter": continue
            case "oif", "oifname": rule.output = rest.popFirst()
            case "iif", "iifname": rule.input = rest.popFirst()
            case "ip", "ip6":
                let side = rest.popFirst()
                guard let prefix = rest.popFirst().flatMap({ InterfaceAddress($0)?.network }) else { return nil }
                if side == "saddr" {
                    rule.source = prefix
                } else if side == "daddr" {
                    rule.destination = prefix
                } else {
                    return nil
                }
            default: return nil
            }
        }
        return .rule(.masquerade, rule)
    }
}
