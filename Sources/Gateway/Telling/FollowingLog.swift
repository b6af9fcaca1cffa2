public import BoxModel
internal import Compiler
public import Explaining
internal import LinuxNet
public import NetTypes
internal import SiteModel
internal import Storage

/// One thing that `log` has to tell.
public enum LogEntry: Equatable, Sendable {
    /// Something happened; the name of the peer that it is about, if the site knows it.
    case event(TunnelEvent, name: String?)
    /// So many events are lost, because they came faster than they were read; nil: nobody counted.
    case missed(Int?)
    /// The firewall refused a packet.
    case denied(Denial)
    /// What WireGuard itself drops cannot be told, for this reason.
    case deaf(BoxError)
}

/// What a log is about: the applied revision, and who carries its packets.
struct LogSubject {
    let stored: StoredSite
    let backend: Backend

    var site: Site { stored.site }
}

extension ControlPlane {
    /// Tells what WireGuard says of the applied site's interface, with the peers' names, until SIGINT, SIGTERM or SIGHUP, until
    /// nobody reads any more what is told, or until the datapath ends.
    ///
    /// `only`: names of peers; empty is everybody and everything. `remembered`: also what happened before, as far as the
    /// datapath or the kernel's log remembers it. `follows`: also what is to come. `reader`: the descriptor that it is told to.
    public func followLog(
        only: [String], remembered: Bool, follows: Bool, reader: Int32, _ tell: (LogEntry) -> Void
    ) throws(GatewayError) {
        try wrapping {
            try tellEvents(
                of: logSubject(only: only), only: only, remembered: remembered, follows: follows, reader: reader, tell)
        }
    }

    /// What a log is about. Throws where nothing is on the box, and for a name in `only` that no peer has.
    func logSubject(only: [String]) throws -> LogSubject {
        guard let id = try records.current().applied else {
            throw LogError.nothingOnBox
        }
        let stored = try revisions.revision(id)
        let interface = stored.site.tunnel.interface
        if let stranger = only.first(where: { name in !stored.site.peers.contains { $0.name == name } }) {
            throw GatewayError.noSuchPeer(stranger, known: stored.site.peers.map(\.name))
        }
        guard let backend = try box.observe(Scope(interface: interface)).link?.backend else {
            throw LogError.notUp(interface: interface)
        }
        return LogSubject(stored: stored, backend: backend)
    }

    func tellEvents(
        of subject: LogSubject, only: [String], remembered: Bool, follows: Bool,
        beside other: Int32? = nil, reading readOther: () -> Void = {}, reader: Int32,
        _ tell: (LogEntry) -> Void
    ) throws {
        var names = PeerNames(revision: subject.stored.revision.id, site: subject.site)
        let log = TunnelLog(interface: subject.site.tunnel.interface, backend: subject.backend)
        try log.read(remembered: remembered, follows: follows, beside: other, reading: readOther, reader: reader) {
            switch $0 {
            case .missed(let count): tell(.missed(count))
            case .deaf(let error): tell(.deaf(error))
            case .event(let event):
                let name = event.peer.flatMap { key in names.name(of: key, revisions) }
                if only.isEmpty || name.map(only.contains) == true { tell(.event(event, name: name)) }
            }
        }
    }

    /// Ends when `input` does; for the process that `followLog` starts with the kernel's WireGuard.
    public static func holdKernelLog(until input: Int32) throws(GatewayError) {
        try wrapping { try KernelLogSwitch.hold(until: input) }
    }
}

/// The names of the applied revision's peers. For a key that it does not know it looks at the newest one: that may be on its
/// way onto the box.
private struct PeerNames {
    /// The last one that was looked at.
    private var revision: Int
    private var names: [PublicKey: String]

    init(revision: Int, site: Site) {
        self.revision = revision
        names = Self.names(of: site)
    }

    mutating func name(of key: PublicKey, _ revisions: any Revisions) -> String? {
        // What cannot be read now only lacks a name.
        if names[key] == nil, let id = try? revisions.newestID(), id != revision,
            let site = try? revisions.revision(id).site
        {
            revision = id
            // A peer that was removed is still named in what it says last.
            names.merge(Self.names(of: site)) { _, new in new }
        }
        return names[key]
    }

    private static func names(of site: Site) -> [PublicKey: String] {
        Dictionary(
            site.peers.compactMap { peer in peer.publicKey.map { ($0, peer.name) } },
            uniquingKeysWith: { _, new in new })
    }
}
