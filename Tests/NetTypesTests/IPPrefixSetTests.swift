import NetTypes
import Testing

@Suite struct IPPrefixSetTests {
    /// Against a twin that asks every network.
    @Test(arguments: 0..<20) func agreesWithTheNaiveTwin(seed: UInt32) {
        var state = seed &* 2_654_435_761 &+ 1
        func next(_ count: UInt32) -> UInt32 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return (state >> 8) % count
        }
        func prefix() -> IPPrefix {
            let number = next(64)
            return next(4) == 0
                ? IPPrefix(masking: .v6(IPv6Address(rawValue: UInt128(number))), length: 122 + Int(next(7)))
                : IPPrefix(masking: .v4(IPv4Address(rawValue: number)), length: 26 + Int(next(7)))
        }
        let prefixes = (0..<Int(next(12))).map { _ in prefix() }
        let set = IPPrefixSet(prefixes)
        let every = (0..<64).flatMap { (i: UInt32) -> [IPAddress] in
            [.v4(IPv4Address(rawValue: i)), .v6(IPv6Address(rawValue: UInt128(i)))]
        }
        for address in every { #expect(set.contains(address) == prefixes.contains { $0.contains(address) }) }
        for _ in 0..<50 {
            let network = prefix()
            #expect(set.overlaps(network) == prefixes.contains { $0.overlaps(network) })
            let rest = set.subtracted(from: network)
            #expect(rest == rest.sorted() && IPPrefixSet(rest).prefixes == rest)
            for address in every {
                let expected = network.contains(address) && !set.contains(address)
                #expect(rest.contains { $0.contains(address) } == expected)
            }
        }
        #expect(set.isEmpty == prefixes.isEmpty)
    }

    @Test func theEndsOfTheNumbers() {
        let set = IPPrefixSet([IPPrefix("255.255.255.255/32")!, IPPrefix("::/0")!])
        #expect(set.contains(IPAddress("255.255.255.255")!) && set.contains(IPAddress("ffff::")!))
        #expect(!set.contains(IPAddress("255.255.255.254")!) && set.subtracted(from: .everyV4).count == 32)
        #expect(set.subtracted(from: .everyV6) == [])
    }
}
