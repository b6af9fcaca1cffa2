package import BoxModel
import Compiler
package import BoxTwin
package import Gateway
import Glibc
import NetTypes
import SiteModel
import SiteSamples
package import Storage
package import Synchronization

/// A state directory of its own, deleted with it.
package final class TemporaryState {
    package let path: String

    package init() {
        var template = Array("/tmp/wggw-gateway-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["wggw.db", "wggw.db-wal", "wggw.db-shm", "key", "lock"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

/// A gateway on a simulated box, with a clock that stands still until it is told otherwise.
package final class Workbench {
    private let state = TemporaryState()
    package var path: String { state.path }
    package let box: SimulatedBox
    package let time = Time()
    /// Confirmations that a guard was started for.
    package let guarded = Mutex<[PendingConfirmation]>([])
    private let counter = Counter()

    package final class Time: Sendable {
        package let now = Mutex<Int64>(1_000)
        /// nil: it cannot be told.
        package let boot = Mutex<String?>("boot-1")
    }

    private final class Counter: Sendable {
        let value = Mutex<UInt8>(0)
    }

    package init(_ facts: BoxFacts = .office) {
        box = SimulatedBox(.office, facts: facts)
    }

    package var directory: StateDirectory { StateDirectory(path) }

    /// What another wggw process has, on the same box and state.
    package func equipment(_ box: (any Box)? = nil) throws -> Equipment {
        let (time, counter) = (time, counter)
        let clock = Clock(
            now: { time.now.withLock { 1_700_000_000 + $0 } }, sinceBoot: { time.now.withLock { $0 } },
            bootID: { () throws(GatewayError) in
                guard let id = time.boot.withLock({ $0 }) else { throw .system(.boot(EMFILE)) }
                return id
            })
        let store = try Store(directory)
        return Equipment(
            revisions: store.revisions, records: store.records, box: box ?? self.box, terrain: DrawnTerrain(),
            prober: DrawnProber(), clock: clock,
            random: { bytes in
                let seed = counter.value.withLock { value in
                    value &+= 1
                    return value
                }
                for i in bytes.indices { bytes[i] = seed &+ UInt8(i) }
            }, startGuard: { [self] pending in guarded.withLock { $0.append(pending) } })
    }

    /// A command of a process of its own. It may have to wait for a lock that nobody holds: a process that another test is just
    /// spawning has it open until it runs its program.
    package func control(
        _ box: (any Box)? = nil, command: String = "wggw test", lockWait: Int = 10_000, stop: StopRequest = .none
    ) throws -> ControlPlane {
        var request = Request(who: "amy", command: command, stop: stop)
        request.lockWaitMilliseconds = lockWait
        return ControlPlane(try equipment(box), for: request)
    }

    package func pass(_ seconds: Int64) { time.now.withLock { $0 += seconds } }

    package func reboot() {
        time.boot.withLock { $0? += "+" }
        time.now.withLock { $0 = 10 }
        box.everything = .office
    }

    /// A site with these peers, drafted.
    @discardableResult package func draft(_ peers: [String] = ["laptop"], _ options: InitOptions = .office) throws
        -> ControlPlane
    {
        let control = try control()
        _ = try control.initialize(options, why: nil)
        for peer in peers { _ = try control.addPeer(peer, PeerOptions(), why: nil) }
        return control
    }
}

extension InitOptions {
    package static var office: InitOptions {
        var options = InitOptions()
        options.lan = [IPPrefix("192.168.1.0/24")!]
        options.endpoint = "itzxa.com"
        return options
    }
}

extension BoxFacts {
    package static let office = BoxFacts(
        interfaces: [.init(name: "eth0", mtu: 1500, addresses: [InterfaceAddress("192.168.1.127/24")!])],
        ways: [BoxNetworks.Way(.everyV4, by: "eth0")], routes: [IPPrefix("0.0.0.0/0")!, IPPrefix("192.168.1.0/24")!])
}

extension ObservedState {
    package static let office = ObservedState(
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

extension Sequence<Notice> {
    /// Their lines, remedies by the names of their cases.
    package var texts: [String] { flatMap(\.lines).map(\.description) }
}

extension ApplyFailure.Outcome {
    /// Whether the box is back at this revision; nil is nothing.
    package func isBack(at revision: Int?) -> Bool {
        switch self {
        case .revertedTo(let id): id == revision
        case .revertedToNothing: revision == nil
        case .stuck: false
        }
    }
}
