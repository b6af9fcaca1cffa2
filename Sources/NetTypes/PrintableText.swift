// What people and files say goes to terminals, where some characters are commands, change the order of what stands beside them,
// or are not seen at all. Here is told which, and how they are written instead.

extension Unicode.Scalar {
    /// Whether it is seen where it stands and does nothing else: no control character (C0, DEL, C1), no format character
    /// (directions of writing, zero width), no line or paragraph separator (Unicode's categories Cc, Cf, Zl, Zp), and nothing
    /// that is ignored where it is not known (`Default_Ignorable_Code_Point`).
    public var isPrintable: Bool {
        if value < 127 { return value >= 32 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return false
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }

    /// `\n`, `\u001b`, `\U000e0041`: as TOML, C and Swift's neighbours write it. ASCII.
    public var escaped: String {
        switch value {
        case 9: return "\\t"
        case 10: return "\\n"
        case 13: return "\\r"
        default:
            let digits = String(value, radix: 16)
            let count = value > 0xffff ? 8 : 4
            return (count == 8 ? "\\U" : "\\u") + String(repeating: "0", count: count - digits.utf8.count) + digits
        }
    }

    /// Chooses among forms of the character before it, or joins it to the next: of use in some scripts and in emoji, and a way to
    /// tell two names apart that look the same everywhere else.
    fileprivate var belongsToNeighbours: Bool { properties.isVariationSelector || properties.isJoinControl }
}

extension StringProtocol {
    /// Whether it is printable ASCII without a quotation mark or a backslash, and so stands in quotes as it is.
    @inlinable public var isPlain: Bool { utf8.allSatisfy { 32 <= $0 && $0 < 127 && $0 != 0x22 && $0 != 0x5c } }

    /// The text as it can stand in a line on a terminal: what is not printable is escaped. One line, whatever was in it; as it was
    /// if all of it was printable, so doing it twice does no more.
    ///
    /// Joiners and variation selectors stay behind a character of more than ASCII, one selector and one joiner each.
    ///
    /// Inlined into callers as far as the usual text goes: a table has a hundred thousand cells.
    @inlinable public var printable: String {
        utf8.allSatisfy { 32 <= $0 && $0 < 127 } ? String(self) : escapedWhereUnprintable
    }

    @usableFromInline var escapedWhereUnprintable: String {
        var result = String.UnicodeScalarView()
        // What a joiner or selector may follow, as far as it was seen.
        var allowsSelector = false
        var allowsJoiner = false
        for scalar in unicodeScalars {
            let isJoiner = scalar.properties.isJoinControl
            if scalar.isPrintable || scalar.belongsToNeighbours && (isJoiner ? allowsJoiner : allowsSelector) {
                result.append(scalar)
                allowsSelector = !scalar.isASCII && !scalar.belongsToNeighbours
                allowsJoiner = !scalar.isASCII && !isJoiner
            } else {
                result.append(contentsOf: scalar.escaped.unicodeScalars)
                allowsSelector = false
                allowsJoiner = false
            }
        }
        return String(result)
    }
}
