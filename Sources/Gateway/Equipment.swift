public import BoxModel
public import Storage

/// What requests are served with: one per process, for all of them.
public struct Equipment {
    /// The site's.
    let revisions: any Revisions
    /// The box's.
    let records: BoxRecords
    let box: any Box
    /// What the same box says of packets' ways.
    let terrain: any Terrain
    /// Sends what somebody asked for.
    let prober: any Prober
    let clock: Clock
    let random: RandomSource
    /// Starts the process that takes an unconfirmed apply back.
    let startGuard: (PendingConfirmation) throws -> Void

    /// Puts it together; nothing is opened or touched by that.
    public init(
        revisions: any Revisions, records: BoxRecords, box: any Box, terrain: any Terrain, prober: any Prober,
        clock: Clock = .system, random: @escaping RandomSource = systemRandom,
        startGuard: @escaping (PendingConfirmation) throws -> Void
    ) {
        self.revisions = revisions
        self.records = records
        self.box = box
        self.terrain = terrain
        self.prober = prober
        self.clock = clock
        self.random = random
        self.startGuard = startGuard
    }
}

/// Somebody's wish: who has it, and how it is called.
public struct Request: Sendable {
    /// Whom revisions are made by: a user's name.
    public var who: String
    /// What the lock and the journal call it: `wggw apply`.
    public var command: String
    /// How long to wait for others who change something.
    public var lockWaitMilliseconds = 30_000
    /// Whether it was told to stop.
    public var stop: StopRequest

    /// Makes one.
    public init(who: String, command: String, stop: StopRequest = .none) {
        self.who = who
        self.command = command
        self.stop = stop
    }
}
