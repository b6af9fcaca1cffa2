import NetTypes

/// Values in a text column, a space between two.
enum ListText {
    static func write(_ values: [some CustomStringConvertible]) -> String {
        values.map { $0.description }.joined(separator: " ")
    }

    static func read<V: LosslessStringConvertible>(_ text: some StringProtocol) -> [V]? {
        var values: [V] = []
        for item in text.split(separator: " ") {
            guard let value = V(String(item)) else { return nil }
            values.append(value)
        }
        return values
    }
}

/// Groups in a text column: a line each, the name, a tab, the rules.
enum GroupText {
    static func write(_ groups: [String: Policy]) -> String {
        groups.sorted { $0.key < $1.key }.map { "\($0.key)\t\(ListText.write($0.value.allow))" }.joined(separator: "\n")
    }

    static func read(_ text: String) -> [String: Policy]? {
        var groups: [String: Policy] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let rules: [AccessRule] = ListText.read(parts[1]) else { return nil }
            groups[String(parts[0])] = Policy(allow: rules)
        }
        return groups
    }
}

/// Checks in a text column: a line each, what is expected, from whom, to what, with tabs between.
enum CheckText {
    static func write(_ checks: [Check]) -> String {
        checks.map { "\($0.expect.rawValue)\t\($0.flow.from)\t\($0.flow.target)" }.joined(separator: "\n")
    }

    static func read(_ text: String) -> [Check]? {
        var checks: [Check] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard parts.count == 3, let expect = Check.Expectation(rawValue: String(parts[0])) else { return nil }
            do { checks.append(Check(try Flow(from: parts[1], to: parts[2]), expect)) } catch { return nil }
        }
        return checks
    }
}

/// A disguise in a text column: a line each, the parameter's name, a tab, its value.
enum DisguiseText {
    static func write(_ disguise: Disguise) -> String {
        let lines = AWGName.allCases.compactMap { name -> String? in
            let text =
                name == .headerProtectionKey
                ? disguise.headerProtectionKey.description : disguise.settings.exposedText(of: name)
            return text.map { "\(name.rawValue)\t\($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// Of each a line `[NAME]`, and then its own.
    static func writeSeveral(_ disguises: [String: Disguise]) -> String {
        disguises.sorted { $0.key < $1.key }.map { "[\($0.key)]\n\(write($0.value))" }.joined(separator: "\n")
    }

    static func readSeveral(_ text: String) -> [String: Disguise]? {
        var disguises: [String: Disguise] = [:]
        for part in text.split(separator: "[") {
            let lines = part.split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard lines.count == 2, let disguise = read(String(lines[1])) else { return nil }
            disguises[String(lines[0])] = disguise
        }
        return disguises
    }

    static func read(_ text: String) -> Disguise? {
        var disguise = Disguise(AWGSettings())
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = AWGName(rawValue: String(parts[0])) else { return nil }
            if name == .headerProtectionKey {
                guard let choice = PresharedKeyChoice(String(parts[1])) else { return nil }
                disguise.headerProtectionKey = choice
            } else {
                do throws(AWGFault) { try disguise.settings.set(name, String(parts[1])) } catch { return nil }
            }
        }
        return disguise
    }
}
