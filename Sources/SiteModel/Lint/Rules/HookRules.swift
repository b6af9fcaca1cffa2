extension LintRule {
    static let ofHooks = [LintRule("rules that come and do not go, or the other way round", file: checkHooks)]

    /// A command that is not understood may do what seems to be missing: then nothing is said of that.
    private static func checkHooks(_ file: LintedFile, _ report: inout LintReport) {
        let hooks = HookBalance(file)
        if !hooks.doesMoreDown {
            for rule in hooks.left { report.add(.hook(.leftBehind(command: rule.text)), file, rule.place) }
        }
        if !hooks.doesMoreUp {
            for rule in hooks.taken { report.add(.hook(.neverMade(command: rule.text)), file, rule.place) }
        }
    }
}

/// The rules of a file's commands, each of the way up with its like of the way down.
private struct HookBalance {
    struct Rule {
        let command: HookCommand
        let text: String
        let place: WgQuickConfig.Place
    }

    /// What the way up brings in and the way down does not take away.
    private(set) var left: [Rule] = []
    /// What the way down takes away and the way up does not bring in.
    private(set) var taken: [Rule] = []
    /// Whether there are commands that are not understood.
    private(set) var doesMoreUp = false
    private(set) var doesMoreDown = false

    init(_ file: LintedFile) {
        let hooks = file.interface.hooks
        for hook in hooks where hook.moment.isUp { read(hook, file.interfaceName) }
        for hook in hooks where !hook.moment.isUp { read(hook, file.interfaceName) }
    }

    private mutating func read(_ hook: WgQuickConfig.Hook, _ interface: String) {
        for part in ShellWords.commands(of: hook.command.replacing("%i", with: interface)) {
            guard let command = part.words.flatMap({ HookCommand($0) }) else {
                if hook.moment.isUp { doesMoreUp = true } else { doesMoreDown = true }
                continue
            }
            guard let isOn = command.isRuleOn, isOn == hook.moment.isUp else { continue }
            let rule = Rule(command: command, text: String(part.text), place: hook.place)
            if isOn {
                left.append(rule)
            } else if let i = left.firstIndex(where: { $0.command == command.reversed }) {
                left.remove(at: i)
            } else {
                taken.append(rule)
            }
        }
    }
}

extension WgQuickConfig.Hook.Moment {
    var isUp: Bool { self == .preUp || self == .postUp }
}

extension HookCommand {
    /// Whether it brings a rule in or takes one away; nil where it does neither.
    fileprivate var isRuleOn: Bool? {
        switch self {
        case .rule(_, let rule): rule.isOn
        case .clampMSS(let isOn): isOn
        case .forwarding, .resolver: nil
        }
    }

    /// What takes back what this brings in, and the other way round.
    fileprivate var reversed: HookCommand {
        switch self {
        case .rule(let deed, var rule):
            rule.isOn.toggle()
            return .rule(deed, rule)
        case .clampMSS(let isOn): return .clampMSS(isOn: !isOn)
        case .forwarding, .resolver: return self
        }
    }
}
