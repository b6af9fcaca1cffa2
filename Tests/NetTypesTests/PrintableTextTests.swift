import NetTypes
import Testing

/// What goes to a terminal does nothing there.
@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("", ""), ("laptop", "laptop"), ("Büro, 辦公室 \u{3000}\u{a0}🙂", "Büro, 辦公室 \u{3000}\u{a0}🙂"),
        (#"a\b"c"#, #"a\b"c"#),
        // Control characters of both sets, and what ends a line.
        ("a\u{1b}[31mb", #"a\u001b[31mb"#), ("\0\t\n\r\u{7f}", #"\u0000\t\n\r\u007f"#),
        ("\u{9b}31m\u{85}", #"\u009b31m\u0085"#),
        ("a\u{2028}b\u{2029}c", #"a\u2028b\u2029c"#), ("\r\n", #"\r\n"#),
        // Directions.
        ("\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}", #"\u061c\u200e\u200f\u202a\u202e\u2066\u2069"#),
        // Nothing to be seen.
        ("lap\u{200b}top\u{feff}\u{ad}\u{2060}", #"lap\u200btop\ufeff\u00ad\u2060"#),
        ("\u{e0041}\u{3164}", #"\U000e0041\u3164"#),
        // Of use between characters of their own scripts, and nowhere else.
        ("می\u{200c}خواهم 👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥", "می\u{200c}خواهم 👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥"),
        ("lap\u{200d}top\u{fe0f}\u{200c}", #"lap\u200dtop\ufe0f\u200c"#),
        ("é\u{200d}\u{200d}é\u{fe0f}\u{fe0f}", "é\u{200d}\\u200dé\u{fe0f}\\ufe0f"),
        ("\u{200d}\u{fe0f}", #"\u200d\ufe0f"#),
    ])
    func isWrittenSo(text: String, printable: String) {
        #expect(text.printable == printable)
        #expect(text.printable.printable == printable)
    }

    /// All there are: what Unicode calls control, format, line and paragraph separator never comes out, all else stays.
    @Test func everyScalar() {
        for value in 0...UInt32(0x10ffff) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let category = scalar.properties.generalCategory
            let isBad =
                [.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
                || scalar.properties.isDefaultIgnorableCodePoint
            #expect(scalar.isPrintable != isBad, "\(scalar.escaped)")
            #expect(String(scalar).printable == (isBad ? scalar.escaped : String(scalar)))
        }
    }

    @Test func plainTextNeedsNoEscapesInQuotes() {
        #expect("a b~".isPlain && "".isPlain)
        for text in ["\"", "\\", "\n", "\u{7f}", "é"] { #expect(!text.isPlain) }
    }
}
