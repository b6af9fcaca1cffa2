import NetTypes

extension FirewallTable {
    /// What `nft --stateless list table inet wggw` prints of wggw's own table, once applied (nftables 1.0.6).
    public var nftText: String {
        let parts = sets.map(\.nftText) + chains.map(\.nftText)
        return "table \(family.rawValue) \(name) {\n" + parts.joined(separator: "\n") + "}\n"
    }
}

extension FirewallSet {
    /// The set as nft prints it inside its table, indented by one tab.
    public var nftText: String {
        let types = keyTypes.map(\.rawValue).joined(separator: " . ")
        var text = "\t\(isVerdictMap ? "map" : "set") \(name) {\n\t\ttype \(types)\(isVerdictMap ? " : verdict" : "")\n"
        if isInterval { text += "\t\tflags interval\n" }
        if let timeout { text += "\t\ttimeout \(timeout / 60)m\n" }
        if hasCounters { text += "\t\tcounter\n" }
        if !elements.isEmpty {
            // nft puts two IPv4 addresses on a line, five ports, and everything else on lines of its own.
            let perLine = keyTypes == [.ipv4] ? 2 : keyTypes == [.port] ? 5 : 1
            text += "\t\telements = { "
            for (index, element) in elements.enumerated() {
                if index > 0 { text += index % perLine == 0 ? ",\n\t\t\t     " : ", " }
                text += element.nftText(counts: hasCounters)
            }
            text += " }\n"
        }
        return text + "\t}\n"
    }
}

extension SetElement {
    /// `192.168.2.1 : goto lan`, `192.168.2.1 counter`, `192.168.1.10 . tcp . 443`
    package func nftText(counts: Bool) -> String {
        var text = fields.indices.map { fieldText($0) }.joined(separator: " . ")
        if counts { text += " counter" }
        if let verdict { text += " : \(verdict.nftText)" }
        return text
    }

    /// The protocol is the last but one field of a concatenation, the port the last.
    private func fieldText(_ index: Int) -> String {
        switch fields[index] {
        case .network(let network): return network.isHost ? network.address.description : network.description
        case .numbers(let range):
            guard range.count == 1 else { return "\(range.lowerBound)-\(range.upperBound)" }
            let name = index == fields.count - 2 ? Self.transportNames[range.lowerBound] : nil
            return name ?? "\(range.lowerBound)"
        }
    }

    /// As /etc/protocols has them, which nft asks.
    private static let transportNames: [UInt16: String] = [0: "ip", 1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"]
}

extension Verdict {
    /// `goto lan`
    package var nftText: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .continue: "continue"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}

extension FirewallChain {
    /// The chain as nft prints it inside its table, indented by one tab.
    public var nftText: String {
        var text = "\tchain \(name) {\n"
        if let hook {
            let priority = Self.priorityNames[hook.priority] ?? "\(hook.priority)"
            text += "\t\ttype \(hook.kind.rawValue) hook \(hook.point.rawValue) priority \(priority); "
            text += "policy \(hook.drops ? "drop" : "accept");\n"
        }
        for rule in rules { text += "\t\t\(rule.text)\n" }
        return text + "\t}\n"
    }

    /// nft's words for `NF_IP_PRI_*`.
    private static let priorityNames: [Int32: String] = [
        -300: "raw", -101: "dstnat - 1", -100: "dstnat", 0: "filter", 100: "srcnat",
    ]
}
