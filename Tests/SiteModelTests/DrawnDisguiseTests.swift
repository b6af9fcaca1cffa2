import NetTypes
import Repeats
import SiteModel
import Testing

/// What `wggw disguise on` draws.
@Suite struct DrawnDisguiseTests {
    private func parameters(_ version: AWGVersion, _ likeness: Likeness, seed: UInt64) throws -> AWGParameters {
        var random = SeededRandom(state: seed)
        let drawn = Disguise.drawn(for: version, like: likeness, using: &random)
        #expect((drawn.headerProtectionKey == .auto) == (version >= .three))
        return try drawn.parameters(key: version >= .three ? HeaderProtectionKey { $0[0] = 7 } : nil)
    }

    /// Each is one that all implementations take (shared with docs/disguise.md): sizes distinct, types apart and below 2^31.
    @Test(arguments: AWGVersion.allCases, Likeness.allCases) func goTogether(version: AWGVersion, likeness: Likeness)
        throws
    {
        for seed in 0..<2_000 as Range<UInt64> {
            let drawn = try parameters(version, likeness, seed: seed)
            let sizes = [
                drawn.prefixes.initiation + 148, drawn.prefixes.response + 92, drawn.prefixes.cookieReply + 64,
            ]
            #expect(Set(sizes).count == 3)
            let types = [drawn.types.initiation, drawn.types.response, drawn.types.cookieReply, drawn.types.data]
            #expect(types.allSatisfy { $0.lower >= 5 && $0.upper < 1 << 31 && $0.upper - $0.lower <= 2_000 })
            #expect(drawn.prefixes.data <= 32 && drawn.junkCount <= 10 && drawn.junkSize.upper <= 1_200)
            #expect(!drawn.excludesPlain && !drawn.claimsPlainInitiations)
            #expect(drawn.randomTrailers == (version == .threeOne))
            #expect((drawn.signatures[0] == nil) == (likeness == .random))
            // An app of that version takes all of it, and one of the version before does not.
            if version >= likeness.since { #expect(try drawn.settings(for: version) == drawn.settings) }
            if let older = AWGVersion.allCases.last(where: { $0 < version && $0 != .one }) {
                #expect(throws: AWGVersionFault.self) { try drawn.settings(for: older) }
            }
        }
    }

    /// Two sites have nothing in common that somebody could look for.
    @Test func differFromSiteToSite() throws {
        let drawn = try (0..<50 as Range<UInt64>).map { try parameters(.two, .random, seed: $0) }
        #expect(Set(drawn.map { $0.types.initiation.lower }).count == 50)
        #expect(Set(drawn.map { $0.types.data.lower }).count == 50)
        #expect(Set(drawn.map { "\($0.prefixes)" }).count == 50)
    }

    /// As it is written into a file it is read again, and it is as long as what it is like.
    @Test func likenessesAreTemplates() throws {
        for (likeness, bytes) in [(Likeness.dns, 29), (.quic, 1_200)] {
            let template = try #require(try parameters(.two, likeness, seed: 1).signatures[0])
            #expect(template.count == bytes)
            #expect(try AWGTemplate(parsing: template.description) == template)
        }
        let sip = try #require(try parameters(.two, .sip, seed: 1).signatures[0])
        #expect(try AWGTemplate(parsing: sip.description) == sip)
    }
}
