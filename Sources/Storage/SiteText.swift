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

/// Groups in a text column: a line each, the name, a tab, the rules.
enum GroupText {
    static func write(_ groups: [String: Policy]) -> String {
        groups.sorted { $0.key < $1.key }.map { "\($0.key)\t\(ListText.write($0.value.allow))" }.joined(separator: "\n")
    }

    static func read(_ text: String) throws -> [String: Policy] {
        var groups: [String: Policy] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw ListText.damaged(text) }
            groups[String(parts[0])] = Policy(allow: try ListText.read(String(parts[1])))
        }
        return groups
    }
}
