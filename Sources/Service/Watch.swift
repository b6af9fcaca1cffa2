internal import CLinux
public import BoxModel
public import Gateway
internal import Glibc
internal import LinuxNet
internal import System
public import SiteModel
import Storage

/// The one thing that runs on: brings the box to what was applied last, and keeps it there whatever others do to it.
///
/// It sleeps until the kernel tells of a change, or until an apply has to go back that nobody confirmed. Each look is a command's
/// work by itself, under the lock and with keys read anew: between two looks it holds none, and commands find nothing in their way.
public struct Watch {
    /// What there is to tell of it.
    public enum Event: Sendable {
        /// It begins to follow the box, which has this revision; nil is nothing of wggw's.
        case began(revision: Int?)
        /// What another wggw left, and what stands in the way, told when it is new.
        case notice(Notice)
        /// What the firewall refuses cannot be kept; told when it is new.
        case keepsNothing(BoxError)
        /// Something on the box was not as the revision says; this was carried out. By whom the box was changed since it was looked
        /// at last, as far as the kernel tells: `nft (pid 4711)`, sorted.
        case putBack(PlanPreview, changers: [String])
        /// The box's networks or routes are others now: this was carried out, and the site meets these.
        case followed(PlanPreview, Surroundings)
        /// Something was not as the revision says, but somebody sets it back each time: it is left as it is. Whoever it is, as above.
        case leftAlone(PlanPreview, changers: [String])
        /// Something is not as the revision says, and stays so, since the site says so; told when it is new. By whom, as above.
        case reported(PlanPreview, changers: [String])
        /// It was put back for the last time for so many seconds.
        case gaveUp(seconds: Int64)
        /// A peer that was not reached is looked for where the name of its endpoint leads now.
        case moved(PeerMove)
        /// A look failed; the next one is in so many seconds. Whoever changed the box meanwhile, as above.
        case failed(GatewayError, changers: [String], seconds: Int64)
    }

    private let records: String
    private let open: (_ isFull: Bool) throws -> ControlPlane
    private let pauseForwarding: () -> Bool
    private let tell: (Event) -> Void
    private let words: (Remedy) -> String
    private var schedule = LookSchedule()
    private var denied = DeniedKeeper()
    private var endpoints = NamedEndpoints()
    private let questions = NameQuestions()
    private var hasBegun = false
    private var told: [Notice] = []
    /// What the last look failed by, in lines.
    private var lastFailure: [Prose]?
    private var isLeftAloneTold = false
    /// What was reported last, in lines: what carries numbers that run on is the same all the same.
    private var reported: [String] = []
    /// Who changed the box since the last look.
    private var changers: Set<String> = []
    /// Seconds of the boot's clock.
    private var deadline: Int64?
    /// The tunnel's, as of the last look; nil is nothing of wggw's.
    private var interface: String?
    /// What the records said then.
    private var record: BoxRecord?

    /// `records` is the state directory. `open` makes what a look works with, and says where its disk is full: packets cannot wait for
    /// room. `pauseForwarding` switches forwarding off if the
    /// firewall's table is gone, until a look has put it back, and says whether it did. `words`: how a remedy is told to the service
    /// manager.
    public init(
        records: String, opening open: @escaping (_ isFull: Bool) throws -> ControlPlane,
        pausingForwarding pauseForwarding: @escaping () -> Bool, words: @escaping (Remedy) -> String,
        _ tell: @escaping (Event) -> Void
    ) {
        self.records = records
        self.words = words
        self.open = open
        self.pauseForwarding = pauseForwarding
        self.tell = tell
    }

    /// Runs until the process is told to end, which leaves the box as it is. Throws where the kernel's news cannot be had.
    public mutating func run() throws(BoxError) {
        heap_borrow_large()
        // Between two looks as well.
        stop_note()
        defer { stop_note_no_more() }
        let manager = ServiceManager()
        let news = try BoxNews()
        let written = FileNews()
        written.add(records, UInt32(IN_MODIFY))
        let tools = ToolNews()
        while true {
            if wait(news.descriptors + [written.descriptor, tools.descriptor, questions.descriptor]) {
                if isRecord(written.read()) { noteRecords() }
                if tools.read() { schedule.noteNews(at: Self.now) }
                if let answers = questions.answers() { move(endpoints.moves(answers, at: Self.now)) }
                if let failure = denied.keep() { tell(.keepsNothing(failure)) }
                let seen = news.read()
                changers.formUnion(seen.changers)
                note(seen.kinds)
            }
            if NotedSignal.name != nil { return }
            guard isDue else { continue }
            let began = hasBegun
            look(news)
            if NotedSignal.name != nil { return }
            if began { manager.status(status) } else { manager.ready(status) }
            heap_give_back()
        }
    }

    private var status: String {
        if let lastFailure {
            return "not as it should be: \(lastFailure.map { $0.told(by: words) }.joined(separator: "\n"))"
        }
        if !reported.isEmpty { return "not as the revision says, and left so" }
        return isLeftAloneTold ? "somebody sets the box back each time" : "follows the box"
    }

    /// On the clock of deadlines: since the boot, sleep included.
    private static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// When to look, whatever may come.
    private var next: Duration? {
        // The clock of deadlines tells whole seconds, and that of the deadline has to pass.
        [schedule.nextLook, deadline.map { .seconds($0 + 1) }].compactMap { $0 }.min()
    }

    private var isDue: Bool { next.map { Self.now >= $0 } ?? false }

    /// Waits for news, a word to end, or until a look is due. Whether there may be news.
    private func wait(_ news: [Int32]) -> Bool {
        var ready = (news + [stop_descriptor(), denied.descriptor]).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        var milliseconds: Int32 = -1
        if let next {
            let left = max(.zero, next - Self.now).components
            milliseconds = Int32(clamping: left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1)
        }
        return poll(&ready, nfds_t(ready.count), milliseconds) > 0
    }

    private mutating func note(_ seen: BoxNews.Kinds) {
        if seen.contains(.tableTaken), interface != nil, pauseForwarding() {
            schedule.noteLoss(at: Self.now)
        } else if seen.contains(.any) {
            schedule.noteNews(at: Self.now)
        }
    }

    /// A draft is no business of the box's.
    private mutating func noteRecords() {
        let record = try? open(false).record()
        if record != self.record { schedule.noteNews(at: Self.now) }
    }

    /// What readers share changes with each of them.
    private func isRecord(_ names: [String?]) -> Bool {
        names.contains { $0.map { $0.hasPrefix("wggw.db") && !$0.hasSuffix("-shm") } ?? true }
    }

    /// Whoever cannot be set now is found again by the next look.
    private func move(_ moves: [PeerMove]) {
        guard !moves.isEmpty else { return }
        for move in (try? undisturbed { try open(false).move(moves) }) ?? [] { tell(.moved(move)) }
    }

    private mutating func look(_ news: BoxNews) {
        let putsBack = schedule.mayPutBack(at: Self.now)
        if putsBack { isLeftAloneTold = false }
        do {
            let kept = try keep(putsBack)
            // Who took the firewall away is told after it is gone, which nobody waits for.
            let seen = news.read()
            defer { note(seen.kinds) }
            (deadline, interface, record) = (kept.deadline, kept.interface, kept.record)
            if let failure = denied.set(kept.keepsDenied) { tell(.keepsNothing(failure)) }
            lastFailure = nil
            questions.ask(endpoints.note(kept.unreached, at: Self.now))
            for notice in kept.notices where !told.contains(notice) { tell(.notice(notice)) }
            told = kept.notices
            noteState(kept, meanwhile: seen.changers)
        } catch {
            // A deadline that has passed is in the records, and comes up again with the next look.
            deadline = nil
            let failure = GatewayError(error)
            let seen = news.read()
            changers.formUnion(seen.changers)
            let pause = schedule.noteLook(.failed, at: Self.now)
            note(seen.kinds)
            if failure.lines != lastFailure {
                tell(.failed(failure, changers: changers.sorted(), seconds: pause?.components.seconds ?? 0))
            }
            lastFailure = failure.lines
        }
    }

    private func keep(_ putsBack: Bool) throws -> Kept {
        func look(isFull: Bool) throws -> Kept {
            try undisturbed { try open(isFull).keep(bringsUp: !hasBegun, putsBack: putsBack) }
        }
        do { return try look(isFull: false) } catch {
            guard case .storage(.file(_, let fault)) = GatewayError(error), fault.isWantOfRoom else { throw error }
            return try look(isFull: true)
        }
    }

    /// `meanwhile`: who changed the box during the look. Where that found nothing, it was over by then, and the next one tells.
    private mutating func noteState(_ kept: Kept, meanwhile: Set<String>) {
        var outcome = LookSchedule.Outcome.well
        let changers = self.changers.union(meanwhile).sorted()
        self.changers = kept.state == .well ? meanwhile : []
        switch kept.state {
        case .absent:
            outcome = .absent
            reported = []
        case .well: reported = []
        case .reported(let plan):
            if plan.lines != reported { tell(.reported(plan, changers: changers)) }
            reported = plan.lines
        case .putBack(let plan):
            // What is done at the start was nobody's doing.
            outcome = hasBegun ? .putBack(plan.lines) : .well
            tell(.putBack(plan, changers: hasBegun ? changers : []))
        case .followed(let plan, let surroundings): tell(.followed(plan, surroundings))
        case .differs(let plan):
            outcome = .differs
            if !isLeftAloneTold { tell(.leftAlone(plan, changers: changers)) }
            isLeftAloneTold = true
        }
        if !hasBegun { tell(.began(revision: kept.revision)) }
        hasBegun = true
        if kept.isUnfinished { outcome = .failed }
        let rest = schedule.noteLook(outcome, at: Self.now)
        if let rest, !kept.isUnfinished { tell(.gaveUp(seconds: rest.components.seconds)) }
    }
}
