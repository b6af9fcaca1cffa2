import NetTypes

extension ProfileParser {
    /// `[disguise.awg]`, each parameter as what it is: a number, a range, true or false, a template.
    mutating func disguise(_ top: ProfileReader.Section) -> Disguise? {
        let parent = reader.section("disguise", in: top, keys: ProfileKeys.disguise)
        let section = reader.section("awg", in: parent, keys: ProfileKeys.awg)
        guard section.node != nil else { return nil }
        var disguise = Disguise(AWGSettings())
        for name in AWGName.allCases {
            let key = name.profileKey
            guard let entry = section.node?.entries[key] else { continue }
            if name == .headerProtectionKey {
                disguise.headerProtectionKey =
                    reader.value(key, in: section) { text throws(ParseError) in try PresharedKeyChoice(parsing: text) }
                    ?? .none
                continue
            }
            guard let text = text(of: name, key, section) else { continue }
            do throws(AWGFault) { try disguise.settings.set(name, text) } catch {
                reader.note(entry.offset, "\(section.name(key)): \(error)")
            }
        }
        return disguise
    }

    private mutating func text(of name: AWGName, _ key: String, _ section: ProfileReader.Section) -> String? {
        switch name {
        case .jc, .jmin, .jmax, .s1, .s2, .s3, .s4: reader.integer(key, in: section, 0...65535).map { "\($0)" }
        case .i1, .i2, .i3, .i4, .i5, .headerProtectionKey: reader.string(key, in: section)?.text
        case .randomTrailers, .disableCookies: reader.boolean(key, in: section).map { "\($0)" }
        case .h1, .h2, .h3, .h4, .contentPaddingAddition, .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime,
            .keepaliveTimeout, .maxHandshakeAttempts:
            reader.range(key, in: section)
        }
    }
}
