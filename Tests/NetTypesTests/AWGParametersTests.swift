import Testing

@testable import NetTypes

/// Settings of lines as they stand in a file.
func awgSettings(_ lines: [String]) throws -> AWGSettings {
    var settings = AWGSettings()
    for line in lines {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = try #require(AWGName(rawValue: parts[0].trimmingPrefix(" ").description), "\(line)")
        try settings.set(name, String(parts[1]))
    }
    return settings
}

private let key = "HeaderProtectionKey=2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="

@Suite struct AWGParametersTests {
    /// What amneziawg-go was run with, what the apps write, and edges.
    static let valid: [[String]] = [
        [], ["Jc=3", "Jmin=10", "Jmax=30", "S1=15", "S2=20", "H1=1234567", "H2=2345678", "H3=3456789", "H4=4567890"],
        [
            "Jc=2", "S3=13", "S4=21", "H1=100000-800000", "H2=1000000-8000000", "H3=10000000-80000000",
            "H4=100000000-800000000",
        ],
        ["S4=3", "H1=5-5", "H2=6", "H3=4294967294", "H4=4294967295"], ["H4=5-4294967295"], ["H1=4", "H4=1"],
        ["S1=12", "S2=13", "S3=14", "S4=30", key], [key, "S1=1324", "S2=1380", "S3=1408", "S4=864"],
        ["ContentPaddingAddition=10-100", "RandomTrailers=on", "DisableCookies=on", "RekeyAfterTime=100-120"],
        ["RekeyTimeout=3-7", "RejectAfterTime=150-180", "KeepaliveTimeout=5-15", "MaxHandshakeAttempts=15-20"],
        ["Jc=128", "Jmin=1472", "Jmax=1472"], ["I1=<b 0xf6ab3267fa><r 7><t>", "I5=<rc 4>"], ["RekeyTimeout=0", "Jc=0"],
    ]

    @Test(arguments: valid) func isTaken(_ lines: [String]) throws {
        let parameters = try AWGParameters(awgSettings(lines))
        #expect(try AWGParameters(parameters.settings) == parameters)
        #expect(parameters.isPlain == parameters.settings.isEmpty)
        // What is written is read, and says the same; a default is never written.
        var read = AWGSettings()
        for name in AWGName.allCases {
            guard let text = parameters.settings.exposedText(of: name) else { continue }
            try read.set(name, text)
        }
        #expect(try AWGParameters(read) == parameters && read == parameters.settings)
    }

    static let invalid: [([String], AWGFault)] = [
        (["Jc=-1"], .notANumber(.jc)), (["Jc=70000"], .notANumber(.jc)), (["S1="], .notANumber(.s1)),
        (["S4= 3"], .notANumber(.s4)), (["Jmin=0x10"], .notANumber(.jmin)),
        (["H1=4294967296"], .notARange(.h1, most: 4_294_967_295)), (["H3=1 - 2"], .notARange(.h3, most: 4_294_967_295)),
        (["H3=5-"], .notARange(.h3, most: 4_294_967_295)), (["H3=-5"], .notARange(.h3, most: 4_294_967_295)),
        (["RekeyTimeout=1-2-3"], .notARange(.rekeyTimeout, most: 65535)),
        (["RandomTrailers=yes"], .notASwitch(.randomTrailers)),
        (["HeaderProtectionKey=AAAA"], .notAKey), (["H2=9-8"], .reversed(.h2)),
        (["ContentPaddingAddition=9-8"], .reversed(.contentPaddingAddition)),
        (["RekeyAfterTime=9-8"], .reversed(.rekeyAfterTime)),
        // What amneziawg-go accepts.
        (["Jmin=70", "Jmax=40"], .reversedJunk(minimum: 70, maximum: 40)),
        (["Jmin=1"], .reversedJunk(minimum: 1, maximum: 0)),
        (["S4=65535"], .tooLong(.s4, 65535, most: 864)), (["S4=865"], .tooLong(.s4, 865, most: 864)),
        (["Jc=129", "Jmax=1"], .tooMuchJunk(129, most: 128)), (["Jmax=1473"], .tooLong(.jmax, 1473, most: 1472)),
        (["S1=1325"], .tooLong(.s1, 1325, most: 1324)), (["S2=1381"], .tooLong(.s2, 1381, most: 1380)),
        (["S3=1409"], .tooLong(.s3, 1409, most: 1408)),
        (["ContentPaddingAddition=1473"], .tooLong(.contentPaddingAddition, 1473, most: 1472)),
        // The defaults count.
        (["H1=2"], .overlapping(.h1, .h2)), (["H1=5-9", "H4=9-20"], .overlapping(.h1, .h4)),
        (["H3=4"], .overlapping(.h3, .h4)),
        (["H1=0-4294967295"], .overlapping(.h1, .h2)),
        ([key], .shorterThanNonce(.s1, 0)), ([key, "S1=12", "S2=12", "S3=11", "S4=12"], .shorterThanNonce(.s3, 11)),
        (["KeepaliveTimeout=0-5"], .startsAtZero(.keepaliveTimeout)),
        (["RekeyAfterTime=180"], .tooLate(.rekeyAfterTime, mustEndBefore: .rejectAfterTime)),
        (["RejectAfterTime=120"], .tooLate(.rekeyAfterTime, mustEndBefore: .rejectAfterTime)),
        (
            ["RekeyAfterTime=8", "RejectAfterTime=15"],
            .tooLate(.keepaliveTimeout, mustEndBefore: .rejectAfterTime)
        ),
    ]

    @Test(arguments: invalid) func isRefused(_ lines: [String], _ fault: AWGFault) {
        let thrown = #expect(throws: AWGFault.self) { try AWGParameters(awgSettings(lines)) }
        #expect(thrown == fault)
        #expect(!fault.description.isEmpty && !fault.description.hasSuffix("."))
    }

    /// The error of a secret value does not tell it.
    @Test func faultsKeepSecrets() {
        for (lines, fault) in Self.invalid {
            for line in lines
            where AWGName.allCases.contains(where: { $0.isSecret && line.hasPrefix("\($0.rawValue)=") }) {
                let value = line.drop { $0 != "=" }.dropFirst()
                #expect(value.count < 2 || value == "12" || value == "11" || !fault.description.contains(value))
            }
        }
    }

    @Test func linesChangeWhatTheyName() throws {
        let before = try AWGParameters(
            awgSettings(["Jc=3", "Jmax=9", "S1=15", "H1=7", "I2=<t>", "RandomTrailers=on", "RekeyTimeout=6"]))
        let after = try before.changed(
            by: awgSettings(["Jc=0", "S1=16", "I2=", "I1=<r 3>", "RandomTrailers=off", "H2=1"]))
        #expect(
            after
                == (try AWGParameters(awgSettings(["Jmax=9", "S1=16", "H1=7", "H2=1", "I1=<r 3>", "RekeyTimeout=6"]))))
        #expect(throws: AWGFault.overlapping(.h1, .h3)) { try before.changed(by: awgSettings(["H3=7"])) }
        let everything = try AWGName.allCases.map { "\($0.rawValue)=\(try #require(Self.samples[$0]))" }
        let full = try AWGParameters(awgSettings(everything))
        #expect(AWGName.allCases.allSatisfy { full.settings.exposedText(of: $0) == Self.samples[$0] })
        #expect(try AWGParameters.plain.changed(by: full.settings) == full)
    }

    private static let samples: [AWGName: String] = [
        .jc: "1", .jmin: "2", .jmax: "3", .s1: "41", .s2: "42", .s3: "43", .s4: "44", .h1: "11", .h2: "12-13",
        .h3: "14", .h4: "15",
        .i1: "<r 1>", .i2: "<r 2>", .i3: "<r 3>", .i4: "<r 4>", .i5: "<r 5>",
        .headerProtectionKey: "2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I=", .contentPaddingAddition: "1-9",
        .rekeyAfterTime: "101", .rekeyTimeout: "6", .rejectAfterTime: "170-179", .keepaliveTimeout: "11",
        .maxHandshakeAttempts: "17", .randomTrailers: "on", .disableCookies: "on",
    ]

    /// Of which sets a plain initiation is one, and beside which no plain peer can be served.
    @Test func ambiguity() throws {
        let table: [([String], claims: Bool, excludes: Bool)] = [
            (["Jc=4", "Jmax=50", "I1=<r 9>"], true, false), (["S2=4"], true, true), (["S4=4"], true, true),
            (["H2=9"], true, true), (["H4=4-100"], true, true), (["S1=1"], false, false), (["H1=9"], false, false),
            ([key, "S1=12", "S2=12", "S3=12", "S4=12"], false, false), (["H1=0-1"], true, false),
        ]
        for (lines, claims, excludes) in table {
            let parameters = try AWGParameters(awgSettings(lines))
            #expect(parameters.claimsPlainInitiations == claims && parameters.excludesPlain == excludes, "\(lines)")
        }
        func confused(_ one: [String], _ other: [String]) throws -> Bool {
            try AWGParameters(awgSettings(one)).isConfused(with: AWGParameters(awgSettings(other)))
        }
        #expect(try confused(["S1=9", "H1=9-20"], ["S1=9", "S4=3", "H1=20-30"]))
        #expect(try !confused(["S1=9", "H1=9-20"], ["S1=9", "H1=21-30"]))
        #expect(try !confused(["S1=9", "H1=9"], ["S1=8", "H1=9"]))
        #expect(try !confused(["S1=12", "S2=12", "S3=12", "S4=12", key], ["S1=12"]))
    }

    @Test func picksEachEndAndNothingElse() {
        let range = AWGRange<UInt32>(7, 9)
        #expect(range.pick(0) == 7 && range.pick(.max) == 9 && AWGRange<UInt32>(0, .max).pick(.max) == .max)
        #expect(AWGRange<UInt16>(5).pick(.max) == 5 && AWGRange<UInt16>(0, .max).pick(1 << 63) == 1 << 15)
    }
}

@Suite struct AWGTemplateTests {
    static let valid: [(String, [AWGTemplate.Piece], canonical: String?)] = [
        ("", [], nil), ("<r 16>", [.random(16)], nil), ("<b 0xf6AB>", [.bytes([0xf6, 0xab])], "<b 0xf6ab>"),
        ("<b 00>", [.bytes([0])], "<b 0x00>"),
        (
            "<r 2><b 0x85800001> <rc 4><rd 3><t>",
            [.random(2), .bytes([0x85, 0x80, 0, 1]), .letters(4), .digits(3), .time],
            "<r 2><b 0x85800001><rc 4><rd 3><t>"
        ),
        ("<d><ds><dz 9>", [.nothing("d"), .nothing("ds"), .zeros(9)], nil), ("<r 0>", [.random(0)], nil),
        ("<r  1400>", [.random(1400)], "<r 1400>"),
    ]

    @Test(arguments: valid) func isTaken(_ text: String, _ pieces: [AWGTemplate.Piece], _ canonical: String?) throws {
        let template = try AWGTemplate(parsing: text)
        #expect(template.pieces == pieces)
        #expect(template.description == canonical ?? text)
        #expect(try AWGTemplate(parsing: template.description) == template)
    }

    static let invalid: [(String, AWGTemplate.Fault.Kind, column: Int)] = [
        ("x<r 1>", .textOutside, 1), ("<r 1>,<r 2>", .textOutside, 6), ("<r 1", .unfinished, 1),
        ("<r 1><", .unfinished, 6),
        ("<>", .unknownTag, 1), ("<R 1>", .unknownTag, 1), ("<r 1><q 3>", .unknownTag, 6), ("<c>", .formerTag, 1),
        ("<wt 5>", .formerTag, 1), ("<b>", .noBytes, 1), ("<b 0x>", .noBytes, 1), ("<b 0x123>", .noBytes, 1),
        ("<b 0xgg>", .noBytes, 1), ("<b 0x12 34>", .noBytes, 1), ("<b 0X12>", .noBytes, 1), ("<b １２>", .noBytes, 1),
        ("<r>", .noNumber, 1), ("<r -1>", .noNumber, 1), ("<rc x>", .noNumber, 1), ("<rd 1 2>", .noNumber, 1),
        ("<t 4>", .needless, 1), ("<r 70000>", .tooLong, 1), ("<r 1400><t>", .tooLong, 9),
        ("<r 4294967296>", .noNumber, 1),
        ("<<r 1>>", .unknownTag, 1), ("<r 1>>", .textOutside, 6),
    ]

    @Test(arguments: invalid) func isRefused(_ text: String, _ kind: AWGTemplate.Fault.Kind, _ column: Int) {
        let fault = #expect(throws: AWGTemplate.Fault.self) { try AWGTemplate(parsing: text) }
        #expect(fault == AWGTemplate.Fault(kind: kind, column: column))
        var settings = AWGSettings()
        #expect(throws: AWGFault.template(.i3, AWGTemplate.Fault(kind: kind, column: column))) {
            try settings.set(.i3, text)
        }
    }
}
