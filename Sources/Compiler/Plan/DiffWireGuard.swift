import BoxModel
import NetTypes

/// What has to be set on the WireGuard side, in two steps.
///
/// The kernel takes an allowed IP from whoever has it when it is given to another peer. But the firewall comes between:
/// were its new policy for an address in force while the old peer still has that address, the old peer could use what was
/// meant for the new one. So addresses that change hands are taken away before the firewall changes, and given after.
struct WireGuardDiff {
    /// Taken before the firewall changes; nil unless an address changes hands.
    private(set) var yielded: WireGuardChange?
    /// Everything else.
    private(set) var rest = WireGuardChange()

    private let places: DisguisePlaces
    private var gained: [IPPrefix] = []
    private var losers: [(key: PublicKey, lost: [IPPrefix], kept: [IPPrefix]?)] = []

    /// `learned` are the peers of an interface that is about to be made anew: where they were heard last stays known.
    init(
        _ desired: WireGuardConfig, _ observed: ObservedWireGuard?, previous: WireGuardConfig?,
        learned: [ObservedPeer]
    ) {
        if desired.privateKey != observed?.privateKey { rest.privateKey = desired.privateKey }
        if desired.listenPort != observed?.listenPort { rest.listenPort = desired.listenPort }
        if desired.fwmark != observed?.fwmark ?? 0 { rest.fwmark = desired.fwmark }
        places = DisguisePlaces(desired.disguises, observed?.disguises ?? [])
        rest.disguises = places.changed
        let (new, old) = (desired.peers, observed?.peers ?? [])
        var earlier = KeyCursor(previous?.peers ?? [])
        var heard = KeyCursor(learned)
        var (i, j) = (0, 0)
        while i < new.count || j < old.count {
            if j == old.count || i < new.count && new[i].publicKey < old[j].publicKey {
                let key = new[i].publicKey
                add(new[i], previous: earlier.seek(key) { $0.publicKey }, learned: heard.seek(key) { $0.publicKey })
                i += 1
            } else if i == new.count || old[j].publicKey < new[i].publicKey {
                rest.remove.append(old[j].publicKey)
                losers.append((old[j].publicKey, old[j].allowedIPs, nil))
                j += 1
            } else {
                let before = new[i].endpoint == nil ? nil : earlier.seek(new[i].publicKey) { $0.publicKey }
                change(new[i], old[j], previous: before)
                (i, j) = (i + 1, j + 1)
            }
        }
        yield()
    }

    private mutating func add(_ peer: WireGuardPeerConfig, previous: WireGuardPeerConfig?, learned: ObservedPeer?) {
        var endpoint = peer.endpoint
        if let heard = learned?.endpoint, endpoint == nil || previous?.endpoint == endpoint {
            endpoint = Endpoint(.address(heard.address), port: heard.port)
        }
        rest.set.append(
            WireGuardPeerChange(
                publicKey: peer.publicKey, isNew: true, presharedKey: peer.presharedKey.map { .set($0) },
                endpoint: endpoint, keepalive: peer.keepalive == 0 ? nil : peer.keepalive,
                dialect: places[peer.dialect] == 1 ? nil : places[peer.dialect], allowedIPs: peer.allowedIPs))
        gained += peer.allowedIPs
    }

    private mutating func change(
        _ peer: WireGuardPeerConfig, _ old: ObservedPeer, previous: WireGuardPeerConfig?
    ) {
        var change = WireGuardPeerChange(publicKey: peer.publicKey, isNew: false)
        if peer.presharedKey != old.presharedKey {
            change.presharedKey = peer.presharedKey.map { .set($0) } ?? .clear
        }
        if peer.keepalive != old.keepalive { change.keepalive = peer.keepalive }
        if places[peer.dialect] != old.dialect { change.dialect = places[peer.dialect] }
        if setsEndpoint(peer, old, previous) { change.endpoint = peer.endpoint }
        if peer.allowedIPs != old.allowedIPs {
            change.allowedIPs = peer.allowedIPs
            let (added, removed) = merge(peer.allowedIPs, old.allowedIPs)
            gained += added
            if !removed.isEmpty { losers.append((old.publicKey, removed, merge(old.allowedIPs, removed).added)) }
        }
        if !change.isEmpty { rest.set.append(change) }
    }

    /// An endpoint is set when the site's changed; else the peer is where it was heard last.
    private func setsEndpoint(
        _ peer: WireGuardPeerConfig, _ old: ObservedPeer, _ previous: WireGuardPeerConfig?
    ) -> Bool {
        guard let endpoint = peer.endpoint else { return false }
        guard let known = old.endpoint else { return true }
        if let previous { return previous.endpoint != endpoint && !endpoint.isAt(known) }
        guard case .address = endpoint.host else { return false }
        return !endpoint.isAt(known)
    }

    /// Moves to the first step what takes addresses from peers that others are about to get.
    private mutating func yield() {
        guard !gained.isEmpty, !losers.isEmpty else { return }
        let gained = IPPrefixSet(gained)
        var first = WireGuardChange()
        for loser in losers where loser.lost.contains(where: gained.overlaps) {
            if let kept = loser.kept {
                first.set.append(WireGuardPeerChange(publicKey: loser.key, isNew: false, allowedIPs: kept))
            } else {
                first.remove.append(loser.key)
            }
        }
        guard !first.isEmpty else { return }
        let removed = Set(first.remove)
        rest.remove.removeAll(where: removed.contains)
        yielded = first
    }
}

/// Which number each disguise has on the interface. A live session knows its own by the number, so one that is there keeps it, whatever
/// comes or goes beside it.
struct DisguisePlaces {
    /// By their numbers, from 1, plain where there is none now but was; nil if nothing changes.
    let changed: [AWGParameters]?
    /// Of each that is desired.
    private let numbers: [UInt8]

    init(_ desired: [AWGParameters], _ observed: [AWGParameters]) {
        var free = Array(0..<max(desired.count, observed.count))
        var places = [Int?](repeating: nil, count: desired.count)
        for (index, disguise) in desired.enumerated() {
            guard let place = free.firstIndex(where: { $0 < observed.count && observed[$0] == disguise }) else {
                continue
            }
            places[index] = free.remove(at: place)
        }
        var all = [AWGParameters](repeating: .plain, count: max(observed.count, 1, desired.count))
        var numbers: [UInt8] = []
        for (index, disguise) in desired.enumerated() {
            let place = places[index] ?? free.removeFirst()
            all[place] = disguise
            numbers.append(UInt8(place + 1))
        }
        self.numbers = numbers
        changed = all == observed || all == [.plain] && observed.isEmpty ? nil : all
    }

    /// The number of a dialect as it is desired; plain WireGuard keeps its own, and so does what there is none of.
    subscript(dialect: UInt8) -> UInt8 {
        dialect > 0 && Int(dialect) <= numbers.count ? numbers[Int(dialect) - 1] : dialect
    }
}

/// Looks up ever larger keys in a sorted list; all look-ups together are one pass.
private struct KeyCursor<Element> {
    private let elements: [Element]
    private var at = 0

    init(_ elements: [Element]) { self.elements = elements }

    mutating func seek(_ key: PublicKey, _ keyOf: (Element) -> PublicKey) -> Element? {
        while at < elements.count, keyOf(elements[at]) < key { at += 1 }
        return at < elements.count && keyOf(elements[at]) == key ? elements[at] : nil
    }
}

extension Endpoint {
    /// Whether this is the literal address of `socketAddress`.
    fileprivate func isAt(_ socketAddress: SocketAddress) -> Bool {
        host == .address(socketAddress.address) && port == socketAddress.port
    }
}
