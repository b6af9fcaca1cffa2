import Repeats
import Testing

/// The short form of `scripts/fuzz --datagrams`: what nobody made who has a key is taken in no dialect.
@Suite struct DatagramTests {
    @Test(arguments: repeats(2)) func noneIsTaken(_ seed: Int) throws {
        var storm = try Storm(seed: UInt64(seed))
        storm.run(random: 60_000, nearMisses: 12_000)
        #expect(storm.result.faults.isEmpty)
        #expect(storm.result.random >= 60_000 && storm.result.nearMisses.allSatisfy { $0 > 0 })
        #expect(storm.result.proposals > 8_000 && storm.result.compared > 30)
    }
}
