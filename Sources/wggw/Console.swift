import Glibc
import NetTypes
import Synchronization
import System

/// Standard output for data, standard error for everything else.
///
/// What could not be written to standard output is noted, and `exit` tells: a command does what it was told to the end and fails
/// all the same. Only a reader that has gone away (`| head`) has seen what it wanted.
enum Console {
    /// Whether standard output takes colours: a terminal, and nobody said NO_COLOR (no-color.org).
    static let hasColors = isatty(1) == 1 && !isSet("NO_COLOR") && !isDumb

    /// How many characters are in a line of the terminal; nil where standard output is none, or does not say.
    static var columns: Int? { terminalColumns(1) }

    private static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? false }

    private static func isSet(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }

    /// Before any file is opened: a standard stream that is closed stays so for whoever uses it, and no other file takes its number,
    /// to get what was meant for it. A pipe without a reader is an error of the write, and not the end of this process.
    static func prepare() {
        for (descriptor, useless) in [(Int32(0), O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest number that is free is this one.
            _ = open("/dev/null", useless)
        }
        var action = sigaction()
        // A handler and not SIG_IGN, which every program that is started would inherit.
        action.__sigaction_handler.sa_handler = { _ in }
        action.sa_flags = SA_RESTART
        sigaction(SIGPIPE, &action, nil)
    }

    /// Data for people, a line of it.
    static func data(_ line: Line) { write(line.text + "\n") }

    /// Rows under a head, aligned, for people; the last column is not padded.
    static func data(_ head: [String], _ rows: some Sequence<[String]>) {
        var table = Table(head)
        for row in rows { table.add(row) }
        write(table.bytes)
    }

    /// What a file holds: to the byte, unless a person looks at it.
    static func content(_ text: String) {
        guard isatty(1) == 1 else { return write(text) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        write(lines.map(\.printable).joined(separator: "\n"))
    }

    /// Data in which nothing is but what was made here: JSON, a drawing, help.
    static func raw(_ text: String) { write(text) }

    /// What is no data.
    static func error(_ line: Line) { _ = write(2, line.text + "\n") }

    /// A line on the terminal that the next one takes the place of.
    static func status(_ line: Line) { _ = write(2, "\r\u{1b}[K" + line.text) }

    /// Asks on the terminal, after these lines; false without one.
    static func asks(_ question: Line, after lines: [String]) -> Bool {
        guard isatty(0) == 1 else { return false }
        for line in lines { error(Line(line)) }
        _ = write(2, question.text + " [Y/n] ")
        guard let answer = readLine() else { return false }
        return answer.isEmpty || answer.lowercased().hasPrefix("y")
    }

    /// Ends the process; with a word and status 1 if standard output did not take everything.
    static func exit(_ status: Int32) -> Never {
        // Some file systems tell only now that there is no room.
        if failure.load(ordering: .relaxed) == 0, close(1) != 0, errno != EINTR { note(errno) }
        let code = failure.load(ordering: .relaxed)
        guard code != 0, code != EPIPE else { Glibc.exit(status) }
        error("wggw: standard output: \(errnoText(code)); not all of it was written")
        Glibc.exit(Failure.Status.failed)
    }

    /// Ends a command that would go on for ever, if nobody gets what it says.
    static func expectReader() {
        if failure.load(ordering: .relaxed) != 0 { exit(0) }
    }

    // MARK: Standard output

    /// The errno of the first write that failed; what comes after it would have a hole before it, and is not written.
    private static let failure = Atomic<Int32>(0)

    private static func note(_ code: Int32) { failure.store(code, ordering: .relaxed) }

    private static func write(_ text: String) {
        guard failure.load(ordering: .relaxed) == 0 else { return }
        if let code = write(1, text) { note(code) }
    }

    private static func write(_ bytes: [UInt8]) {
        guard failure.load(ordering: .relaxed) == 0 else { return }
        if let code = writeAll(bytes, to: 1) { note(code) }
    }

    /// The errno, if not all of it was written.
    private static func write(_ descriptor: Int32, _ text: String) -> Int32? {
        var text = text
        return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
    }
}
