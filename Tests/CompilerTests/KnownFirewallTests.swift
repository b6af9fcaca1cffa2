import Compiler
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
            .replaceFirewall(table, carrying: nil), .setUp(interface: "wg0"), .updateFirewall([]), .removeFirewall,
        ])
        #expect(RulesetGeneration("x 7")?.after(plan) == RulesetGeneration("x 10"))
        #expect(RulesetGeneration("x 4294967295")?.after(Plan([.removeFirewall])) == RulesetGeneration("x 0"))
    }
}
