import BoxModel
import Compiler
import NetTypes
import SiteModel
import SiteSamples
import Testing

/// Peers that may come in for a while.
@Suite struct ExpiryTests {
    @Test func whoseTimeIsOverIsAsIfNotThere() throws {
        let secrets = Lab.secrets
        let whole = Lab.site {
            $0.peers = ["amy", "bob", "cleo"].enumerated().map { Lab.peer($1, $0 + 1, ["192.168.2.\($0 + 1)"]) }
        }
        var site = whole
        for (i, moment) in zip(site.peers.indices, [100, 200] as [Int64]) { site.peers[i].expires = UTCTime(moment) }
        let names = site.peers.prefix(2).map(\.name)
        #expect(site.expired(at: 99) == [] && site.nextExpiry(after: 99) == 100)
        #expect(site.expired(at: 100) == [names[0]] && site.nextExpiry(after: 100) == 200)
        #expect(site.expired(at: 200) == names && site.nextExpiry(after: 200) == nil)
        for moment in [99, 100, 200] as [Int64] {
            let expired = site.expired(at: moment)
            var rest = whole
            rest.peers.removeAll { expired.contains($0.name) }
            let (met, nothing) = (Surroundings(expired: expired), Surroundings())
            #expect(
                try compile(site, secrets: secrets, surroundings: met)
                    == compile(rest, secrets: secrets, surroundings: nothing))
        }
    }

    @Test func surroundingsTellIt() {
        let met = Surroundings(mtu: 1400, expired: ["guest", "amy"])
        #expect(met.description == "mtu:1400 expired:amy expired:guest")
        #expect(Surroundings(met.description) == met)
    }
}
