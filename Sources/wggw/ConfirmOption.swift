import ArgumentParser
import Gateway
import Glibc
import System

/// `--confirm`, of what goes back by itself.
struct ConfirmOption: ParsableArguments {
    @Option(
        name: .customLong("confirm"),
        help: ArgumentHelp("Go back after so many seconds unless confirmed.", valueName: "seconds"))
    var seconds: Int64?

    func validate() throws {
        if let seconds, !(5...86_400).contains(seconds) {
            throw ValidationError("--confirm \(seconds): it is 5 to 86400 seconds")
        }
    }
}

/// Whether this process may ask the terminal: one in the background is stopped for it, with the question unasked.
private var isInForeground: Bool { isatty(0) == 1 && (tcgetpgrp(0) < 0 || tcgetpgrp(0) == getpgrp()) }

extension CommonOptions {
    /// Asks the person at the terminal, if there is one, whether what was applied shall stay. Whatever becomes of the terminal, of
    /// this process or of the question: the guard goes back in time, and `wggw confirm` keeps it from anywhere.
    func awaitConfirmation(_ report: ApplyReport, _ json: JSONOption) throws {
        guard report.confirmWithin != nil, !json.isOn, !quiet, isatty(2) == 1, isInForeground else { return }
        // Deaf to the signal that means "go back", which would keep it from doing so; as is what it waits for on the way.
        let control = try reader("confirm", stop: .none)
        switch try undisturbed({ try Countdown().wait { try control.secondsToConfirm() } }) {
        case .keep: note("\(stays(try undisturbed { try control.confirm() }))")
        case .goBack: try goBack(control)
        case .nobody: note("nobody is at the terminal; it goes back unless you run `wggw confirm`")
        case .over: note("nothing waits for confirmation any more; see `wggw status`")
        }
    }

    /// Takes back what waits for its confirmation.
    func goBack(_ control: ControlPlane) throws {
        let back = try undisturbed {
            NotedSignal.disregard()
            return try control.rollback(to: nil, why: nil)
        }
        notes(back.notices)
    }
}

/// What was confirmed; nil is a teardown.
func stays(_ revision: Int?) -> String { revision.map { "revision \($0) stays" } ?? "wggw stays off the box" }

/// The question that is on the screen while an apply waits for its confirmation.
struct Countdown {
    /// What came of it.
    enum Answer {
        /// Enter.
        case keep
        /// Ctrl-C, or SIGTERM.
        case goBack
        /// The terminal is gone.
        case nobody
        /// Somebody else decided, or the time is over.
        case over
    }

    /// Asks until there is an answer; `left` says how many seconds there are, nil if it is over.
    func wait(left: () throws -> Int64?) throws -> Answer {
        // What was typed before the question is no answer to it.
        tcflush(0, TCIFLUSH)
        defer { Console.status("") }
        while true {
            guard let seconds = try left() else { return .over }
            Console.status("goes back in \(seconds) s: Enter keeps it, Ctrl-C goes back now ")
            var terminal = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            let ready = poll(&terminal, 1, 1000)
            // A signal ends the wait, whose handler only notes it.
            if NotedSignal.name != nil { return .goBack }
            if ready > 0, let answer = read() { return answer }
        }
    }

    /// nil for a line that says nothing.
    private func read() -> Answer? {
        var line = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(0, &line, line.count)
        if count == 0 || count < 0 && errno != EINTR && errno != EAGAIN { return .nobody }
        let word = String(decoding: line.prefix(max(0, count)), as: UTF8.self).filter { !$0.isNewline }
        return count > 0 && ["", "y", "yes"].contains(word.lowercased()) ? .keep : nil
    }
}
