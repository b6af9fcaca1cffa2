internal import BoxModel
internal import Synchronization

/// The interface looked at by a thread of its own, before anybody asks: with 10,000 peers its WireGuard side takes longer than
/// all else of an observation, and most of it passes in the process that answers.
final class ReadingAhead: Sendable {
    private struct Reading {
        let interface: String
        let sight: Background<Sight?>
    }

    private let reading = Mutex<Reading?>(nil)

    /// Begins. `look` returns nil where there is nothing to see, or where it cannot be seen, which the next one to look says.
    func begin(_ interface: String, _ look: @escaping @Sendable () -> Sight?) {
        let begun = Background.begin(look).map { Reading(interface: interface, sight: $0) }
        reading.withLock { $0 = begun }
    }

    /// Forgets it: the box is about to change.
    func forget() { reading.withLock { $0 = nil } }

    /// What it saw of this interface. Once only: the next one to ask gets nil.
    func take(_ interface: String) -> Sight? {
        let begun = reading.withLock { reading in
            defer { reading = nil }
            return reading
        }
        guard let begun, begun.interface == interface else { return nil }
        return (try? begun.sight.answer(.init(.read, .wireGuard(interface)))) ?? nil
    }
}
