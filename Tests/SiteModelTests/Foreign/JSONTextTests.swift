import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// The JSON of other programs: what is taken, what is refused and where, and in what time.
@Suite struct JSONTextTests {
    private func read(_ text: String) throws -> String { Self.shown(try JSONText.parse(text, file: "f")) }

    private static func shown(_ node: JSONNode) -> String {
        switch node.value {
        case .object(let members): "{\(members.map { "\($0.key):\(shown($0.node))" }.joined(separator: ","))}"
        case .array(let elements): "[\(elements.map(shown).joined(separator: ","))]"
        case .string(let text): "'\(text)'"
        case .number(let text): text
        case .bool(let value): "\(value)"
        case .null: "null"
        }
    }

    @Test(
        arguments: [
            (" {} ", "{}"), ("[1, -2.5e+3 ,true,false,null]", "[1,-2.5e+3,true,false,null]"),
            (#"{"a":{"b":["x"]},"a":2}"#, "{a:{b:['x']},a:2}"), (#""\n\t\"\\\/\u00e4\ud83d\ude00""#, "'\n\t\"\\/ä😀'"),
            (#""\ud83d!""#, "'\u{fffd}!'"), ("\"é\"", "'é'"),
        ]) func valid(_ text: String, _ shown: String) throws
    { #expect(try read(text) == shown) }

    @Test(
        arguments: [
            ("", "1:1: the JSON ends too early"), ("{\n \"ä\": nul}", "2:7: this is no JSON"),
            ("[1,]", "1:4: this is no JSON"), ("[1 2]", "1:4: a comma or ] is missing"),
            ("{1:2}", "1:2: a name in quotes"),
            ("{\"a\" 1}", "1:6: a colon is missing"), ("\"a\nb\"", "1:3: a string is not closed in its line"),
            ("\"a", "1:3: a string is not closed"), ("\"\\u12\"", "1:4: \\u is followed by four"),
            ("1 1", "1:3: something stands"),
            ("\"\\x\"", "1:4: an escape that JSON"),
            (String(repeating: "[", count: 65), "1:65: is nested more than 64 deep"),
        ]) func invalid(_ text: String, _ fault: String)
    {
        do {
            Issue.record("taken as \(try read(text))")
        } catch { #expect("\(error)".hasPrefix("f:\(fault)"), "\(error)") }
    }

    @Test func lastOfTwoCounts() throws {
        #expect(try JSONText.parse(#"{"a": 1, "a": 2}"#, file: "f")["a"]?.text?.text == "2")
    }

    /// Also a file of one line takes a time that grows with its length.
    @Test func time() {
        func text(_ count: Int) -> String { "[" + String(repeating: "{\"a\": \"b\"},", count: count) + "0]" }
        let times = growth(small: text(2000), large: text(16000), limit: 16) { _ = try? JSONText.parse($0, file: "f") }
        #expect(times < 16)
    }
}
