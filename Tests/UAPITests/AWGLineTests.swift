import NetTypes
import Testing

@testable import UAPI

/// amneziawg-go's keys and forms, in requests and in answers.
@Suite struct AWGLineTests {
    private func set(_ lines: String...) throws -> SetRequest {
        let text = Array(("set=1\n" + lines.map { "\($0)\n" }.joined()).utf8)
        let request = try text.withUnsafeBytes { bytes throws(UAPIError) in try UAPIRequest(bytes, names: .ofTests) }
        guard case .set(let change) = request else { fatalError("no set") }
        return change
    }

    @Test func everyKey() throws {
        let change = try set(
            "jc=4", "jmin=10", "jmax=50", "s1=1", "s2=2", "s3=3", "s4=4", "h1=5-9", "h2=10", "h3=4294967295",
            "h4=11-12",
            "i1=<b 0xf6ab><r 7><t>", "i2=", "i5=<rc 3>", "header_protection_key=\(String(repeating: "0a", count: 32))",
            "content_padding_addition=10-100", "random_trailers=1", "disable_cookies=true", "rekey_after_time=100-120",
            "rekey_timeout=3-7", "reject_after_time=150-180", "keepalive_timeout=5-15", "max_handshake_attempts=15-20",
            "public_key=\(String(repeating: "01", count: 32))", "persistent_keepalive_interval=25-35", "dialect=0")
        let awg = change.interface.awg.all[0]
        let texts = AWGName.allCases.map { awg.exposedText(of: $0) }
        #expect(
            texts == [
                "4", "10", "50", "1", "2", "3", "4", "5-9", "10", "4294967295", "11-12", "<b 0xf6ab><r 7><t>", "", nil,
                nil,
                "<rc 3>", "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=", "10-100", "100-120", "3-7", "150-180", "5-15",
                "15-20",
                "on", "on",
            ])
        #expect(change.peers[0].persistentKeepalive == AWGRange(25, 35) && change.peers[0].dialect == 0)
        #expect(
            try set("header_protection_key=\(String(repeating: "0", count: 64))").interface.awg.all[0]
                .headerProtectionKey == .some(nil))
    }

    /// What is not of its form is refused by its line, and the value never said.
    @Test(arguments: [
        "jc=65536", "jc=", "s4=70000", "h1=5-", "h1=4294967296", "h1=-5", "i1=<q>", "i1=<r -1>", "i1=<r 70000>",
        "i1=text",
        "header_protection_key=abc", "random_trailers=on", "disable_cookies=2", "rekey_timeout=x",
        "content_padding_addition=1-2-3",
        "awg_set=0", "awg_set=4", "awg_set=", "j1=3", "itime=5",
    ])
    func badLines(_ line: String) {
        let error = #expect(throws: UAPIError.self) { try set("jc=1", line) }
        #expect(error?.line == 3 && error?.kind == .value)
        let value = line.drop { $0 != "=" }.dropFirst()
        #expect(value.count < 3 || error?.fault.description.contains(value) == false)
    }

    /// A further set's lines stand behind its number; others that read the answer see the first one's.
    @Test func furtherSets() throws {
        let change = try set("s1=9", "awg_set=2", "s1=10", "h1=7", "awg_set=1", "s2=3")
        #expect(
            change.interface.awg.all[0].prefixes == PerMessage(initiation: 9, response: 3, cookieReply: nil, data: nil))
        #expect(change.interface.awg.all[1].prefixes.initiation == 10 && change.interface.awg.all[2].isEmpty)
        var writer = AnswerWriter(names: .ofTests)
        writer.write(change.interface)
        #expect(writer.end(errno: 0).string == "s1=9\ns2=3\nawg_set=2\ns1=10\nh1=7\nerrno=0\n\n")
    }
}
