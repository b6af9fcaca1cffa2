import BoxModel
import Firewall
import Testing

@Suite struct KnownFirewallTests {
    @Test(arguments: ["boot/4026531840 7", "x 0", "x 4294967295"])
    func readsWhatItWrote(_ text: String) throws {
        #expect(try #require(RulesetGeneration(text)).description == text)
    }

    @Test(arguments: ["", "x", " 7", "x ", "x 7 ", "x y 7", "x -1", "x 4294967296"])
    func refusesAllElse(_ text: String) { #expect(RulesetGeneration(text) == nil) }

    @Test func everyTransactionOfThePlanCounts() {
        let table = FirewallTable(sets: [], chains: [])
        let plan = Plan([
            .firewall(.replace(table, carrying: nil)), .link(.setUp(interface: "wg0")), .firewall(.update([])),
            .firewall(.remove),
        ])
        #expect(RulesetGeneration("x 7")?.after(plan) == RulesetGeneration("x 10"))
        #expect(RulesetGeneration("x 4294967295")?.after(Plan([.firewall(.remove)])) == RulesetGeneration("x 0"))
    }
}
