import NetTypes

/// Settings in the form of a shell's assignments: `NAME=value`, `NAME="value"`. Nothing is expanded.
struct ShellVariables {
    private var values: [String: ForeignValue] = [:]

    init(_ file: ForeignFiles.File) {
        for (number, whole) in WgQuickLine.lines(of: file.text.text).enumerated() {
            let line = whole.trimmedOfBlanks
            guard let sign = line.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = line[..<sign]
            guard !name.isEmpty, name.utf8.allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "_") }) else {
                continue
            }
            var value = line[line.utf8.index(after: sign)...]
            for quote in ["\"", "'"] where value.utf8.count > 1 && value.hasPrefix(quote) && value.hasSuffix(quote) {
                value = value.dropFirst().dropLast()
            }
            let column = whole.unicodeScalars[..<value.startIndex].count + 1
            values[String(name)] = ForeignValue(
                text: String(value), place: WgQuickConfig.Place(line: number + 1, column: column, file: file.path))
        }
    }

    /// nil where it is not there or is empty.
    subscript(_ name: String) -> ForeignValue? { values[name].flatMap { $0.text.isEmpty ? nil : $0 } }
}
