import Testing

@testable import Service

/// When the box is looked at, in seconds.
@Suite struct LookScheduleTests {
    private var schedule = LookSchedule()

    private static func ms(_ milliseconds: Int) -> Duration { .milliseconds(milliseconds) }

    /// A schedule after a first look at which all was well.
    private static func begun() -> LookSchedule {
        var schedule = LookSchedule()
        _ = schedule.noteLook(.well, at: .zero)
        return schedule
    }

    @Test func theFirstLookIsDueAtOnceAndTheNextOneWithNews() {
        #expect(LookSchedule().nextLook == .zero)
        var schedule = Self.begun()
        #expect(schedule.nextLook == LookSchedule.mostQuiet)
        schedule.noteNews(at: Self.ms(5000))
        #expect(schedule.nextLook == Self.ms(5030))
        _ = schedule.noteLook(.putBack(["x"]), at: Self.ms(5030))
        #expect(schedule.nextLook == Self.ms(5030) + LookSchedule.mostQuiet)
    }

    /// No kernel tells of WireGuard's peers; and where nothing is applied there are none.
    @Test func onceAMinuteItLooksUnasked() {
        var schedule = Self.begun()
        #expect(schedule.nextLook == .seconds(60))
        _ = schedule.noteLook(.well, at: .seconds(60))
        #expect(schedule.nextLook == .seconds(120))
        _ = schedule.noteLook(.absent, at: .seconds(120))
        #expect(schedule.nextLook == nil)
    }

    @Test func newsComeToRestButNotForEver() {
        var schedule = Self.begun()
        for moment in stride(from: 1000, through: 1160, by: 20) { schedule.noteNews(at: Self.ms(moment)) }
        #expect(schedule.nextLook == Self.ms(1190))
        schedule.noteNews(at: Self.ms(1180))
        #expect(schedule.nextLook == Self.ms(1200))
    }

    @Test func aLossWaitsForNothing() {
        var schedule = Self.begun()
        schedule.noteLoss(at: Self.ms(1000))
        #expect(schedule.nextLook == Self.ms(1000))
        _ = schedule.noteLook(.putBack(["x"]), at: Self.ms(1100))
        #expect(schedule.nextLook == Self.ms(1100) + LookSchedule.mostQuiet)
    }

    @Test func whatFailsIsTriedAgainLessAndLessOften() {
        var schedule = LookSchedule()
        var moment = Duration.zero
        var pauses: [Duration] = []
        for _ in 1...8 {
            pauses.append(schedule.noteLook(.failed, at: moment) ?? .zero)
            #expect(schedule.nextLook == moment + pauses.last!)
            moment = schedule.nextLook!
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        // A success ends that.
        _ = schedule.noteLook(.well, at: moment)
        #expect(schedule.nextLook == moment + LookSchedule.mostQuiet)
        #expect(schedule.noteLook(.failed, at: moment) == .seconds(1))
    }

    /// What a failing apply does and takes back is news: no reason to fail again at once, for ever.
    @Test func newsOfItsOwnFailuresAreNoHurry() {
        var schedule = Self.begun()
        var (moment, looks) = (Duration.seconds(10), 0)
        schedule.noteNews(at: moment)
        while let next = schedule.nextLook, next < .seconds(130) {
            moment = max(moment, next)
            looks += 1
            _ = schedule.noteLook(.failed, at: moment)
            schedule.noteNews(at: moment)
        }
        #expect(looks <= 3 + 120 / 4)
        // What others change in a long pause is looked at.
        schedule.noteNews(at: moment + .seconds(5))
        #expect(schedule.nextLook! <= moment + .milliseconds(5030))
    }

    /// Sets the box back 100 ms after each repair. Returns when it was put back, in tenths of a second, and how long the rests were.
    private static func fight(_ schedule: inout LookSchedule, from start: Int, to end: Int) -> ([Int], [Int64]) {
        var (repairs, rests): ([Int], [Int64]) = ([], [])
        var moment = Self.ms(start * 100)
        schedule.noteNews(at: moment)
        while let next = schedule.nextLook, next < Self.ms(end * 100) {
            moment = max(moment, next)
            let mayPutBack = schedule.mayPutBack(at: moment)
            if mayPutBack { repairs.append(Int(moment / Self.ms(100))) }
            if let rest = schedule.noteLook(mayPutBack ? .putBack(["x", "y"]) : .differs, at: moment) {
                rests.append(rest.components.seconds)
            }
            if mayPutBack { schedule.noteNews(at: moment + Self.ms(100)) }
        }
        return (repairs, rests)
    }

    @Test func againstARivalItGivesUpForLongerAndLonger() {
        var schedule = Self.begun()
        let (repairs, rests) = Self.fight(&schedule, from: 10, to: 36_000)
        #expect(repairs.prefix(3) == [10, 11, 12])
        #expect(rests.prefix(9) == [10, 20, 40, 80, 160, 320, 600, 600, 600])
        // Two rounds a rest, so that one alone is not taken for the rival.
        #expect(repairs.count < 3 + 2 * (rests.count + 1))
        #expect(repairs.dropFirst(3).first == 112)
    }

    @Test func whoeverStopsIsNoRivalAnyMore() {
        var schedule = Self.begun()
        #expect(Self.fight(&schedule, from: 10, to: 50).1 == [10])
        // The rest is over, and nothing more happened for long.
        while let next = schedule.nextLook, next < .seconds(90) { _ = schedule.noteLook(.well, at: next) }
        let (repairs, rests) = Self.fight(&schedule, from: 1000, to: 1050)
        #expect(repairs.count == 3 && rests == [10])
    }

    @Test func aFewRepairsNowAndThenAreNoFight() {
        var schedule = Self.begun()
        for second in stride(from: 10, to: 1000, by: 5) {
            #expect(schedule.noteLook(.putBack(["x"]), at: .seconds(second)) == nil, "\(second) s")
        }
    }

    @Test func whoeverChangesManyThingsIsNoRival() {
        var schedule = Self.begun()
        for number in 1...100 {
            #expect(schedule.noteLook(.putBack(["\(number)", "x"]), at: Self.ms(700 * number)) == nil, "\(number)")
        }
        // Not without end.
        let rests = (1...100).compactMap { schedule.noteLook(.putBack(["\(-$0)"]), at: Self.ms(70_000 + 100 * $0)) }
        #expect(rests.first == .seconds(10))
    }
}
