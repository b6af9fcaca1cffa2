#if STORM
    import Glibc

    /// `Datagrams RANDOM NEAR-MISSES SEED`, for `scripts/fuzz --datagrams`.
    @main enum Main {
        static func main() throws {
            let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
            guard numbers.count == 3, CommandLine.arguments.count == 4 else {
                print("usage: Datagrams RANDOM NEAR-MISSES SEED")
                exit(64)
            }
            var storm = try Storm(seed: UInt64(numbers[2]))
            storm.run(random: numbers[0], nearMisses: numbers[1])
            let result = storm.result
            for fault in result.faults { print("FAULT \(fault)") }
            let kinds = zip(NearMisses.Kind.allCases, result.nearMisses).map { "\($0) \($1)" }
            print("near misses: \(kinds.joined(separator: ", "))")
            print(
                "\(result.random) random datagrams and \(result.nearMisses.reduce(0, +)) near misses, "
                    + "\(result.proposals) times proposed as handshakes, \(result.compared) compared, \(result.faults.count) faults"
            )
            exit(result.faults.isEmpty ? 0 : 1)
        }
    }
#endif
