import NetTypes

/// Parameters for a gateway of a storm, as they stand in a file; each line is one of its sets, and plain is there beside them.
enum StormSets {
    private static let key = "HeaderProtectionKey=2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="
    private static let anotherKey = "HeaderProtectionKey=EEFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="
    /// Types of which every number is one.
    private static let wide =
        "H1=0-1073741823 H2=1073741824-2147483647 H3=2147483648-3221225471 H4=3221225472-4294967295"

    static let gateways: [[String]] = [
        // As `wggw disguise on` draws them, for apps of three ages.
        [
            "S1=33 S2=71 H1=417000001 H2=1017000001 H3=1417000001 H4=1917000001",
            "S1=42 S2=108 S3=13 S4=21 H1=517000000-517002000 H2=1117000000-1117002000 H3=1517000000-1517002000 "
                + "H4=1817000000-1817002000",
            "S1=60 S2=44 S3=20 S4=12 \(key) ContentPaddingAddition=10-100 RandomTrailers=on DisableCookies=on "
                + "H1=617000000-617002000 H2=1217000000-1217002000 H3=1617000000-1617002000 H4=1717000000-1717002000",
        ],
        // What costs others 25 to 40 % of a flow: messages of the same size, and types of a quarter of all numbers.
        ["S1=42 S2=108 S3=13 S4=21 \(wide)"],
        ["S1=20 S2=24 S3=28 S4=12 \(wide) RandomTrailers=on"],
        // Three at once, two of them under keys, with the same sizes and types.
        [
            "S1=20 S2=24 S3=28 S4=12 \(wide) RandomTrailers=on \(key)",
            "S1=20 S2=24 S3=28 S4=12 \(wide) RandomTrailers=on \(anotherKey)",
            "S1=20 S2=24 S3=28 S4=12 \(wide)",
        ],
        // The counter of a plain message stands where the type of these would be.
        ["S1=4 S2=8 S3=12 S4=7 \(wide)", "S1=5 S2=9 S3=13 S4=11 \(wide)"],
        // A plain initiation is this set's own.
        ["Jc=4 Jmax=50 I1=<r 20>"],
        // Plain alone.
        [],
    ]

    static func parameters(_ lines: [String]) throws -> [AWGParameters] {
        try lines.map { line in
            var settings = AWGSettings()
            for word in words(of: line) {
                let parts = word.split(separator: "=", maxSplits: 1)
                guard let name = AWGName(rawValue: String(parts[0])) else { fatalError("\(word)") }
                try settings.set(name, String(parts[1]))
            }
            return try AWGParameters(settings)
        }
    }

    /// A template's spaces stand between its brackets.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        for part in line.split(separator: " ") {
            if let last = words.last, last.contains("<"), !last.hasSuffix(">") {
                words[words.count - 1] = last + " " + part
            } else {
                words.append(String(part))
            }
        }
        return words
    }
}
