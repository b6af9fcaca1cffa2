public import Firewall
public import NetTypes

extension BoxError {
    /// What was tried of the box, as a verb and what it was tried on.
    public struct Operation: Hashable, Sendable {
        /// What was tried.
        public var verb: Verb
        /// On what.
        public var thing: Thing
        /// The part of it that was refused, of several that happen together or not at all.
        public var part: Thing?

        /// Makes an operation.
        public init(_ verb: Verb, _ thing: Thing) {
            self.verb = verb
            self.thing = thing
        }
    }

    /// What is done.
    public enum Verb: String, Sendable {
        case add, ask, bind, configure, create, delete, end, find, follow, hold, keep, list, lock, make, open, read,
            remove
        case rename, replace, run, set, start, update, use
        case answer = "answer for"
        case listen = "listen to"
        case look = "look at"
        case lookUp = "look up"
        case see = "look whether"
        case stopAnswering = "stop answering for"
        case turnOff = "turn off"
        case turnOn = "turn on"
        case wait = "wait for"
        case writeDown = "write down"
    }

    /// What something is done to, each with the names by which it is known.
    public indirect enum Thing: Hashable, Sendable {
        // Interfaces and what they have.
        case interface(String, kind: String? = nil), interfaces
        /// Whether it is switched on.
        case up(String)
        case mtu(of: String, Int)
        case address(InterfaceAddress, of: String), addresses
        case proxyNeighbour(ProxyNeighbour), proxyNeighbours
        /// What becomes of an interface's name, or of a file's.
        case name(String, to: String)
        /// The WireGuard side of an interface.
        case wireGuard(String)
        /// Under /proc/sys; what it is set to.
        case sysctl(String, to: Int? = nil)
        case sysctls(pattern: String)
        // Routing.
        case route(Route), routeTo(IPAddress), routes(of: String? = nil), routingRules, neighbour(IPAddress)
        /// By which way they leave.
        case answers(from: IPAddress)
        // The firewall.
        case firewall, generation, table(String = FirewallTable.tableName), tables, chain(String), chains
        case set(String), sets, elements(of: String), changes(of: String), rules(of: String)
        /// As nft writes it.
        case rule(String, of: String)
        /// The beginning of a transaction.
        case beginning
        /// That packets can be told to a program.
        case logging
        /// What is refused; the file in which it is kept.
        case denied, deniedRecord(String)
        case connection, connections
        // Names.
        case host(String), destination(IPAddress)
        /// Of a peer, by its host's name; on which interface.
        case endpoint(Endpoint, of: PublicKey, on: String)
        // Processes.
        /// Of an interface, and by its number, as far as that is known.
        case datapath(of: String? = nil, process: Int32? = nil)
        /// The process that goes back when nobody confirms.
        case applyGuard
        case signals, events
        /// A command as it is called: `wggw apply`.
        case command(String)
        // What the kernel tells.
        case netlinkSocket, family(String), kernelLog
        /// Everything there.
        case box, boxChanges
        /// WireGuard's in the kernel; the file by which they are switched, where that matters.
        case debugLines(path: String? = nil)
        /// What those are set back to.
        case debugRecord
        case file(String)
    }
}

extension BoxError.Operation: CustomStringConvertible {
    /// `create interface wg0`
    public var description: String {
        let words =
            switch thing {
            case .command(let command): command
            case .address(let address, let interface):
                "\(verb.rawValue) address \(address) \(verb == .add ? "to" : "from") \(interface)"
            case .deniedRecord(let path) where verb == .read: "read what was refused from \(path)"
            default: "\(verb.rawValue) \(thing.words)"
            }
        return words + (part.map { ", \($0.words)" } ?? "")
    }
}

extension BoxError.Thing {
    fileprivate var words: String {
        switch self {
        case .interface(let name, let kind): "interface \(name)\(kind.map { " of kind \($0)" } ?? "")"
        case .interfaces: "interfaces"
        case .up(let interface): "\(interface) up"
        case .mtu(let interface, let bytes): "the MTU of \(interface) to \(bytes)"
        case .address(let address, let interface): "address \(address) of \(interface)"
        case .addresses: "addresses"
        case .proxyNeighbour(let neighbour): "\(neighbour.address) on \(neighbour.interface)"
        case .proxyNeighbours: "proxy neighbours"
        case .name(let name, let new): "\(name) to \(new)"
        case .wireGuard(let interface): interface
        case .sysctl(let key, let value): "sysctl \(key)\(value.map { " to \($0)" } ?? "")"
        case .sysctls(let pattern): "sysctls \(pattern)"
        case .route(let route): "route \(route.destination) through \(route.interface)"
        case .routeTo(let address): "the route to \(address)"
        case .routes(let interface): "routes\(interface.map { " of \($0)" } ?? "")"
        case .routingRules: "rules"
        case .answers(let source): "the way of answers from \(source)"
        case .neighbour(let address): "neighbour \(address)"
        case .firewall: "the firewall"
        case .generation: "the firewall's generation"
        case .table(let name): "table inet \(name)"
        case .tables: "firewall tables"
        case .chain(let name): "chain \(name)"
        case .chains: "firewall chains"
        case .set(let name): "set \(name)"
        case .sets: "the firewall's sets"
        case .elements(let set): "the elements of set \(set)"
        case .changes(let set): "elements of \(set)"
        case .rules(let table): "the rules of table \(table)"
        case .rule(let text, let chain): "rule “\(text)” of chain \(chain)"
        case .beginning: "begin"
        case .logging: "packets can be logged"
        case .denied: "what the firewall refuses"
        case .deniedRecord(let path): "what is refused in \(path)"
        case .connection: "a connection"
        case .connections: "connections"
        case .host(let name): name
        case .destination(let address): "\(address)"
        case .endpoint(let endpoint, let peer, _): "\(endpoint), the endpoint of peer \(peer)"
        case .datapath(let interface, let process):
            "the datapath\(interface.map { " of \($0)" } ?? "")\(process.map { " (process \($0))" } ?? "")"
        case .applyGuard: "the guard that would take the apply back"
        case .signals: "signals"
        case .events: "events"
        case .command(let command): command
        case .netlinkSocket: "a netlink socket"
        case .family(let name): "generic netlink family \(name)"
        case .kernelLog: "the kernel's log (/dev/kmsg)"
        case .box: "the box again"
        case .boxChanges: "what changes on this box"
        case .debugLines(let path): "WireGuard's debug lines\(path.map { " (\($0))" } ?? "")"
        case .debugRecord: "which debug lines were off"
        case .file(let path): path
        }
    }
}
