import BoxModel
import BoxTwin
import Glibc
import NetTypes
import SiteModel
import SiteSamples
import Storage
import Synchronization

@testable import Gateway

/// A state directory of its own, deleted with it.
final class TemporaryState {
    let path: String

    init() {
        var template = Array("/tmp/wggw-gateway-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["wggw.db", "wggw.db-wal", "wggw.db-shm", "key", "lock"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

/// A gateway on a simulated box, with a clock that stands still until it is told otherwise.
final class Workbench {
    private let state = TemporaryState()
    var path: String { state.path }
    let box: SimulatedBox
    let time = Time()
    /// Confirmations that a guard was started for.
    let guarded = Mutex<[PendingConfirmation]>([])
    private let counter = Counter()

    final class Time: Sendable {
        let now = Mutex<Int64>(1_000)
        /// nil: it cannot be told.
        let boot = Mutex<String?>("boot-1")
    }

    final class Counter: Sendable {
        let value = Mutex<UInt8>(0)
    }

    init(_ facts: BoxFacts = .office) {
        box = SimulatedBox(.office, facts: facts)
    }

    var directory: StateDirectory { StateDirectory(path) }

    /// Another wggw process on the same box and state. It may have to wait for a lock that nobody holds: a process that
    /// another test is just spawning has it open until it runs its program.
    func control(
        _ box: (any Box)? = nil, command: String = "wggw test", lockWait: Int = 10_000, stop: StopRequest = .none
    ) throws -> ControlPlane {
        let (time, counter) = (time, counter)
        let clock = Clock(
            now: { time.now.withLock { 1_700_000_000 + $0 } }, sinceBoot: { time.now.withLock { $0 } },
            bootID: { () throws(GatewayError) in
                guard let id = time.boot.withLock({ $0 }) else { throw .refused("no descriptor is free") }
                return id
            })
        return ControlPlane(
            store: try Store(directory), box: box ?? self.box, terrain: DrawnTerrain(), prober: DrawnProber(),
            clock: clock,
            random: { bytes in
                let seed = counter.value.withLock { value in
                    value &+= 1
                    return value
                }
                for i in bytes.indices { bytes[i] = seed &+ UInt8(i) }
            }, who: "amy", command: command, lockWaitMilliseconds: lockWait, stop: stop,
            startGuard: { [self] pending in guarded.withLock { $0.append(pending) } })
    }

    func pass(_ seconds: Int64) { time.now.withLock { $0 += seconds } }

    func reboot() {
        time.boot.withLock { $0? += "+" }
        time.now.withLock { $0 = 10 }
        box.everything = .office
    }

    /// A site with these peers, drafted.
    @discardableResult func draft(_ peers: [String] = ["laptop"], _ options: InitOptions = .office) throws
        -> ControlPlane
    {
        let control = try control()
        _ = try control.initialize(options, why: nil)
        for peer in peers { _ = try control.addPeer(peer, PeerOptions(), why: nil) }
        return control
    }
}

extension InitOptions {
    static var office: InitOptions {
        var options = InitOptions()
        options.lan = [IPPrefix("192.168.1.0/24")!]
        options.endpoint = "itzxa.com"
        return options
    }
}

extension BoxFacts {
    static let office = BoxFacts(
        interfaces: [.init(name: "eth0", mtu: 1500, addresses: [InterfaceAddress("192.168.1.127/24")!])],
        ways: [BoxNetworks.Way(.everyV4, by: "eth0")], routes: [IPPrefix("0.0.0.0/0")!, IPPrefix("192.168.1.0/24")!])
}

extension ObservedState {
    static let office = ObservedState(
        sysctls: [
            "net/ipv4/ip_forward": 0, "net/ipv6/conf/all/forwarding": 0, "net/ipv4/conf/all/rp_filter": 0,
            "net/ipv4/conf/default/rp_filter": 0, "net/ipv4/conf/eth0/rp_filter": 0, "net/ipv6/conf/eth0/accept_ra": 1,
            "net/ipv4/conf/eth0/proxy_arp": 0, "net/ipv6/conf/eth0/proxy_ndp": 0,
            // As somebody left them: the kernel moves them with the two above.
            "net/ipv4/conf/all/accept_redirects": 0, "net/ipv4/conf/default/forwarding": 1,
            "net/ipv4/conf/eth0/forwarding": 0, "net/ipv4/conf/eth9/forwarding": 1,
            "net/ipv6/conf/default/forwarding": 0, "net/ipv6/conf/eth0/forwarding": 0,
            "net/ipv6/conf/eth9/forwarding": 1,
        ])
}

/// A command that is told to stop once its box has carried out so many changes.
final class Told: Sendable {
    let isDisregarded = Mutex(false)
    private let box: SimulatedBox
    private let after: Int

    init(_ box: SimulatedBox, after: Int) {
        self.box = box
        self.after = after
    }

    var stop: StopRequest {
        StopRequest(
            signal: { self.box.performed.count >= self.after ? "SIGINT" : nil },
            disregard: { self.isDisregarded.withLock { $0 = true } })
    }
}

/// A box on which the process dies at one change: everything from there on does not happen.
final class DyingBox: Box {
    struct Death: Error {}

    private let box: SimulatedBox
    private let at: Int
    private var count = 0

    init(_ box: SimulatedBox, at: Int) {
        self.box = box
        self.at = at
    }

    var isDead: Bool { count > at }

    func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        if isDead { throw BoxError("dead", cause: "the process was killed") }
        return try box.observe(scope)
    }

    func facts() throws(BoxError) -> BoxFacts { try box.facts() }
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks { try box.networks(reaching: reaching) }
    func addresses(of name: String) throws(BoxError) -> [IPAddress] { try box.addresses(of: name) }

    func perform(_ change: Change) throws(BoxError) {
        count += 1
        if isDead { throw BoxError("dead", cause: "the process was killed") }
        try box.perform(change)
    }
}
