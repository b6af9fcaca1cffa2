import NetTypes

/// Sections of settings, as systemd and NetworkManager write them: `[Section]`, `Key=Value`, comments on lines of their own.
struct IniText {
    struct Section {
        /// Without the brackets.
        let name: String
        let place: WgQuickConfig.Place
        /// What the comments around it call it.
        fileprivate(set) var title: PeerComments.Name?
        fileprivate(set) var settings: [(key: String, value: ForeignValue)] = []

        /// The last of that name, as its readers take it; nil where it is empty.
        subscript(_ key: String) -> ForeignValue? {
            settings.last { $0.key == key }.flatMap { $0.value.text.isEmpty ? nil : $0.value }
        }

        /// All of that name; an empty one takes back those before it.
        func all(_ key: String) -> [ForeignValue] {
            settings.reduce(into: []) { list, setting in
                guard setting.key == key else { return }
                if setting.value.text.isEmpty { list = [] } else { list.append(setting.value) }
            }
        }
    }

    /// In the order of the file; several may bear one name.
    private(set) var sections: [Section] = []

    /// `isPeer` tells by its name whether a section is a peer's, which comments name.
    init(_ file: ForeignFiles.File, isPeer: (String) -> Bool) {
        var naming = PeerNaming()
        for (number, whole) in WgQuickLine.lines(of: file.text.text).enumerated() {
            let line = whole.trimmedOfBlanks
            func place(_ part: Substring) -> WgQuickConfig.Place {
                let column = whole.unicodeScalars[..<part.startIndex].count + 1
                return WgQuickConfig.Place(line: number + 1, column: column, file: file.path)
            }
            if line.isEmpty {
                naming.blankLine()
            } else if line.hasPrefix("#") || line.hasPrefix(";") {
                naming.comment(line.dropFirst())
            } else if line.hasPrefix("["), line.hasSuffix("]") {
                let name = String(line.dropFirst().dropLast())
                naming.section(isPeer: isPeer(name))
                sections.append(Section(name: name, place: place(line)))
            } else if let sign = line.utf8.firstIndex(of: UInt8(ascii: "=")), !sections.isEmpty {
                let value = line[line.utf8.index(after: sign)...].trimmedOfBlanks
                naming.setting()
                sections[sections.count - 1].settings.append(
                    (String(line[..<sign].trimmedOfBlanks), ForeignValue(text: String(value), place: place(value))))
            }
            if !sections.isEmpty { sections[sections.count - 1].title = naming.current }
        }
    }

    /// The first section of that name.
    subscript(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// With another file's behind them, as systemd's drop-ins are.
    mutating func append(_ other: IniText) { sections += other.sections }
}
