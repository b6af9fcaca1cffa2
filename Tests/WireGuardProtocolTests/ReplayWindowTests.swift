import Repeats
import Testing

@testable import WireGuardProtocol

/// Every counter remembered, and the rule of the window applied to it.
private struct NaiveWindow {
    var seen: Set<UInt64> = []
    var greatest: UInt64?

    mutating func accept(_ counter: UInt64) -> Bool {
        if counter >= Limits.rejectAfterMessages { return false }
        if let greatest, greatest > counter, greatest - counter > UInt64(Limits.replayWindowSize) { return false }
        if !seen.insert(counter).inserted { return false }
        greatest = max(greatest ?? 0, counter)
        return true
    }
}

@Suite struct ReplayWindowTests {
    private func withWindow(_ body: (ReplayWindow) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: ReplayWindow.byteCount, alignment: 8) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            body(ReplayWindow(memory.baseAddress!))
        }
    }

    /// The kernel's selftest/counter.c asks the same questions.
    @Test func edges() {
        let size = UInt64(Limits.replayWindowSize)
        let table: [(counter: UInt64, accepted: Bool)] = [
            (0, true), (1, true), (1, false), (9, true), (8, true), (7, true), (7, false), (size, true),
            (size - 1, true), (size - 1, false), (size - 2, true), (size + 1, true), (size + 2, true),
            (size + 2, false), (size + 16, true), (3, false), (size + 16, false), (size * 4, true),
            (size * 4 - (size - 1), true), (10, false), (size * 4 - size, true), (size * 4 - (size + 1), false),
            (size * 4 - (size - 2), true), (size * 4 + 1 - size, false), (0, false),
            (Limits.rejectAfterMessages, false), (Limits.rejectAfterMessages - 1, true),
            (Limits.rejectAfterMessages, false), (Limits.rejectAfterMessages - 1, false),
            (Limits.rejectAfterMessages - 2, true), (Limits.rejectAfterMessages + 1, false), (.max, false),
        ]
        withWindow { window in
            for (row, (counter, accepted)) in table.enumerated() {
                #expect(window.accept(counter) == accepted, "row \(row), counter \(counter)")
            }
        }
    }

    @Test(arguments: [20, 70, 9000, 40_000] as [UInt64])
    func agreesWithNaiveTwin(spread: UInt64) {
        var random = SeededRandom(state: spread)
        var naive = NaiveWindow()
        withWindow { window in
            var centre: UInt64 = 0
            for _ in 0..<60_000 {
                let counter = centre &+ UInt64.random(in: 0..<spread, using: &random)
                #expect(window.accept(counter) == naive.accept(counter))
                if Int.random(in: 0..<8, using: &random) == 0 {
                    centre += UInt64.random(in: 0..<max(2, spread / 4), using: &random)
                }
            }
        }
    }
}
