import NetTypes

/// Takes values out of a read TOML document and notes everything that is wrong with them.
struct ProfileReader {
    /// One table of the profile; `node` is nil where the profile does not have it.
    struct Section {
        let path: [String]
        /// Where to point when something is missing from it.
        let offset: Int
        let node: TOMLTableNode?

        func place(_ key: String) -> SitePath { SitePath(path + [key]) }
    }

    private(set) var found: [(offset: Int, fault: ProfileFault)] = []
    /// The places with something wrong in them.
    private(set) var incomplete: Set<SitePath> = []

    mutating func note(_ offset: Int, _ fault: ProfileFault) { found.append((offset, fault)) }

    // MARK: Tables

    /// The table `key` in `parent`, with all its keys known.
    mutating func section(_ key: String, in parent: Section, keys: [String]) -> Section {
        let missing = Section(path: parent.path + [key], offset: parent.offset, node: nil)
        guard let entry = parent.node?.entries[key] else { return missing }
        guard case .table(let node) = entry.value else {
            refuse(entry, SitePath(missing.path), .table)
            incomplete.insert(SitePath(missing.path))
            return missing
        }
        let section = Section(path: missing.path, offset: entry.keyOffset, node: node)
        refuseUnknown(in: section, keys: keys)
        return section
    }

    /// The tables of the list `key`, written `[[key]]`; what is none of them is noted.
    mutating func tables(_ key: String, in parent: Section, keys: [String]) -> [Section] {
        guard let entry = parent.node?.entries[key] else { return [] }
        let path = parent.path + [key]
        guard case .array(let list) = entry.value else {
            refuse(entry, SitePath(path), .listOfTables)
            incomplete.insert(SitePath(path))
            return []
        }
        return list.elements.compactMap { element in
            guard case .table(let node) = element.value else {
                refuse(element, SitePath(path), .listOfTables)
                incomplete.insert(SitePath(path))
                return nil
            }
            let section = Section(path: path, offset: element.offset, node: node)
            refuseUnknown(in: section, keys: keys)
            return section
        }
    }

    /// A string that has to be there.
    mutating func required(_ key: String, in section: Section) -> (text: String, offset: Int)? {
        if section.node?.entries[key] == nil {
            note(section.offset, .missing(section.place(key)))
            incomplete.insert(SitePath(section.path))
        }
        return string(key, in: section)
    }

    /// The names in the table `key`.
    mutating func names(_ key: String, in parent: Section) -> (section: Section, names: [String]) {
        let section = section(key, in: parent, keys: [])
        return (section, section.node.map { $0.entries.keys.sorted() } ?? [])
    }

    /// Notes every key of `section` that is not in `keys`; no keys means that any may stand there.
    mutating func refuseUnknown(in section: Section, keys: [String]) {
        guard let node = section.node, !keys.isEmpty else { return }
        for (key, entry) in node.entries where !keys.contains(key) {
            note(entry.keyOffset, .unknownKey(key, in: SitePath(section.path), known: keys))
        }
    }

    // MARK: Values

    mutating func string(_ key: String, in section: Section) -> (text: String, offset: Int)? {
        guard let entry = section.node?.entries[key] else { return nil }
        guard case .string(let text) = entry.value else {
            refuse(entry, section.place(key), .string)
            return nil
        }
        return (text, entry.offset)
    }

    /// A whole number, or a string with a range of them, as text.
    mutating func range(_ key: String, in section: Section) -> String? {
        guard let entry = section.node?.entries[key] else { return nil }
        switch entry.value {
        case .integer(let value): return "\(value)"
        case .string(let text): return text
        default:
            refuse(entry, section.place(key), .integerOrRange)
            return nil
        }
    }

    mutating func boolean(_ key: String, in section: Section) -> Bool? {
        guard let entry = section.node?.entries[key] else { return nil }
        guard case .boolean(let value) = entry.value else {
            refuse(entry, section.place(key), .boolean)
            return nil
        }
        return value
    }

    mutating func integer(_ key: String, in section: Section, _ range: ClosedRange<Int64>) -> Int64? {
        guard let entry = section.node?.entries[key] else { return nil }
        guard case .integer(let value) = entry.value else {
            refuse(entry, section.place(key), .integer(range))
            return nil
        }
        guard range.contains(value) else {
            note(entry.offset, .outOfRange(section.place(key), value, range))
            return nil
        }
        return value
    }

    mutating func value<T>(
        _ key: String, in section: Section, parse: (String) throws(ParseError) -> T
    ) -> T? {
        guard let (text, offset) = string(key, in: section) else { return nil }
        do { return try parse(text) } catch {
            note(offset, .value(section.place(key), error))
            return nil
        }
    }

    mutating func value<T: ParsedText>(_ key: String, in section: Section) -> T? {
        value(key, in: section) { text throws(ParseError) in try T(parsing: text) }
    }

    mutating func choice<T: RawRepresentable<String> & CaseIterable>(_ key: String, in section: Section) -> T? {
        value(key, in: section) { text throws(ParseError) in try Self.choice(parsing: text) }
    }

    static func choice<T: RawRepresentable<String> & CaseIterable>(parsing text: String) throws(ParseError) -> T {
        if let value = T(rawValue: text) { return value }
        let all = T.allCases.map(\.rawValue)
        throw ParseError(tomlString(text), .noneOf(all, near: nearest(text, among: all)))
    }

    /// nil if the key is not there; else what could be read, and `incomplete` says if something could not.
    mutating func list<T>(
        _ key: String, in section: Section, parse: (String) throws(ParseError) -> T
    ) -> [T]? {
        guard let strings = strings(key, in: section) else { return nil }
        var values: [T] = []
        values.reserveCapacity(strings.count)
        for (text, offset) in strings {
            do { values.append(try parse(text)) } catch {
                note(offset, .value(section.place(key), error))
                incomplete.insert(section.place(key))
            }
        }
        return values
    }

    mutating func list<T: ParsedText>(_ key: String, in section: Section) -> [T]? {
        list(key, in: section) { text throws(ParseError) in try T(parsing: text) }
    }

    /// nil if the key is not there, or there is something wrong in the list.
    mutating func ports(_ key: String, in section: Section) -> [UInt16]? {
        guard let entry = section.node?.entries[key] else { return nil }
        guard case .array(let list) = entry.value else {
            refuse(entry, section.place(key), .ports)
            return nil
        }
        if list.elements.isEmpty { note(entry.offset, .emptyList(section.place(key), .ports)) }
        let range: ClosedRange<Int64> = 1...65535
        let values = list.elements.compactMap { element -> UInt16? in
            guard case .integer(let value) = element.value else {
                refuse(element, section.place(key), .ports)
                return nil
            }
            guard range.contains(value) else {
                note(element.offset, .outOfRange(section.place(key), value, range))
                return nil
            }
            return UInt16(value)
        }
        return values.isEmpty || values.count < list.elements.count ? nil : values
    }

    private mutating func strings(_ key: String, in section: Section) -> [(text: String, offset: Int)]? {
        guard let entry = section.node?.entries[key] else { return nil }
        guard case .array(let list) = entry.value else {
            refuse(entry, section.place(key), .listOfStrings)
            incomplete.insert(section.place(key))
            return []
        }
        return list.elements.compactMap { element in
            if case .string(let text) = element.value { return (text, element.offset) }
            refuse(element, section.place(key), .string)
            incomplete.insert(section.place(key))
            return nil
        }
    }

    private mutating func refuse(_ node: TOMLNode, _ place: SitePath, _ wanted: ProfileFault.Wanted) {
        note(node.offset, .wrongType(place, node.type, wanted))
    }
}
