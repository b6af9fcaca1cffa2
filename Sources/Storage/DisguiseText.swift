internal import GRDB
internal import NetTypes
internal import SiteModel

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

    /// What is secret is not in the error.
    static func read(_ text: String) throws -> Disguise {
        var disguise = Disguise(AWGSettings())
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = AWGName(rawValue: String(parts[0])) else {
                throw ListText.damaged("a disguise")
            }
            if name == .headerProtectionKey {
                guard let choice = PresharedKeyChoice(String(parts[1])) else { throw ListText.damaged("a disguise") }
                disguise.headerProtectionKey = choice
            } else {
                do throws(AWGFault) { try disguise.settings.set(name, String(parts[1])) } catch {
                    throw ListText.damaged("a disguise: \(error)")
                }
            }
        }
        return disguise
    }
}
