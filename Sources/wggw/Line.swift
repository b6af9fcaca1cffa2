import NetTypes

/// A line for people. What is put into it comes from anywhere and is made printable, so that it can neither move the cursor nor
/// end the line; what is written in the source stands as it is written there; colours come after.
struct Line: ExpressibleByStringInterpolation {
    /// By its number in ECMA-48 (SGR).
    enum Style: String {
        case bold = "1"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// As it goes to the terminal.
    let text: String

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Text from anywhere.
    init(_ text: String, _ style: Style? = nil) { self.text = Self.styled(text.printable, style) }

    /// A line of a plan, with the colour of its first character.
    init(plan text: String) {
        let styles: [Character: Style] = ["+": .green, "-": .red, "~": .yellow]
        self.init(text, text.first.flatMap { styles[$0] })
    }

    fileprivate static func styled(_ text: String, _ style: Style?) -> String {
        guard let style, Console.hasColors else { return text }
        return "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }

        /// From anywhere.
        mutating func appendInterpolation(_ value: some Any, _ style: Style? = nil) {
            text += Line.styled(String(describing: value).printable, style)
        }

        /// A line in a line.
        mutating func appendInterpolation(_ line: Line) { text += line.text }
    }
}
