internal import Compiler
import Glibc
internal import Synchronization

/// An interface's WireGuard side, read by a thread of its own: with 10,000 peers that takes longer than all else of an
/// observation, and most of it passes in the process that answers.
///
/// `@unchecked Sendable`: the thread writes `read` before it ends, and others look only after they waited for its end.
final class WireGuardReading: @unchecked Sendable {
    /// What is read, and by whom it is carried.
    typealias Answer = (backend: Backend, device: ObservedWireGuard)

    /// The interface's name.
    let interface: String
    private let work: @Sendable () -> Answer?
    private var thread: pthread_t?
    private var read: Answer?

    /// Begins; nil if there is no thread to be had. A new thread is in the network namespace of the one that made it.
    init?(of interface: String, _ work: @escaping @Sendable () -> Answer?) {
        self.interface = interface
        self.work = work
        var thread = pthread_t()
        let this = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                let this = Unmanaged<WireGuardReading>.fromOpaque(context!).takeRetainedValue()
                this.read = this.work()
                return nil
            }, this.toOpaque())
        guard code == 0 else {
            this.release()
            return nil
        }
        self.thread = thread
    }

    deinit { if let thread { pthread_detach(thread) } }

    /// Waits for the end; nil if there was nothing to read.
    func answer() -> Answer? {
        if let thread { pthread_join(thread, nil) }
        thread = nil
        return read
    }
}

/// The reading that was begun before it was asked for, if there is one.
final class ReadingAhead: Sendable {
    private let reading = Mutex<WireGuardReading?>(nil)

    /// Keeps a reading for the next observation.
    func begin(_ reading: WireGuardReading?) { self.reading.withLock { $0 = reading } }

    /// Forgets it: the box is about to change.
    func forget() { begin(nil) }

    /// What it read of this interface, if that was this backend's. Once only: the next one to ask gets nil.
    func take(_ interface: String, _ backend: Backend) -> ObservedWireGuard? {
        let begun = reading.withLock { reading in
            defer { reading = nil }
            return reading
        }
        guard let begun, begun.interface == interface, let answer = begun.answer(), answer.backend == backend else {
            return nil
        }
        return answer.device
    }
}
