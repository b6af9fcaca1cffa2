import Testing

@testable import SiteModel

@Suite struct FileExposureTests {
    typealias Permissions = FileExposure.Permissions

    /// A file of user 1000 and its directory, both of group 2000, in a root directory that all may go through: what `ls` would show of
    /// both, and what is found.
    @Test(
        arguments: [
            (0o600, 0o755, []), (0o640, 0o755, ["readable g"]), (0o644, 0o755, ["readable e"]),
            (0o604, 0o755, ["readable e"]),
            (0o644, 0o700, []), (0o644, 0o710, ["readable g"]), (0o640, 0o701, ["readable g"]),
            (0o660, 0o755, ["writable g"]),
            (0o602, 0o755, ["writable e"]), (0o666, 0o750, ["writable g"]), (0o666, 0o700, []),
            (0o600, 0o777, ["replaceable e"]), (0o600, 0o775, ["replaceable g"]), (0o600, 0o1777, []),
            (0o600, 0o726, []),
            (0o644, 0o777, ["readable e", "replaceable e"]), (0o600, 0o770, ["replaceable g"]),
        ] as [(UInt16, UInt16, [String])])
    func byTheirModes(file: UInt16, directory: UInt16, _ right: [String]) {
        #expect(words(file, directory, group: 2000) == right)
    }

    /// Of root's group, and of the owner's own, nobody else is.
    @Test func groupsOfOne() {
        for group in [0, 1000] as [UInt32] {
            #expect(words(0o660, 0o775, group: group) == [])
            #expect(words(0o664, 0o775, group: group) == ["readable e"])
        }
    }

    /// A directory that nobody else comes to is open to nobody.
    @Test func whatIsAbove() {
        let (file, open) = (Permissions(mode: 0o666, owner: 0, group: 0), Permissions(mode: 0o777, owner: 0, group: 0))
        let closed = Permissions(mode: 0o700, owner: 0, group: 0)
        let inside = FileExposure(file, in: [("/", closed), ("/a", open)])
        #expect(inside.writers == nil && inside.openDirectory == nil)
        let above = FileExposure(file, in: [("/", open), ("/a", closed)])
        #expect(above.writers == nil && above.openDirectory == "/")
    }

    /// Only of a file with keys in it does it matter who reads it.
    @Test func withoutKeys() {
        let text = LintSamples.branch.replacing("PrivateKey = \(LintSamples.privateKey(3))\n", with: "")
        #expect(words(0o644, 0o755, group: 0, text: text) == [])
    }

    private func words(
        _ file: UInt16, _ directory: UInt16, group: UInt32, text: String = LintSamples.laptop
    ) -> [String] {
        let exposure = FileExposure(
            Permissions(mode: file | 0o100000, owner: 1000, group: group),
            in: [
                ("/", Permissions(mode: 0o755, owner: 0, group: 0)),
                ("/a", Permissions(mode: directory, owner: 1000, group: group)),
            ])
        let lint = Lint([LintFile("l", FileText(text), exposure: exposure)], publicKey: LintSamples.publicKey)
        return lint.findings.compactMap { finding in
            switch finding.kind {
            case .file(.readable(let audience, _)): "readable \(audience == .group ? "g" : "e")"
            case .file(.writable(let audience, _)): "writable \(audience == .group ? "g" : "e")"
            case .file(.replaceable("/a", let audience)): "replaceable \(audience == .group ? "g" : "e")"
            default: nil
            }
        }
    }
}
