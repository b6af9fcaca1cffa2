internal import Compiler
internal import LinuxNet
public import NetTypes
internal import SiteModel
internal import Storage

/// One thing that `log` has to tell.
public enum LogEntry: Hashable, Sendable {
    /// Something happened; the name of the peer that it is about, if the site knows it.
    case event(TunnelEvent, name: String?)
    /// So many events are lost, because they came faster than they were read; nil: nobody counted.
    case missed(Int?)
}

extension ControlPlane {
    /// Tells what WireGuard says of the applied site's interface, with the peers' names, until SIGINT, SIGTERM or SIGHUP, until
    /// nobody reads standard output any more, or until the datapath ends.
    ///
    /// `only`: names of peers; empty is everybody and everything. `remembered`: also what happened before, as far as the
    /// datapath or the kernel's log remembers it. `follows`: also what is to come.
    public func followLog(
        only: [String], remembered: Bool, follows: Bool, _ tell: (LogEntry) -> Void
    ) throws(GatewayError) {
        try wrapping {
            guard let id = try store.box().applied else {
                throw GatewayError.refused("nothing of wggw's is on the box; see `wggw apply`")
            }
            let site = try store.revision(id).site
            let interface = site.tunnel.interface
            if let stranger = only.first(where: { name in !site.peers.contains { $0.name == name } }) {
                throw GatewayError.noSuchPeer(stranger, known: site.peers.map(\.name))
            }
            guard let backend = try box.observe(Scope(interface: interface)).link?.backend else {
                throw GatewayError.refused("\(interface) is not up; `wggw up` brings it back")
            }
            var names = PeerNames(revision: id, site: site)
            try TunnelLog(interface: interface, backend: backend).read(remembered: remembered, follows: follows) {
                switch $0 {
                case .missed(let count): tell(.missed(count))
                case .event(let event):
                    let name = event.peer.flatMap { key in names.name(of: key, store) }
                    if only.isEmpty || name.map(only.contains) == true { tell(.event(event, name: name)) }
                }
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

    mutating func name(of key: PublicKey, _ store: Store) -> String? {
        // What cannot be read now only lacks a name.
        if names[key] == nil, let id = try? store.newestID(), id != revision, let site = try? store.revision(id).site {
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
