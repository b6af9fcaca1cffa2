import CLinux
internal import BoxModel
import Glibc

/// Work that a thread of its own does, while the caller does something else, or so that the caller need not wait for its end.
///
/// `@unchecked Sendable`: the thread writes the answer before it closes the pipe, and others look only after they saw that.
final class Background<Answer: Sendable>: @unchecked Sendable {
    private var written: Answer?
    /// Its other end is closed when the work is done.
    private let done: Int32

    private init(done: Int32) { self.done = done }

    deinit { close(done) }

    /// Begins; nil with `errno` set if there is no thread to be had. A new thread is in the network namespace of the one that made it.
    static func begin(_ work: @escaping @Sendable () -> Answer) -> Background? {
        var ends: [Int32] = [-1, -1]
        guard clinux_nonblocking_pipe(&ends) == 0 else { return nil }
        let background = Background(done: ends[0])
        let end = ends[1]
        let begun = detachThread {
            background.written = work()
            close(end)
        }
        if begun { return background }
        let code = errno
        close(end)
        errno = code
        return nil
    }

    /// Readable once the work is done.
    var descriptor: Int32 { done }

    /// What the work came to; nil while it goes on.
    func answerIfDone() -> Answer? {
        var end = pollfd(fd: done, events: Int16(POLLIN), revents: 0)
        return poll(&end, 1, 0) > 0 ? written : nil
    }

    /// Waits for the end of the work, which has to have one. Throws with `EINTR` once the command is told to stop; the work
    /// goes on then, and nobody asks for its answer any more.
    func answer(_ operation: BoxError.Operation) throws(BoxError) -> Answer {
        while true { if let answer = try answer(within: Patience.usual, operation) { return answer } }
    }

    /// The same of work that need not have an end: nil after that time.
    func answer(within time: Duration, _ operation: BoxError.Operation) throws(BoxError) -> Answer? {
        try Deadline(time).wait(for: done, operation) ? written : nil
    }
}

/// Runs `body` on a thread that nobody joins. False with `errno` set: there is none to be had.
private func detachThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let errand = Unmanaged.passRetained(Errand(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { context in
            Unmanaged<Errand>.fromOpaque(context!).takeRetainedValue().body()
            return nil
        }, errand.toOpaque())
    if code == 0 {
        pthread_detach(thread)
        return true
    }
    errand.release()
    errno = code
    return false
}

/// What a thread takes along.
private final class Errand: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
