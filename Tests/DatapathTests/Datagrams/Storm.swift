import NetTypes

@testable import Datapath
@testable import WireGuardProtocol

/// Datagrams that nobody made who has a key, in great numbers, through the receive path of gateways that speak plain and disguised:
/// a worker sorts them, as they come from GRO, and a device has the last word on what may be a handshake. None may be taken, in
/// whatever dialect, and now and then one that is in order must be.
struct Storm {
    /// What came of it.
    struct Result {
        var random = 0
        var nearMisses = [Int](repeating: 0, count: NearMisses.Kind.allCases.count)
        /// What was looked at twice, by the naive twin as well.
        var compared = 0
        /// Handshake messages that they might have been.
        var proposals = 0
        var faults: [String] = []
    }

    private let gateways: [StormGateway]
    private let misses: [NearMisses]
    private let sizes: [[Int]]
    private var random: StormRandom
    private(set) var result = Result()
    /// The near misses of a batch.
    private var drawn = [NearMisses.Kind](repeating: .wrongTag, count: 4)
    /// Batches at one gateway before the next has its turn.
    private static let turn = 128

    init(seed: UInt64) throws {
        gateways = try StormSets.gateways.map { try StormGateway($0, seed: seed) }
        misses = gateways.map(NearMisses.init)
        sizes = gateways.map(Self.sizes)
        random = StormRandom(seed: seed)
    }

    /// Those of all messages, and their neighbours.
    private static func sizes(_ gateway: StormGateway) -> [Int] {
        let exact = ([.plain] + gateway.sets).flatMap { set in
            let prefixes = set.prefixes
            return [
                Int(prefixes.initiation) + 148, Int(prefixes.response) + 92, Int(prefixes.cookieReply) + 64,
                Int(prefixes.data) + 32, 32,
            ]
        }
        return exact + exact.map { $0 - 1 } + exact.map { $0 + 1 } + exact + exact
    }

    /// So many random datagrams, then so many near misses.
    mutating func run(random count: Int, nearMisses: Int) {
        var turn = 0
        while result.random < count && result.faults.isEmpty {
            for _ in 0..<Self.turn where result.random < count { rain(turn % gateways.count) }
            finishTurn(turn % gateways.count)
            turn += 1
        }
        var made = 0
        while made < nearMisses && result.faults.isEmpty {
            for _ in 0..<Self.turn where made < nearMisses { made += miss(turn % gateways.count) }
            finishTurn(turn % gateways.count)
            turn += 1
        }
        for gateway in gateways {
            gateway.finish()
            result.faults += gateway.faults
        }
    }

    /// Whether one that is in order is still taken, and a few against the twin.
    private mutating func finishTurn(_ number: Int) {
        let gateway = gateways[number]
        gateway.check()
        let naive = gateway.naive
        let size = self.size(number)
        compare((0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }, gateway, naive)
        let kind = misses[number].draw(&random)
        let made = misses[number].make(kind, gateway.place(1), &random)
        compare(Array(UnsafeRawBufferPointer(start: gateway.place(1), count: made)), gateway, naive)
        result.proposals += gateway.takeProposals()
        result.faults += gateway.faults
    }

    private mutating func compare(_ datagram: [UInt8], _ gateway: StormGateway, _ naive: NaiveSorter) {
        let (found, expected) = (gateway.sorted(datagram), naive.sort(datagram))
        let isSame =
            switch expected {
            case .data: found.isEmpty
            // The queue has two ends: what claims a cookie waits by itself.
            case .handshakes(let proposals): found.count == proposals.count && proposals.allSatisfy(found.contains)
            }
        if !isSame { result.faults.append("\(datagram) is \(found), not \(expected)") }
        result.compared += 1
    }

    @inline(__always) private mutating func size(_ number: Int) -> Int {
        let bits = random.next()
        if bits & 1 == 0 { return sizes[number][random.below(sizes[number].count)] }
        return bits & 62 == 0 ? random.below(1500) : random.below(300)
    }

    /// A batch of random datagrams, several in one message, as GRO has them.
    private mutating func rain(_ number: Int) {
        let gateway = gateways[number]
        for message in 0..<StormGateway.batchSize {
            let segment = max(1, size(number))
            let whole = 1 + random.below(6)
            let rest = random.below(segment)
            random.fill(gateway.place(message), whole * segment + rest)
            gateway.put(message, size: whole * segment + rest, segment: segment)
            result.random += whole + (rest > 0 ? 1 : 0)
        }
        gateway.deliver(StormGateway.batchSize, "random, gateway \(number)")
    }

    /// A batch of near misses, some with neighbours in their message, which are as long and random; how many.
    private mutating func miss(_ number: Int) -> Int {
        let gateway = gateways[number]
        for message in drawn.indices {
            let kind = misses[number].draw(&random)
            drawn[message] = kind
            let place = gateway.place(message)
            let size = misses[number].make(kind, place, &random)
            let behind = random.below(3)
            random.fill(place + size, behind * size)
            gateway.put(message, size: size + behind * size, segment: max(1, size))
            result.nearMisses[kind.rawValue] += 1
        }
        gateway.deliver(drawn.count, "near misses \(drawn), gateway \(number)")
        return drawn.count
    }
}
