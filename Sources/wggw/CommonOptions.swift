import ArgumentParser
import Gateway
import Glibc
import LinuxNet
import NetTypes
import SiteModel
import Storage
import System

/// Options of every command.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .customLong("state-dir"),
        help: ArgumentHelp(
            "Where wggw keeps revisions and keys (default: $WGGW_STATE_DIR, or \(StateDirectory.standardPath)).",
            valueName: "directory"))
    var stateDirectory: String?

    @Flag(name: .shortAndLong, help: "Print data and errors only.")
    var quiet = false

    /// The state directory that was asked for.
    var directory: StateDirectory {
        let environment = getenv("WGGW_STATE_DIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        return StateDirectory(stateDirectory ?? environment ?? StateDirectory.standardPath)
    }

    /// Hints and progress, on standard error unless `--quiet`.
    func note(_ text: Line) { if !quiet { Console.error(text) } }

    /// Several of them.
    func notes(_ notices: [Notice]) { for line in notices.flatMap(\.lines) { note("\(line.text)") } }

    /// What there is to work with, without changing anything. Throws where there is no site yet.
    func reader(
        _ command: String, stop: StopRequest = .signals, box: LinuxBox = LinuxBox(), aside: Aside = .reads
    ) throws -> ControlPlane {
        guard directory.hasDatabase else {
            // Root's directory hides from others whether there is one.
            if errno == EACCES { throw NotRoot(command: command) }
            throw GatewayError.noSite
        }
        return try open(command, stop: stop, box: box, aside: aside)
    }

    /// The same for a service, again and again: all of them hold the firewall's table together, for as long as the process lives. And
    /// what to do at once where that is gone, unless another wggw is at it.
    func service(
        holdsFirewall: Bool
    ) -> (open: (_ isFull: Bool) throws -> ControlPlane, pauseForwarding: () -> Bool) {
        let common = self
        let hold = holdsFirewall ? FirewallHold() : nil
        let directory = directory
        let isOthers = { @Sendable in !directory.isTakenByAnother }
        let pause = ForwardingPause()
        // Without, the service hears of it, unless it is just looking.
        try? pause.follow(isOthers: isOthers)
        let memory = PeerMemory()
        let open = { (isFull: Bool) in
            // Who is not found by then is found between two looks.
            let box = LinuxBox(hold: hold, pause: pause, memory: memory, nameWait: .milliseconds(300))
            return try common.reader("watch", box: box, aside: isFull ? .always : .records)
        }
        return (open, { isOthers() && pause.begin() })
    }

    /// The same, for a command that changes something: ends first what an earlier wggw left unfinished. Only `init` and
    /// those that take a profile may be the first.
    func writer(_ command: String, mayBeFirst: Bool = false) throws -> ControlPlane {
        let control = mayBeFirst ? try open(command) : try reader(command)
        if isAdministrator { notes(try undisturbed { try control.repair() }) }
        return control
    }

    /// What taking an installation would come to. Makes no state directory.
    func preview(_ installation: Installation, lan: LAN?) throws -> (profile: String, notices: [Notice]) {
        let control = directory.hasDatabase ? try reader("import") : nil
        let previous = try control.flatMap { try $0.history(limit: 1).isEmpty ? nil : $0.newest().site }
        return try previewOfTaking(installation, lan: lan, previous: previous, box: LinuxBox())
    }

    private func open(
        _ command: String, stop: StopRequest = .signals, box: LinuxBox = LinuxBox(), aside: Aside = .reads
    ) throws -> ControlPlane {
        let directory = directory
        let store = try store(command, aside)
        let equipment = Equipment(
            revisions: store.revisions, records: store.records, box: box, terrain: box, prober: box,
            startGuard: { try startGuardProcess(directory, $0) })
        return ControlPlane(equipment, for: Request(who: currentUserName(), command: "wggw \(command)", stop: stop))
    }

    /// What the state directory holds.
    func store(_ command: String, _ aside: Aside = .reads) throws -> Store {
        let credentials = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
        do { return try Store(directory, aside: aside, credentialsDirectory: credentials) } catch {
            if case .file = error, geteuid() != 0, stateDirectory == nil { throw NotRoot(command: command) }
            throw error
        }
    }
}

/// `-m`, of every command that makes a revision.
struct MessageOption: ParsableArguments {
    @Option(name: [.short, .long], help: ArgumentHelp("Why, for the history.", valueName: "text"))
    var message: String?
}

/// `--json`.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON.")
    var isOn = false
}

/// What a draft says of itself, and how it goes on.
func report(_ draft: Draft, _ options: CommonOptions) {
    options.notes(draft.notices)
    let revision = draft.stored.revision
    options.note(draft.isNew ? "drafted revision \(revision.id)" : "nothing differs from revision \(revision.id)")
}

/// A transform for options whose value says itself what is wrong with it.
func parsed<Value>(_ parse: @escaping @Sendable (String) throws(ParseError) -> Value)
    -> @Sendable (String) throws -> Value
{
    { text in
        do { return try parse(text) } catch { throw ValidationError("\(error)") }
    }
}

extension StopRequest {
    /// From whoever started this process.
    static let signals = StopRequest(signal: { NotedSignal.name }, disregard: NotedSignal.disregard)
}
