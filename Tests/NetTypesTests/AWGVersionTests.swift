import Testing

@testable import NetTypes

/// What a file for an app of some version holds of a set of parameters.
@Suite struct AWGVersionTests {
    private static let key = "HeaderProtectionKey=2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="
    private static let one = ["Jc=3", "Jmin=10", "Jmax=30", "S1=15", "S2=20", "H1=1234567", "H4=4567890"]
    private static let times = [
        "ContentPaddingAddition=10-100", "RekeyAfterTime=100-120", "MaxHandshakeAttempts=15-20",
    ]

    struct Case: CustomTestStringConvertible, Sendable {
        let version: AWGVersion
        let lines: [String]
        /// Of the lines, in their order.
        let kept: [String]
        var testDescription: String { "\(version.rawValue): \(lines)" }

        init(_ version: AWGVersion, _ lines: [String], _ kept: [String]? = nil) {
            (self.version, self.lines, self.kept) = (version, lines, kept ?? lines)
        }
    }

    /// Only who sends needs what is left out.
    static let taken: [Case] =
        AWGVersion.allCases.map { Case($0, one) } + [
            Case(.one, []), Case(.one, one + ["I1=<r 3>"] + times + ["DisableCookies=on"], one),
            Case(.oneFive, one + ["I1=<b 0x0102><r 3><t>"] + times, one + ["I1=<b 0x0102><r 3><t>"]),
            // Tags of 2.0.
            Case(.oneFive, one + ["I1=<rc 3>", "I2=<rd 3>", "I3=<dz 3>", "I4=<d>"], one),
            Case(.two, one + ["I1=<rc 3>", "I2=<rd 3>"]),
            // None without the ones before.
            Case(.oneFive, ["S1=15", "I2=<r 3>", "I4=<r 4>"], ["S1=15", "I1=<r 3>", "I2=<r 4>"]),
            Case(.oneFive, ["S1=15", "I1=<rc 3>", "I2=<r 4>"], ["S1=15", "I1=<r 4>"]),
            Case(.three, ["S1=15", "I2=<r 3>"]),
            Case(.two, ["S3=13", "S4=21", "H1=100000-800000"] + times, ["S3=13", "S4=21", "H1=100000-800000"]),
            Case(
                .three, ["S1=12", "S2=13", "S3=14", "S4=30", key] + times + ["DisableCookies=on"],
                ["S1=12", "S2=13", "S3=14", "S4=30", key] + times),
            Case(
                .threeOne,
                ["S1=12", "S2=13", "S3=14", "S4=30", key] + times + ["RandomTrailers=on", "DisableCookies=on"]),
            // A default is no line, whoever knows it.
            Case(.one, ["S4=0", "H2=2", "RandomTrailers=off", "RekeyTimeout=5", "Jc=0"], []),
            Case(.three, ["S1=64", "S2=120", "H1=3", "H3=1"]),
        ]

    @Test(arguments: taken) func isTaken(_ example: Case) throws {
        let parameters = try AWGParameters(awgSettings(example.lines))
        #expect(try parameters.settings(for: example.version) == awgSettings(example.kept))
        // Newer apps take it as well, and never less.
        for version in AWGVersion.allCases where version > example.version {
            _ = try parameters.settings(for: version)
        }
    }

    /// Both ends need it: which, and who takes it.
    static let refused: [(AWGVersion, [String], [AWGName], needed: AWGVersion)] = [
        (.one, ["S3=1"], [.s3], .two), (.oneFive, ["S4=1", "H2=7-9", "H3=10"], [.s4, .h2], .two),
        (.two, ["S1=12", "S2=13", "S3=14", "S4=30", key], [.headerProtectionKey], .three),
        (.one, ["S1=12", "S2=13", "S3=14", "S4=30", key], [.s3, .s4, .headerProtectionKey], .three),
        (.three, ["RandomTrailers=on"], [.randomTrailers], .threeOne),
        (.one, ["RandomTrailers=on", "H1=5-9"], [.h1, .randomTrailers], .threeOne),
        // Some of 1.5 and 2.0 refuse sizes that are the same, and take a number up to 4 for what is usual.
        (.two, ["S1=64", "S2=120"], [.s1, .s2], .three), (.two, ["H1=3", "H3=1"], [.h1, .h3], .three),
        (.two, ["H4=4-9"], [.h4], .three),
    ]

    @Test(arguments: refused)
    func isRefused(_ version: AWGVersion, _ lines: [String], _ names: [AWGName], needed: AWGVersion) throws {
        let parameters = try AWGParameters(awgSettings(lines))
        #expect(throws: AWGVersionFault(version: version, names: names, needed: needed)) {
            try parameters.settings(for: version)
        }
        #expect(throws: Never.self) { try parameters.settings(for: needed) }
    }
}
