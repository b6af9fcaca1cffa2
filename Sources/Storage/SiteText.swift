internal import GRDB
internal import NetTypes
internal import SiteModel

/// Values in a text column, a space between two.
enum ListText {
    static func write(_ values: some Sequence<some LosslessStringConvertible>) -> String {
        values.map(\.description).joined(separator: " ")
    }

    static func read<V: LosslessStringConvertible>(_ text: String) throws -> [V] {
        try text.split(separator: " ").map { item in
            guard let value = V(String(item)) else { throw damaged(text) }
            return value
        }
    }

    static func damaged(_ text: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column makes no sense: \(text)")
    }
}

/// Access rules in a text column: `192.168.1.10/32 tcp 443-443,192.168.1.0/24 - -`. The database's own form, so that what
/// people may write can change without it.
enum RuleText {
    static func write(_ rules: [AccessRule]) -> String {
        rules.map { rule in
            let ports = rule.ports.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "-"
            return "\(rule.destination) \(rule.transport?.rawValue ?? "-") \(ports)"
        }.joined(separator: ",")
    }

    static func read(_ text: String) throws -> [AccessRule] {
        try text.split(separator: ",").map { item in
            let fields = item.split(separator: " ")
            guard fields.count == 3, let destination = IPPrefix(String(fields[0])) else { throw ListText.damaged(text) }
            let transport = AccessRule.Transport(rawValue: String(fields[1]))
            guard transport != nil || fields[1] == "-" else { throw ListText.damaged(text) }
            if fields[2] == "-" { return AccessRule(destination, transport: transport) }
            let ports = fields[2].split(separator: "-").compactMap { UInt16($0) }
            guard ports.count == 2, ports[0] <= ports[1], transport == .tcp || transport == .udp else {
                throw ListText.damaged(text)
            }
            return AccessRule(destination, transport: transport, ports: ports[0]...ports[1])
        }
    }

    /// Groups by name: a line each, the name, a tab, the rules.
    static func write(_ groups: [String: Policy]) -> String {
        groups.sorted { $0.key < $1.key }.map { "\($0.key)\t\(write($0.value.allow))" }.joined(separator: "\n")
    }

    static func readGroups(_ text: String) throws -> [String: Policy] {
        var groups: [String: Policy] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw ListText.damaged(text) }
            groups[String(parts[0])] = Policy(allow: try read(String(parts[1])))
        }
        return groups
    }
}
