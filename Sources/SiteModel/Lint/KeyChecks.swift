import NetTypes

/// What is wrong with the keys of all files. It is judged before it is asked who is whose peer: a key that is none names nobody.
struct KeyChecks {
    /// A fault of a file's own key, or of a peer's.
    struct Found {
        let fault: KeyFault
        let file: Int
        /// nil for the file's own key.
        let peer: Int?
        let place: WgQuickConfig.Place
    }

    private(set) var found: [Found] = []
    private let files: [LintedFile]

    init(_ files: [LintedFile]) {
        self.files = files
        let owners = Dictionary(
            grouping: files.indices.filter { files[$0].publicKey != nil }, by: { files[$0].publicKey! })
        for (i, file) in files.enumerated() {
            checkOwnKey(file, i)
            for (number, peer) in file.peers.enumerated() { checkPeer(peer, i, number) }
            for (number, peer) in file.peers.enumerated() where owners[peer.publicKey] == [i] {
                add(.own, i, number)
            }
        }
        for others in owners.values where others.count > 1 {
            for i in others.dropFirst() { add(.shared(with: files[others[0]].name), i, nil) }
        }
        checkMisplaced()
    }

    private mutating func add(_ fault: KeyFault, _ file: Int, _ peer: Int?) {
        let place =
            peer.map { files[file].peers[$0].places.publicKey ?? files[file].peers[$0].place }
            ?? files[file].place("privatekey")
        found.append(Found(fault: fault, file: file, peer: peer, place: place))
    }

    private mutating func checkOwnKey(_ file: LintedFile, _ i: Int) {
        guard let key = file.interface.privateKey else {
            if file.lacks("privatekey") {
                add(.noPrivateKey, i, nil)
            } else if !file.config.unread.contains("privatekey") {
                add(.allZero(.privateKey), i, nil)
            }
            return
        }
        if let source = PublishedKey.privateKeys.first(where: { $0.key == key })?.source {
            add(.published(.privateKey, in: source), i, nil)
        }
    }

    private mutating func checkPeer(_ peer: WgQuickConfig.Peer, _ i: Int, _ number: Int) {
        if peer.publicKey == .zero {
            add(.allZero(.publicKey), i, number)
        } else if peer.publicKey.isOfSmallOrder {
            add(.smallOrder, i, number)
        } else if let source = PublishedKey.publicKeys[peer.publicKey] {
            add(.published(.publicKey, in: source), i, number)
        }
    }

    // MARK: Private and public keys in each other's place

    private mutating func checkMisplaced() {
        // By eight bytes of each, so that there is no copy of a private key.
        var peers: [UInt64: [(file: Int, peer: Int)]] = [:]
        for (i, file) in files.enumerated() {
            for (number, peer) in file.peers.enumerated() {
                peers[peer.publicKey.withBytes(Self.word), default: []].append((i, number))
            }
        }
        for (i, file) in files.enumerated() {
            guard let own = file.interface.privateKey else { continue }
            let same = (peers[own.withBytes(Self.word)] ?? []).filter { isPrivate(own, files[$0.file].peers[$0.peer]) }
            guard let first = same.first else {
                let isSaid = PublishedKey.privateKeys.contains { $0.key == own }
                if !file.interface.isKeyClamped && !isSaid { add(.notGenerated, i, nil) }
                continue
            }
            // `wg genkey` sets the bits that tell which of the two it is, and a public key has them by chance.
            if file.interface.isKeyClamped {
                for (other, peer) in same { add(.privateAsPublic(file: file.name), other, peer) }
                // Others with the same key have it from this one.
                peers[own.withBytes(Self.word)] = nil
            } else {
                let peer = files[first.file].peers[first.peer]
                add(.publicAsPrivate(file: files[first.file].name, line: peer.place.line), i, nil)
            }
        }
    }

    /// Eight bytes that clamping leaves as they are.
    private static func word(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    /// Whether the peer's public key is this private key.
    private func isPrivate(_ key: PrivateKey, _ peer: WgQuickConfig.Peer) -> Bool {
        key == PrivateKey { bytes in peer.publicKey.withBytes { bytes.copyMemory(from: $0) } }
    }
}

extension KeyFault {
    /// Whether nobody can be known by a key with this fault.
    var namesNobody: Bool {
        switch self {
        case .noPrivateKey, .allZero, .smallOrder, .publicAsPrivate, .privateAsPublic, .own: true
        case .published(let setting, _): setting == .publicKey
        case .notGenerated, .shared: false
        }
    }
}
