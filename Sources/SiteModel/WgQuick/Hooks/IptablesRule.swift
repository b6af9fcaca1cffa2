import NetTypes

/// A rule as iptables(8) takes it, as far as the usual ones go: nil for any other, and for one that says no (`!`).
struct IptablesRule {
    private var table = "filter"
    private var chain = ""
    private var target = ""
    private var rule = HookCommand.Rule()
    private var clampsMSS = false

    init?(_ words: [String], isV6: Bool) {
        rule.isV6 = isV6
        var rest = words[...]
        while let word = rest.popFirst() {
            guard take(word, &rest) else { return nil }
        }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
        func value() -> String? { rest.popFirst() }
        switch word {
        case "-t", "--table": table = value() ?? ""
        case "-A", "-I", "--append", "--insert", "-D", "--delete":
            rule.isOn = !word.lowercased().hasPrefix("-d") && word != "--delete"
            chain = value() ?? ""
            if let next = rest.first, decimal(next, most: 1 << 32) != nil { rest.removeFirst() }
        case "-i", "--in-interface": rule.input = value()
        case "-o", "--out-interface": rule.output = value()
        case "-s", "--source", "--src":
            rule.source = value().flatMap { InterfaceAddress($0)?.network }
            return rule.source != nil
        case "-d", "--destination", "--dst":
            rule.destination = value().flatMap { InterfaceAddress($0)?.network }
            return rule.destination != nil
        case "-j", "--jump": target = value() ?? ""
        case "-w", "--wait": if let next = rest.first, decimal(next, most: 1 << 32) != nil { rest.removeFirst() }
        case "-m", "--match": return ["comment", "conntrack", "state", "tcp", "udp"].contains(value() ?? "")
        case "--comment": _ = value()
        case "--ctstate", "--state":
            let states = (value() ?? "").split(separator: ",").map { $0.uppercased() }
            guard states.allSatisfy({ ["RELATED", "ESTABLISHED", "NEW"].contains($0) }) else { return false }
            rule.isForReplies = !states.contains("NEW")
        case "-p", "--protocol", "--proto", "--dport", "--destination-port":
            _ = value()
            rule.isForService = true
        case "--tcp-flags": rest = rest.dropFirst(2)
        case "--clamp-mss-to-pmtu": clampsMSS = true
        case "--set-mss": clampsMSS = value() != nil
        default: return false
        }
        return true
    }

    /// nil where it is none of the usual.
    var command: HookCommand? {
        switch (table, chain, target) {
        case ("nat", "POSTROUTING", "MASQUERADE"): rule.isForService ? nil : .rule(.masquerade, rule)
        case ("filter", "FORWARD", "ACCEPT"): .rule(.forward, rule)
        case ("filter", "INPUT", "ACCEPT"): .rule(.input, rule)
        case ("mangle", _, "TCPMSS"), ("filter", "FORWARD", "TCPMSS"): clampsMSS ? .clampMSS(isOn: rule.isOn) : nil
        default: nil
        }
    }
}
