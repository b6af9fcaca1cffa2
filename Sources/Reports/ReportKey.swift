/// A key of a report's object, and what is said of it.
struct ReportKey {
    let name: String
    /// Empty where the name says it.
    let help: String
    /// Where its value is a list of objects, their keys.
    let parts: [ReportKey]

    /// One clause for all of them. What is said of several in a row stands behind the last, and a list of objects at the very end
    /// needs no parentheses; `isNested`: it stands in parentheses itself.
    static func help(_ keys: [ReportKey], isNested: Bool = false) -> String {
        var words: [String] = []
        for (i, key) in keys.enumerated() {
            let next = i + 1 < keys.count ? keys[i + 1] : nil
            let isSaidLater = next.map { key.parts.isEmpty && $0.parts.isEmpty && $0.help == key.help } ?? false
            let isBare = isNested || next == nil && !key.parts.isEmpty
            let said = isSaidLater ? "" : key.said(isNested: !isBare)
            words.append(said.isEmpty ? key.name : isBare ? "\(key.name): \(said)" : "\(key.name) (\(said))")
        }
        return words.joined(separator: ", ")
    }

    private func said(isNested: Bool) -> String {
        parts.isEmpty ? help : "a list of objects with \(Self.help(parts, isNested: isNested))"
    }
}
