public import BoxModel
import Firewall
import NetTypes
public import SiteModel

/// What ends because the desired state takes it away; nothing where nothing can be open that is not allowed.
///
/// What was allowed until now is what the records say (`previous`), and what the box says where that is something else. After an
/// apply that was cut short nobody can tell any more, so all that is the tunnel's is judged.
func connectionCut(
    _ desired: DesiredState, _ observed: ObservedState, previous: DesiredState?, interrupted: DesiredState?
) -> [Change] {
    let judged = interrupted != nil ? .everything : judged(desired, observed, previous: previous)
    let cut = ConnectionCut(
        released: released(desired, observed, previous, interrupted), judged: judged,
        rules: judged == .nothing ? nil : ConnectionRules(desired), ports: opened(desired, observed))
    return cut.isEmpty ? [] : [.cutConnections(cut)]
}

/// Ports that lead to the tunnel from now on, or to another port of WireGuard's: who is sending there already is known to the kernel
/// as one who means somebody else, and stays known as that as long as he tries.
private func opened(_ desired: DesiredState, _ observed: ObservedState) -> [UInt16] {
    let ports = desired.traffic.otherPorts
    if ports.isEmpty { return [] }
    let table = observed.firewall?.sets.first { $0.name == FirewallCompiler.portSet }
    let known = table?.elements.flatMap { element -> [UInt16] in
        if case .numbers(let range)? = element.fields.first { Array(range) } else { [] }
    }
    let old = observed.wireGuard.map { [$0.listenPort] } ?? []
    return (ports.filter { known?.contains($0) != true } + old.filter { $0 != desired.wireGuard.listenPort }).sorted()
}

/// What peers had and have no more.
private func released(
    _ desired: DesiredState, _ observed: ObservedState, _ previous: DesiredState?, _ interrupted: DesiredState?
) -> [ConnectionCut.Holder] {
    let wanted = desired.wireGuard.peers
    let before = [previous, interrupted].compactMap { $0?.wireGuard.peers }.filter { $0 != wanted }
    let seen = observed.wireGuard?.peers ?? []
    let isAsWanted = seen.elementsEqual(wanted) { $0.publicKey == $1.publicKey && $0.allowedIPs == $1.allowedIPs }
    // As nearly always: who looks often at 10,000 peers compares them, and no more.
    if before.isEmpty && (seen.isEmpty || isAsWanted) { return [] }
    var losses = Losses(to: wanted)
    for peer in before.joined() { losses.add(peer.publicKey, peer.allowedIPs) }
    // Whatever somebody set by hand, the firewall let through what it knew.
    let known = IPPrefixSet((previous ?? desired).wireGuard.peers.lazy.flatMap(\.allowedIPs))
    for peer in seen { losses.add(peer.publicKey, peer.allowedIPs.flatMap(known.intersection)) }
    return losses.released
}

extension ConnectionCut {
    /// Ends everything from and to the peers of these sites, with all that they have in any.
    public init(everythingOf sites: [Site]) {
        var losses = Losses(to: [])
        for peer in sites.lazy.flatMap(\.peers) {
            if let key = peer.publicKey { losses.add(key, peer.addresses.map { IPPrefix(host: $0) } + peer.routes) }
        }
        self.init(released: losses.released)
    }
}

/// Addresses and networks that were peers' and are not theirs any more.
struct Losses {
    private let peers: [PublicKey: [IPPrefix]]
    private var lost: [PublicKey: [IPPrefix]] = [:]

    /// `peers` are as they are to be.
    init(to peers: [WireGuardPeerConfig]) {
        self.peers = Dictionary(peers.lazy.map { ($0.publicKey, $0.allowedIPs) }) { first, _ in first }
    }

    var released: [ConnectionCut.Holder] {
        lost.map { ConnectionCut.Holder($0, IPPrefixSet($1).prefixes) }.sorted { $0.key < $1.key }
    }

    /// What a peer had at some time.
    mutating func add(_ key: PublicKey, _ had: [IPPrefix]) {
        let now = peers[key] ?? []
        if had == now { return }
        let gone = had.flatMap(IPPrefixSet(now).subtracted)
        if !gone.isEmpty { lost[key, default: []] += gone }
    }
}

private func judged(
    _ desired: DesiredState, _ observed: ObservedState, previous: DesiredState?
) -> ConnectionCut.Judged {
    guard let previous else {
        // Whoever had the peers' addresses before was no peer of wggw's.
        let isThere = observed.link != nil && observed.firewall == desired.firewall
        return isThere || desired.wireGuard.peers.isEmpty ? .nothing : .everything
    }
    let isDrifted = observed.firewall != previous.firewall && observed.firewall != desired.firewall
    if isDrifted || !desired.firewall.isAsOpen(as: previous.firewall) { return .everything }
    let holders = narrowed(desired, previous) + arrived(desired, previous)
    return holders.isEmpty ? .nothing : .peers(holders.sorted { $0.key < $1.key })
}

/// Peers that stay and may reach less.
private func narrowed(_ desired: DesiredState, _ previous: DesiredState) -> [ConnectionCut.Holder] {
    if desired.access == previous.access { return [] }
    let comparison = AccessComparison(from: previous.access, to: desired.access)
    let (new, old) = (desired.wireGuard.peers, previous.wireGuard.peers)
    var holders: [ConnectionCut.Holder] = []
    var at = 0
    for (i, peer) in new.enumerated() {
        while at < old.count, old[at].publicKey < peer.publicKey { at += 1 }
        guard at < old.count, old[at].publicKey == peer.publicKey,
            comparison.narrows(previous.access.peers[at], desired.access.peers[i])
        else { continue }
        holders.append(ConnectionCut.Holder(peer.publicKey, peer.allowedIPs))
    }
    return holders
}

/// Peers with networks that the box sent elsewhere until now: who is there may have had connections that the peer may not have.
private func arrived(_ desired: DesiredState, _ previous: DesiredState) -> [ConnectionCut.Holder] {
    let before = IPPrefixSet(previous.routes.lazy.map(\.destination))
    let routes = IPPrefixSet(desired.routes.lazy.flatMap { before.subtracted(from: $0.destination) })
    if routes.isEmpty { return [] }
    return desired.wireGuard.peers.compactMap { peer in
        let networks = peer.allowedIPs.filter(routes.overlaps)
        return networks.isEmpty ? nil : ConnectionCut.Holder(peer.publicKey, networks)
    }
}

extension FirewallTable {
    /// Whether it lets through all that `old` does, as far as that does not depend on single peers and their policies, of
    /// which `Access` tells. In doubt it does not.
    fileprivate func isAsOpen(as old: FirewallTable) -> Bool {
        if self == old { return true }
        let sets = Dictionary(sets.map { ($0.name, $0) }) { first, _ in first }
        let isEverySetTheSame = old.sets.allSatisfy { set in
            FirewallSet.isOfPeers(set.name) || sets[set.name].map { $0 == set } ?? true
        }
        let before = Dictionary(old.chains.map { ($0.name, $0) }) { first, _ in first }
        return isEverySetTheSame
            && chains.allSatisfy { chain in
                if chain.hook?.kind == .nat { return true }
                // A chain that is new matters only where another one leads to it.
                guard let old = before[chain.name] else { return chain.hook == nil }
                return chain.isAsOpen(as: old)
            }
    }
}

extension FirewallChain {
    /// Whether it is the same, but for accepting more.
    fileprivate func isAsOpen(as old: FirewallChain) -> Bool {
        var hook = hook
        if hook?.drops == false { hook?.drops = old.hook?.drops ?? false }
        guard hook == old.hook else { return false }
        var rest = old.rules.filter { !$0.isOfPeers }[...]
        for rule in rules where !rule.isOfPeers {
            // One that dropped and is gone leaves more through.
            while let first = rest.first, first != rule, first.denies { rest.removeFirst() }
            if rule == rest.first {
                rest.removeFirst()
            } else if rule.expressions.last != .verdict(.accept) {
                return false
            }
        }
        return rest.allSatisfy(\.denies)
    }
}

extension FirewallRule {
    fileprivate var denies: Bool { expressions.last == .verdict(.goto(FirewallChain.denied.name)) }

    /// Whether it asks a set that belongs to peers or policies.
    fileprivate var isOfPeers: Bool {
        expressions.contains {
            if case .lookup(let set, _, _, _) = $0 { FirewallSet.isOfPeers(set) } else { false }
        }
    }
}
