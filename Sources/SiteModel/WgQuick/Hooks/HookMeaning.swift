import NetTypes

/// What the hooks of a file come to for the gateway, and the notes that say so.
struct HookMeaning {
    /// Where peers go out to the Internet with the gateway's address, as the hooks have it; nil where they do not.
    private(set) var egress: String?
    /// Whether a hook lets what comes out of the tunnel through.
    private(set) var forwards = false
    /// Whether a hook forbids something, which is not taken.
    private(set) var leavesOutBans = false
    private(set) var notes: [(place: WgQuickConfig.Place, remark: ImportRemark)] = []

    private let tunnel: String
    private let networks: [IPPrefix]
    /// The interface of the box's default route, if that is known.
    private let uplink: String?

    init(_ interface: WgQuickConfig.Interface, tunnel: String, uplink: String?) {
        self.tunnel = tunnel
        self.uplink = uplink
        networks = interface.addresses.map(\.network)
        for hook in interface.hooks { read(hook) }
        // Where no hook speaks of forwarding, the box forwards by itself.
        if forwards && !isUnbound { egress = nil }
    }

    /// Whether a hook forwards from the tunnel to everywhere.
    private var isUnbound = false

    private mutating func read(_ hook: WgQuickConfig.Hook) {
        let line = hook.command.replacing("%i", with: tunnel)
        let isUp = hook.moment.isUp
        var senses: [ImportRemark.HookSense] = []
        for command in ShellWords.commands(of: line) {
            guard let known = command.words.flatMap({ HookCommand($0) }), let sense = take(known, isUp: isUp) else {
                if isUp,
                    command.text.contains("DROP") || command.text.contains("REJECT") || command.text.contains("drop")
                {
                    leavesOutBans = true
                }
                notes.append((hook.place, .hook(hook.moment, refused: command.text.quotable)))
                continue
            }
            if isUp, !senses.contains(sense) { senses.append(sense) }
        }
        if !senses.isEmpty { notes.append((hook.place, .hookMeans(hook.moment, senses))) }
    }

    /// What it does for the tunnel; nil where it is not the tunnel's.
    private mutating func take(_ command: HookCommand, isUp: Bool) -> ImportRemark.HookSense? {
        switch command {
        case .forwarding(let isOn): isOn || !isUp ? .forwarding : nil
        case .clampMSS(let isOn): isOn == isUp ? .clamping : nil
        case .resolver: .resolver
        case .rule(_, let rule) where rule.isOn != isUp: nil
        case .rule(.input, _): .input
        case .rule(.forward, let rule): forward(rule, isUp: isUp)
        case .rule(.masquerade, let rule): masquerade(rule, isUp: isUp)
        }
    }

    private mutating func forward(_ rule: HookCommand.Rule, isUp: Bool) -> ImportRemark.HookSense? {
        let isFrom = matches(tunnel, rule.input) || isFromTunnel(rule)
        guard isFrom || matches(tunnel, rule.output) else { return nil }
        if isUp, isFrom, !rule.isForReplies, !rule.isV6 {
            forwards = true
            let isToUplink = rule.output == nil || uplink.map { matches($0, rule.output) } ?? true
            if isToUplink, rule.destination == nil, !rule.isForService, isForAll(rule) { isUnbound = true }
        }
        return .forward
    }

    private func isFromTunnel(_ rule: HookCommand.Rule) -> Bool {
        rule.source.map { source in networks.contains { $0.overlaps(source) } } ?? false
    }

    /// Whether it is for every peer, and not for some by their addresses.
    private func isForAll(_ rule: HookCommand.Rule) -> Bool {
        rule.source.map { source in networks.contains { source.contains($0) } } ?? true
    }

    /// Out of the interface that leads to the Internet it makes a way out there; out of another one, the LAN's hosts answer. What is
    /// for IPv6 alone, or for some of the peers, makes no way out for all.
    private mutating func masquerade(_ rule: HookCommand.Rule, isUp: Bool) -> ImportRemark.HookSense? {
        // One that names no interface is for all of them.
        let output = rule.output ?? "+"
        guard rule.source == nil || isFromTunnel(rule), rule.output.map({ !matches(tunnel, $0) }) ?? true else {
            return nil
        }
        if rule.destination == nil, let uplink = uplink ?? (output.hasSuffix("+") ? nil : output),
            matches(uplink, output)
        {
            if isUp, egress == nil, !rule.isV6, isForAll(rule) { egress = uplink }
            return .egress(uplink)
        }
        return .masquerade(rule.output)
    }

    /// Whether a rule's interface is this one: `eth+` is every one whose name begins so.
    private func matches(_ interface: String, _ pattern: String?) -> Bool {
        guard let pattern else { return false }
        return pattern.hasSuffix("+") ? interface.hasPrefix(pattern.dropLast()) : interface == pattern
    }
}
