/// When the next look at the box is due, and whether it may change anything.
///
/// After news, once they have come to rest. After a look that failed or left something undone, again and again, less and less
/// often. Whoever sets the same back each time is a rival: after three rounds within ten seconds the gateway gives up for a while,
/// longer each time, since two programs that fight help nobody.
///
/// A moment is the time since any fixed one.
public struct LookSchedule {
    /// So long nothing is new before a look: what somebody does is mostly several changes.
    static let quiet = Duration.milliseconds(30)
    /// After so long there is a look, new or not.
    static let mostNews = Duration.milliseconds(200)
    /// Rounds that are taken for chance, and the time that they are counted in.
    static let rounds = 3
    static let window = Duration.seconds(10)
    /// Repairs in that time, whatever of, that are too many.
    static let most = 20
    /// After so long it looks unasked: no kernel tells of WireGuard's peers.
    static let mostQuiet = Duration.seconds(60)
    /// The first rest, and the longest.
    static let rests = (first: Duration.seconds(10), last: Duration.seconds(600))
    /// The first pause after a failure, and the longest.
    static let pauses = (first: Duration.seconds(1), last: Duration.seconds(60))
    /// News end a pause that is longer than this, and no other: an apply that fails and is taken back is news itself.
    static let leastPause = Duration.seconds(4)

    /// What a look came to.
    public enum Outcome: Equatable, Sendable {
        /// Nothing of wggw's is meant to be there.
        case absent
        /// As it should be.
        case well
        /// It was not, and is; what was carried out, in lines that are the same where it is told alike.
        case putBack([String])
        /// It is not, and nothing was done about it.
        case differs
        /// It could not be brought there, or not all of it.
        case failed
    }

    private var firstNews: Duration?
    private var lastNews: Duration?
    private var pause: Duration?
    private var nextTry: Duration?
    private var earliest: Duration?
    /// When it looks unasked; nil where there is nothing to look at.
    private var unasked: Duration?
    private var repairs: [(at: Duration, what: Set<String>)] = []
    private var rest: Duration?
    private var restsUntil: Duration?

    /// With a first look that is due at once.
    public init() { nextTry = .zero }

    /// Something on the box is new.
    public mutating func noteNews(at moment: Duration) {
        firstNews = firstNews ?? moment
        lastNews = moment
    }

    /// Something is gone that nobody can wait for to come to rest.
    public mutating func noteLoss(at moment: Duration) {
        noteNews(at: moment)
        nextTry = moment
    }

    /// When to look; nil: not before there are news.
    public var nextLook: Duration? {
        let news = lastNews.map { max(min($0 + Self.quiet, firstNews! + Self.mostNews), earliest ?? .zero) }
        return [news, nextTry, unasked].compactMap { $0 }.min()
    }

    /// Whether a look may change the box.
    public func mayPutBack(at moment: Duration) -> Bool { restsUntil.map { moment >= $0 } ?? true }

    /// After a look, at `moment`. Returns for how long nothing is put back from then on: the pause until the next try, or the rest
    /// if the gateway gave up by this; nil if it just goes on.
    public mutating func noteLook(_ outcome: Outcome, at moment: Duration) -> Duration? {
        (firstNews, lastNews, nextTry, earliest) = (nil, nil, nil, nil)
        unasked = outcome == .absent ? nil : moment + Self.mostQuiet
        guard outcome != .failed else {
            let next = pause.map { min($0 * 2, Self.pauses.last) } ?? Self.pauses.first
            (pause, nextTry, earliest) = (next, moment + next, moment + min(next, Self.leastPause))
            return next
        }
        pause = nil
        // What was left as it is is looked at again when the rest is over.
        if outcome == .differs { nextTry = restsUntil }
        guard case .putBack(let lines) = outcome else { return nil }
        return noteRepair(of: Set(lines), at: moment)
    }

    private mutating func noteRepair(of what: Set<String>, at moment: Duration) -> Duration? {
        if let rest, let last = repairs.last?.at, moment - last > max(Self.window, rest * 2) { self.rest = nil }
        repairs = repairs.filter { moment - $0.at < Self.window } + [(moment, what)]
        let rounds = repairs.count { $0.what == what }
        guard rounds >= (rest == nil ? Self.rounds : 2) || repairs.count >= Self.most else { return nil }
        rest = rest.map { min($0 * 2, Self.rests.last) } ?? Self.rests.first
        restsUntil = moment + rest!
        return rest
    }
}
