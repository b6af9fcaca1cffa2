import Reports
import Testing

@Suite struct JSONTests {
    @Test func jsonIsEscapedAndOrdered() {
        let value = JSON.object([
            ("z", .string("a\"b\\c\n\u{1}é")), ("a", .array([.number(-3), .number(UInt64.max), .null, .bool(true)])),
            ("e", .array([])), ("o", .object([])),
        ])
        #expect(
            value.text == """
                {
                  "z": "a\\"b\\\\c\\n\\u0001é",
                  "a": [
                    -3,
                    18446744073709551615,
                    null,
                    true
                  ],
                  "e": [],
                  "o": {}
                }

                """)
        #expect(
            value.line
                == #"{"z": "a\"b\\c\n\u0001é", "a": [-3, 18446744073709551615, null, true], "e": [], "o": {}}"#)
    }

    /// Read back, it is the same; looked at, it does nothing to a terminal.
    @Test func jsonCanBeLookedAt() {
        let value = JSON.string("\u{7f}\u{9b}\u{202e}\u{2028}\u{200d}\u{e0041}🙂\u{ad}")
        #expect(value.line == #""\u007f\u009b\u202e\u2028\u200d\udb40\udc41🙂\u00ad""#)
    }
}
