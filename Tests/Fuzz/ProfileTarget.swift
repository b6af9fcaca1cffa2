// What people write: profiles, and files of wg-quick.

import NetTypes

@testable import SiteModel

/// An input is a profile. What is taken must be written and read again as the same.
enum ProfileTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let text = String(decoding: input.remainder(), as: UTF8.self)
        do throws(ProfileErrors) {
            let site = try Site.parse(text, file: "fuzz.toml")
            let written = site.profileText()
            guard let back = try? Site.parse(written, file: "written.toml") else {
                finding("not read back: \(written)")
            }
            expect(back == site, "another site: \(written)")
            expect(back.profileText() == written, "another text: \(written)")
        } catch {
            expect(!error.description.isEmpty, "an error that says nothing")
        }
        return 0
    }
}

/// An input is one to four files of wg-quick, with `%` between them, of both sides of a tunnel. What is found stands in one of
/// the files, says something, and tells nobody a secret; and what a file is refused for is among it.
enum LintTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let texts = input.remainder().split(
            separator: UInt8(ascii: "%"), maxSplits: 3, omittingEmptySubsequences: false
        )
        .map { FileText(decoding: Array($0)) }
        let files = texts.enumerated().map { LintFile("\($0).conf", $1) }
        let lint = judge(files)
        var secrets: [String] = []
        for (number, file) in files.enumerated() {
            let own = lint.findings.filter { $0.file == file.name }
            let lines = WgQuickLine.lines(of: file.text.text).count
            expect(
                own.allSatisfy { (1...max(1, lines)).contains($0.line) && $0.column > 0 }, "a finding without a place")
            let (config, errors) = WgQuickConfig.read(file.text, file: file.name) { _ in nil }
            let refused = own.filter { $0.name == "refused" }.map(\.what)
            expect(refused.sorted() == errors.map(\.message).sorted(), "file \(number): \(refused) for \(errors)")
            secrets += [config.interface.privateKey?.exposedBase64].compactMap(\.self)
            secrets += config.peers.compactMap { $0.presharedKey?.exposedBase64 }
        }
        for finding in lint.findings {
            expect(!finding.what.isEmpty && finding.remedy?.isEmpty != true, "a finding that says nothing")
            let text = finding.description
            expect(!secrets.contains { text.contains($0) }, "a secret in \(finding.name)")
        }
        expect(judge(files).findings == lint.findings, "other findings the second time")
        return 0
    }

    /// Any function of the key does that changes it: no arithmetic on curves here.
    private static func judge(_ files: [LintFile]) -> Lint {
        Lint(files) { key in key.withBytes { bytes in PublicKey(bytes: bytes.map { $0 ^ 0x96 })! } }
    }
}

/// An input is a file of wg-quick, in any encoding. A site that is made of it has no problems, nobody in it has an address that the
/// file does not have, and no message repeats what may be a key.
enum WgQuickTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let text = FileText(decoding: Array(input.remainder()))
        let lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
        do throws(ProfileErrors) {
            let config = try WgQuickConfig.parse(text, file: "fuzz.conf") { $0 == "https" ? 443 : nil }
            // Any function of the key does: no arithmetic on curves here.
            let made = try config.gatewaySite(interface: "wg0", lan: lan) { key in
                key.withBytes { PublicKey(loading: $0) }
            }
            expect(made.site.problems().isEmpty, "a site with problems: \(made.site.problems())")
            let said = Set(config.peers.flatMap(\.allowedIPs))
            for peer in made.site.peers {
                expect(peer.addresses.allSatisfy { said.contains(IPPrefix(host: $0)) }, "an address out of nowhere")
                expect(peer.addresses.isEmpty == peer.isUnnumbered, "\(peer.name) would get an address")
                expect(!peer.name.mayHoldKey, "a key for a name")
            }
            for note in made.notes { expect(!note.message.mayHoldKey, "a key in a note") }
        } catch {
            expect(!error.description.isEmpty, "an error that says nothing")
            for fault in error.errors { expect(fault.line > 0 && fault.column > 0, "a fault without a place") }
        }
        return 0
    }
}
