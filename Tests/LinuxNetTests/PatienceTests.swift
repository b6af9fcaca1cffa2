import BoxModel
import Glibc
import Testing

@testable import LinuxNet

/// How long a process is waited for that does not answer.
@Suite(.serialized) final class PatienceTests {
    /// The whole patience; a look is a twentieth.
    static let idle = Duration.milliseconds(100)
    private var ends: [Int32] = [-1, -1]

    init() { pipe(&ends) }
    deinit { ends.forEach { close($0) } }

    /// Waits for what never comes, and counts how often it looked at the process, the first look left out.
    private func looks(_ activity: @escaping (Int) -> Activity?) throws -> Int {
        var count = -1
        var patience = Patience(idle: Self.idle) {
            count += 1
            return activity(count)
        }
        #expect(try !patience.wait(for: ends[0], .init(.wait, .events)))
        return count
    }

    @Test func `one that does nothing is waited for until the while is over`() throws {
        #expect(try looks { _ in Activity(time: 7, isHeldUp: false) } == 20)
    }

    @Test func `so is one of which nothing is known`() throws {
        #expect(try looks { _ in nil } == 20)
    }

    @Test func `one whom its box holds up is waited for five times as long`() throws {
        #expect(try looks { _ in Activity(time: 7, isHeldUp: true) } == 100)
    }

    @Test func `one that works is waited for, and the while starts when it stops`() throws {
        #expect(try looks { Activity(time: UInt64(min($0, 30)), isHeldUp: false) } == 50)
    }

    @Test func `a box that stands still for longer than the while tells nothing of the process`() throws {
        let stood = Duration.milliseconds(300)
        let count = try looks { look in
            if look == 3 { usleep(UInt32(stood.components.attoseconds / 1_000_000_000_000)) }
            return Activity(time: 7, isHeldUp: false)
        }
        #expect(count == 20)
    }

    @Test func `what it says at last is heard`() throws {
        var patience = Patience(idle: Self.idle) { [end = ends[1]] in
            var byte: UInt8 = 1
            write(end, &byte, 1)
            return Activity(time: 7, isHeldUp: false)
        }
        #expect(try patience.wait(for: ends[0], .init(.wait, .events)))
    }

    @Test func `a process tells what it does`() throws {
        let own = try #require(Activity(of: getpid()))
        // Whoever reads its state runs.
        #expect(own.isHeldUp)
        #expect(Activity(of: 0) == nil)
        #expect(Activity(of: -1) == nil)
    }
}
