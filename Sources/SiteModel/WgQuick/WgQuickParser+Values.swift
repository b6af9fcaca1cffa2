import NetTypes

extension WgQuickParser {
    mutating func refuse(_ place: WgQuickConfig.Place, _ fault: WgQuickFault) {
        errors.append(config.fault(place, .wgQuick(fault)))
    }

    /// Notes that a setting of the open section, by its name in lower case, is there and is not known.
    mutating func markUnread(_ name: String) {
        if peer != nil { peer!.value.unread.insert(name) } else { config.unread.insert(name) }
    }

    /// The value, or nothing and a word about it.
    mutating func one<T>(
        _ setting: Setting, at place: WgQuickConfig.Place? = nil, parse: () throws(ParseError) -> T
    ) -> T? {
        do { return try parse() } catch {
            markUnread(setting.name)
            errors.append(config.fault(place ?? setting.valuePlace, .setting(String(setting.key), error)))
            return nil
        }
    }

    /// A key. What was given for one is not repeated: it may be another.
    mutating func key<Key: ParsedText>(_ setting: Setting) -> Key? {
        do { return try Key(parsing: setting.value.withoutBlanks) } catch {
            markUnread(setting.name)
            errors.append(config.fault(setting.valuePlace, .key(String(setting.key), error.reason)))
            return nil
        }
    }

    /// Notes where a setting of which there is one stands again.
    mutating func noteIfAgain(_ setting: Setting, reader: String) {
        if !seen.insert(setting.name).inserted {
            config.note(setting.place, .repeated(key: String(setting.key), reader: reader))
        }
    }

    /// The parts of a list with their places, each without blanks around it.
    func items(
        _ setting: Setting, isSeparator: (UInt8) -> Bool, omittingEmpty: Bool
    ) -> [(text: Substring, place: WgQuickConfig.Place)] {
        let (line, value) = (setting.line.whole, setting.value)
        if value.isEmpty { return [] }
        // Counted on from the item before: the line may be as long as the file.
        var at = value.startIndex
        var column = setting.valuePlace.column
        return value.utf8.split(omittingEmptySubsequences: omittingEmpty, whereSeparator: isSeparator).map { part in
            let item = value[part.startIndex..<part.endIndex].trimmedOfBlanks
            column += line.unicodeScalars[at..<item.startIndex].count
            at = item.startIndex
            return (item, WgQuickConfig.Place(line: setting.line.number, column: column))
        }
    }

    /// Of a bash script that puts blanks in place of commas and splits at these.
    func quickItems(_ setting: Setting) -> [(text: Substring, place: WgQuickConfig.Place)] {
        items(
            setting, isSeparator: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") },
            omittingEmpty: true)
    }

    mutating func unknown(_ setting: Setting, _ keys: [String]) {
        if Self.amneziaKeys.contains(setting.name) {
            if isAmnezia { return }
            isAmnezia = true
            return refuse(setting.place, .ofOldAmnezia(key: String(setting.key)))
        }
        let meant = nearest(String(setting.key), among: keys)
        if let meant { markUnread(meant.lowercased()) }
        refuse(setting.place, .unknownKey(shown(setting.key), near: meant, known: keys))
    }

    /// What AmneziaWG 1.5 had and later versions do not.
    private static let amneziaKeys: Set = ["j1", "j2", "j3", "itime"]

    /// What is no key of ours may be a private key in the wrong place: only one short word is repeated.
    func shown(_ text: Substring) -> String {
        text.count > 20 || text.contains(where: \.isWhitespace) ? "this" : String(text)
    }
}
