public import BoxModel
public import Compiler
public import NetTypes
public import SiteModel

/// What there is to say of an apply besides: what was ended before it, and what it could not do.
public indirect enum ApplyNotice: Equatable, Sendable {
    /// A teardown by this command had been cut short, and was finished.
    case finished(command: String)
    /// An apply by this command had been cut short, and was taken back.
    case tookBack(command: String, revision: Int?, to: Int?)
    /// An apply was not confirmed in time.
    case wentBack(revision: Int?, to: Int?)
    /// An apply that waited for its confirmation was taken back, since somebody wanted that.
    case withdrew(revision: Int?, to: Int?)
    /// A rollback came to where nothing had been before.
    case wentOff
    /// A rollback made a revision out of an old one.
    case isAgain(revision: Int, Int)
    /// A peer's endpoint cannot be looked up, and all else is set.
    case unresolved(BoxError)
    /// Connections cannot be ended.
    case staysOpen(ConnectionCut, BoxError)
    /// What the site needs and the box does not have.
    case absent(Absence)
    /// What the endpoint's name stands for cannot be told; full tunnel goes on leaving out these addresses.
    case unknownEndpoint(BoxError, known: [IPAddress])
    /// The box forwards others' packets from now on.
    case forwardsOthers(isV6: Bool)
    /// This state directory takes no writes, and the box is kept all the same.
    case aside(String)
    /// Networks of this box's containers and virtual machines, at these bridges, whose packets are dropped with all that is not the
    /// tunnel's.
    case dropsGuests([String], isV6: Bool)
    /// These need forwarding, which was off before wggw came, and stays on.
    case keepsForwarding([String], isV6: Bool)
    /// The box has no IPv6, or its tunnel's interface has none.
    case noIPv6(String)
    /// The box's address in the LAN, which the tunnel shares, is another one than the profile says.
    case ownAddress(Surroundings.Own)
    /// A program of the box has a UDP port that the tunnel is dialled at.
    case takesPort(UInt16)

    /// One line, with what helps.
    public var prose: Prose {
        switch self {
        case .finished(let command): "`\(command)` was cut short: finished it"
        case .tookBack(let command, let revision, let old):
            "`\(command)`\(revision.map { " of revision \($0)" } ?? "") was cut short: took the box back to \(name(of: old))"
        case .wentBack(let revision, let old):
            "\(subject(of: revision)) was not confirmed in time: went back to \(name(of: old))"
        case .withdrew(let revision?, let old): "took the unconfirmed revision \(revision) back, to \(name(of: old))"
        case .withdrew(nil, let old): "took the unconfirmed teardown back, to \(name(of: old))"
        case .wentOff: "nothing was applied before: took wggw off the box; \(.restore) brings it back"
        case .isAgain(let revision, let old): "revision \(revision) is revision \(old) again"
        case .unresolved(let error): "warning: \(error.prose)"
        case .staysOpen(let cut, let error):
            "warning: \(error.prose); what is open stays open until it ends by itself: \(cut.summary)"
        case .absent(let absence): "warning: \(absence.prose)"
        case .unknownEndpoint(let error, let known) where known.isEmpty:
            """
            warning: \(error.prose), the endpoint of this site; \
            until an apply knows its address, full tunnel leads there as well
            """
        case .unknownEndpoint(let error, let known):
            """
            warning: \(error.prose), the endpoint of this site; \
            full tunnel goes on leaving out \(known.map(\.description).joined(separator: ", ")), as it did
            """
        case .aside(let directory):
            """
            warning: \(directory) takes no writes, its disk is full or read-only; the box is kept all the same, and what is noted \
            of it meanwhile is gone at the next boot
            """
        case .dropsGuests(let bridges, let isV6):
            """
            note: \(isV6 ? "IPv6" : "IPv4") of \(bridges.joined(separator: ", ")) is not forwarded, with all that is not the tunnel's \
            (site.other-forwarding); if containers or virtual machines there need it: \(.site(.otherForwarding))
            """
        case .keepsForwarding(let bridges, let isV6):
            """
            note: \(isV6 ? "IPv6" : "IPv4") forwarding stays on, which was off before: \(bridges.joined(separator: ", ")) may need it
            """
        case .noIPv6(let interface):
            """
            note: IPv6 is switched off for \(interface), or this kernel has none: the tunnel's IPv6 is left out until there is \
            (net.ipv6.conf.default.disable_ipv6)
            """
        case .ownAddress(let own):
            """
            note: tunnel.addresses says \(own.written), and the box's address in the LAN is \(own.now) now: \
            the tunnel has that one as well
            """
        case .takesPort(let port):
            """
            warning: a program of this box has UDP port \(port) (`ss -ulpn sport = :\(port)` names it): what comes to it from outside \
            goes to the tunnel now, and what comes from the LAN still to that program; if that is not meant, take \(port) out of \
            tunnel.listen-ports
            """
        case .forwardsOthers(let isV6):
            """
            note: this box forwards other \(isV6 ? "IPv6" : "IPv4") traffic from now on, which it did not before: \
            site.other-forwarding says "allow"; write "drop" if only the tunnel's is meant
            """
        }
    }
}

/// What the site needs and the box does not have: nothing that it is needed for works.
public indirect enum Absence: Hashable, Sendable {
    /// An interface that the profile names in this member; these are there.
    case interface(member: String, String, known: [String])
    /// A network of the LAN's.
    case network(FoundRoles.Missing, known: [String])
    /// A default route.
    case wayOut

    var prose: Prose {
        switch self {
        case .interface(let member, let name, let known):
            """
            \(member): there is no \(name) on this box (\(thoseThere(known))); \
            nothing comes or goes there until there is
            """
        case .network(let missing, let known) where missing.candidates.isEmpty:
            "\(missing.text) (\(thoseThere(known))); peers do not reach it until one does"
        case .network(let missing, _): "\(missing.text); name the one that is meant in lan.interface"
        case .wayOut: "this box has no default route; peers with full tunnel do not get out until it has one"
        }
    }
}
