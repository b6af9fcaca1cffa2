import NetTypes

/// The files that are judged together, and which of them are the two ends of a tunnel.
///
/// A peer is the file with its key. Where no file has that, it is the one with its address; or, of two files that have to do with each
/// other by their addresses, the other one.
struct LintSet {
    private(set) var files: [LintedFile]
    /// Each tunnel from both sides.
    private(set) var ends: [LintEnd] = []
    /// What is wrong with their keys.
    let keys: KeyChecks
    /// The files with a public key.
    private var owners: [PublicKey: [Int]] = [:]
    /// The files of which several have one key, by that and an address.
    private var sharers: [Sharer: Int] = [:]

    private struct Sharer: Hashable {
        let key: PublicKey
        let address: IPAddress
    }

    /// Who in a file is another one.
    private struct Entry {
        let peer: Int
        let isByKey: Bool
    }

    private struct Way: Hashable {
        let from: Int
        let to: Int

        var back: Way { Way(from: to, to: from) }
    }

    init(_ files: [LintedFile]) {
        self.files = files
        keys = KeyChecks(files)
        for i in files.indices { self.files[i].index = i }
        for found in keys.found where found.fault.namesNobody { self.files[found.file].forgetKey(of: found.peer) }
        for file in self.files { if let key = file.publicKey { owners[key, default: []].append(file.index) } }
        for (key, others) in owners where others.count > 1 {
            for i in others.reversed() {
                self.files[i].sharesKey = true
                for own in files[i].addresses { sharers[Sharer(key: key, address: own.address)] = i }
            }
        }
        var entries: [Way: Entry] = [:]
        var order: [Way] = []
        func add(_ way: Way, _ entry: Entry) {
            if entries[way] != nil { return }
            entries[way] = entry
            order.append(way)
        }
        for (i, file) in self.files.enumerated() {
            for (number, peer) in file.peers.enumerated() where peer.hasKey {
                if let other = owner(of: peer, besides: i) {
                    add(Way(from: i, to: other), Entry(peer: number, isByKey: true))
                }
            }
        }
        for (way, peer) in guesses(known: order) { add(way, Entry(peer: peer, isByKey: false)) }
        for way in order where way.from < way.to || entries[way.back] == nil {
            let (one, other) = (entries[way], entries[way.back])
            append(way, one, other)
            append(way.back, other, one)
        }
    }

    private mutating func append(_ way: Way, _ own: Entry?, _ others: Entry?) {
        let (here, there) = (files[way.from], files[way.to])
        ends.append(
            LintEnd(
                here: here, there: there, entry: own.map { here.peers[$0.peer] },
                back: others.map { there.peers[$0.peer] }, isByKey: own?.isByKey ?? false))
    }

    /// The file with the key of a peer: of several that share one, the one with its address.
    private func owner(of peer: WgQuickConfig.Peer, besides file: Int) -> Int? {
        guard let all = owners[peer.publicKey] else { return nil }
        if all.count == 1 { return all[0] == file ? nil : all[0] }
        let byAddress = peer.allowedIPs.lazy.filter(\.isHost).compactMap { network in
            sharers[Sharer(key: peer.publicKey, address: network.address)]
        }
        return byAddress.first { $0 != file } ?? all.prefix(2).first { $0 != file }
    }

    // MARK: Guesses

    /// Who is whom by the addresses, among the peers whose keys no file has.
    private func guesses(known: [Way]) -> [(Way, Int)] {
        var found: [(Way, Int)] = []
        let byAddress = strangersByAddress
        for (i, file) in files.enumerated() {
            for address in file.addresses {
                guard let (owner, peer) = byAddress[address.address], owner != i else { continue }
                found.append((Way(from: owner, to: i), peer))
                break
            }
        }
        let pairs = known + found.map(\.0)
        // Who is known from one side alone may be the only one whom the other side can mean.
        for way in pairs {
            if let only = onlyStranger(of: way.to, for: way.from) { found.append((way.back, only)) }
        }
        if pairs.isEmpty, files.count == 2, areRelated {
            for way in [Way(from: 0, to: 1), Way(from: 1, to: 0)] {
                if let only = onlyStranger(of: way.from, for: way.to) { found.append((way, only)) }
            }
        }
        return found
    }

    private func isStranger(_ peer: WgQuickConfig.Peer) -> Bool { !peer.hasKey || owners[peer.publicKey] == nil }

    /// The only peer of a file, if no file has its key, and its addresses are not somebody else's.
    private func onlyStranger(of file: Int, for other: Int) -> Int? {
        let peers = files[file].peers
        guard peers.count == 1, !files[file].config.lacksPeers, isStranger(peers[0]) else { return nil }
        let isOpen = !peers[0].allowedIPs.contains(where: \.isHost)
        return isOpen || files[other].addresses.contains { peers[0].allows($0.address) } ? 0 : nil
    }

    /// The single addresses of peers whose keys no file has.
    private var strangersByAddress: [IPAddress: (file: Int, peer: Int)] {
        var result: [IPAddress: (file: Int, peer: Int)] = [:]
        for (i, file) in files.enumerated() {
            for (number, peer) in file.peers.enumerated() where isStranger(peer) {
                for network in peer.allowedIPs where network.isHost && result[network.address] == nil {
                    result[network.address] = (i, number)
                }
            }
        }
        return result
    }

    /// Whether two files share a network of a tunnel, and are not two clients of one gateway.
    private var areRelated: Bool {
        let (one, other) = (files[0], files[1])
        if one.peers.contains(where: { peer in other.peers.contains { $0.publicKey == peer.publicKey } }) {
            return false
        }
        return one.addresses.contains { own in other.addresses.contains { $0.network.overlaps(own.network) } }
    }

    // MARK: What belongs together

    /// The files that have no other side here, though others do not share their peers.
    var strangers: [LintedFile] {
        let linked = Set(ends.map(\.here.index))
        var files: [PublicKey: Set<Int>] = [:]
        for file in self.files { for peer in file.peers { files[peer.publicKey, default: []].insert(file.index) } }
        return self.files.filter { file in
            !linked.contains(file.index) && !file.config.lacksPeers && !file.peers.isEmpty
                && file.peers.allSatisfy { $0.hasKey && files[$0.publicKey]?.count == 1 }
        }
    }

    /// The tunnel that each file is of: the least index of the files that keys or guesses bind together.
    var tunnels: [Int] {
        var roots = Array(files.indices)
        func root(_ i: Int) -> Int {
            var i = i
            while roots[i] != i {
                roots[i] = roots[roots[i]]
                i = roots[i]
            }
            return i
        }
        func join(_ a: Int, _ b: Int) {
            let (x, y) = (root(a), root(b))
            roots[max(x, y)] = min(x, y)
        }
        var first: [PublicKey: Int] = [:]
        for file in files {
            for key in file.peers.map(\.publicKey) + (file.publicKey.map { [$0] } ?? []) {
                if let other = first[key] { join(file.index, other) } else { first[key] = file.index }
            }
        }
        for end in ends { join(end.here.index, end.there.index) }
        return files.indices.map { root($0) }
    }

    /// How many peers of a file with another side here have none.
    var unmatched: [(file: String, peers: Int)] {
        var met: [Int: Set<PublicKey>] = [:]
        for end in ends { if let entry = end.entry { met[end.here.index, default: []].insert(entry.publicKey) } }
        return files.compactMap { file in
            guard let met = met[file.index], file.peers.count > met.count else { return nil }
            return (file.name, file.peers.count - met.count)
        }
    }
}

/// A tunnel, as one of its two files has it.
struct LintEnd {
    let here: LintedFile
    let there: LintedFile
    /// Who the other side is in this file; nil if it is none of its peers.
    let entry: WgQuickConfig.Peer?
    /// Who this side is in the other file.
    let back: WgQuickConfig.Peer?
    /// Whether `entry` has the other side's key, or is it by addresses alone.
    let isByKey: Bool

    /// Whether it is the one of the two ends at which what is wrong with both is told.
    var isSecond: Bool { here.index > there.index }
    /// The other side's public key, if it is its own alone.
    var key: PublicKey? { there.sharesKey ? nil : there.publicKey }
}
