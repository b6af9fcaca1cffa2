import CCrypto
public import NetTypes
import Synchronization

/// The control state machine of one interface: sans IO, one thread.
///
/// Time and randomness are parameters. Everything it wants done comes out as effects; what workers read, it writes into
/// `tables`. Single consumer: the control thread. While it is down it hears nothing and has no timers.
public final class Device {
    /// What workers read. Lives as long as the device.
    public let tables: SharedTables
    /// The private key, nil for none.
    public internal(set) var privateKey: PrivateKey?
    /// The public key, nil for none.
    public internal(set) var publicKey: PublicKey?
    /// The AmneziaWG sets, in the order of their dialects; none: plain WireGuard.
    public internal(set) var dialects: [AWGParameters] = []
    /// Whether the interface is up.
    public internal(set) var isUp = false

    let random: (UnsafeMutableRawBufferPointer) -> Void
    /// Of what disguised messages have around them; nil while there is no set. A flood asks for some of it 50,000 times a second.
    var disguise: RandomStream?
    let peerStates: UnsafeMutablePointer<Peer>
    var peersByKey = PeerTable()
    var firstPeer = PeerIndex.none
    var lastPeer = PeerIndex.none
    var freePeers: [PeerIndex] = []
    /// The lowest peer index and slot that were never used.
    var unusedPeer: UInt32 = 1
    var unusedSlot: KeypairSlot = 1
    var freeSlots: [KeypairSlot] = []
    var lastKeypairID: UInt64 = 0
    var steadyWall = SteadyWall()
    var allowedIPs: AllowedIPs
    var cookies = CookieChecker()
    var deadlines = DeadlineHeap()
    var retirement = Retirement()

    /// A device without a private key and without peers, down. `random` fills with bytes from a secure source.
    ///
    /// `capacity`: the most peers there can be. Reserves address space and hardly any memory; aborts without it.
    public init(
        capacity: Int = Limits.peersPerDevice, random: @escaping (UnsafeMutableRawBufferPointer) -> Void
    ) {
        precondition((1...Limits.peersPerDevice).contains(capacity))
        precondition(wgc_start(), "libsodium does not start")
        self.random = random
        allowedIPs = AllowedIPs()!
        // Zero is a valid record, keypair and "no peer", so none of this is touched before it is used.
        let records = Self.reserve(PeerRecord.self, capacity + 1)
        let keypairs = Self.reserve(Keypair.self, 1 << KeypairIndex.slotBits)
        peerStates = Self.reserve(Peer.self, capacity + 1)
        let published = UnsafeMutablePointer<PublishedForms>.allocate(capacity: 1)
        published.initialize(to: PublishedForms(WireForms.allocate([])))
        tables = SharedTables(
            peers: records, keypairs: keypairs,
            keypairIndex: KeypairIndex(randomA: Self.draw(random), randomB: Self.draw(random)),
            published: published, allowedIPs: allowedIPs.reader, capacity: capacity)
    }

    deinit {
        for peer in 1..<Int(unusedPeer) { peerStates[peer].wipe() }
        for slot in 1..<unusedSlot { eraseKeypair(slot) }
        retirement.freeForms()
        WireForms.deallocate(tables.forms)
        tables.published.deallocate()
        Self.release(tables.peers, tables.capacity + 1)
        Self.release(tables.keypairs, 1 << KeypairIndex.slotBits)
        Self.release(peerStates, tables.capacity + 1)
    }

    private static func reserve<T: ~Copyable>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
        wgc_reserve(count * MemoryLayout<T>.stride)!.bindMemory(to: T.self, capacity: count)
    }

    private static func release<T: ~Copyable>(_ memory: UnsafeMutablePointer<T>, _ count: Int) {
        wgc_release(memory, count * MemoryLayout<T>.stride)
    }

    private static func draw(_ random: (UnsafeMutableRawBufferPointer) -> Void) -> UInt32 {
        var value: UInt32 = 0
        withUnsafeMutableBytes(of: &value) { random($0) }
        return value
    }

    /// Random bytes for whoever sends data, from the same source.
    public func makeRandomStream() -> RandomStream { RandomStream(seed: random) }

    func randomUInt32() -> UInt32 { Self.draw(random) }

    /// Nanoseconds up to a third of a second.
    func jitter() -> UInt64 { (UInt64(randomUInt32()) * Limits.rekeyTimeoutJitter) >> 32 }

    // MARK: What the datapath calls

    /// A datagram from `source`, which may be a handshake message in any dialect: each that it may be is looked at until one is
    /// confirmed. Data, and anything wrong, is dropped in silence.
    ///
    /// `underLoad`: so many wait (`Limits.underLoadThreshold`) that a source must prove its address first.
    public func receive(
        _ datagram: UnsafeRawBufferPointer, from source: SocketAddress, underLoad: Bool, now: Now,
        into effects: inout Effects
    ) {
        guard let start = datagram.baseAddress, datagram.count >= Message.keepaliveSize else { return }
        let forms = tables.forms
        withUnsafeTemporaryAllocation(byteCount: 16 * (Dialect.most + 1), alignment: 16) { masks in
            for number in 1..<(forms.pointee.count + 1) {
                let form = forms.pointee[Dialect(rawValue: UInt8(number))]
                guard form.pointee.protectsHeaders else { continue }
                form.pointee.masks(of: start, count: 1, stride: 0, into: masks.baseAddress! + 16 * number)
            }
            withUnsafeTemporaryAllocation(byteCount: Message.initiationSize, alignment: 16) { message in
                for number in 0..<forms.pointee.handshakeProposals {
                    let proposal = forms.pointee.propose(
                        number, start, count: datagram.count, masks: masks.baseAddress!, stride: 16,
                        into: message.baseAddress!)
                    guard let proposal else { continue }
                    let size = proposal.kind.handshakeSize
                    receive(
                        UnsafeRawBufferPointer(start: message.baseAddress!, count: size), proposal, from: source,
                        underLoad: underLoad, now: now, into: &effects)
                }
            }
        }
    }

    /// What a datagram may be, as `WireForms.propose` says, with the message that it would be. The message's mac1, or the index of a
    /// handshake of ours in the same dialect, confirms it; else it is dropped in silence.
    public func receive(
        _ message: UnsafeRawBufferPointer, _ proposal: HandshakeProposal, from source: SocketAddress, underLoad: Bool,
        now: Now, into effects: inout Effects
    ) {
        guard isUp, let start = message.baseAddress, let privateKey, let publicKey,
            Int(proposal.dialect.rawValue) <= dialects.count, message.count == proposal.kind.handshakeSize
        else { return }
        switch proposal.kind {
        case .initiation, .response:
            receiveHandshake(
                start, proposal, from: source, underLoad: underLoad, now: now, (privateKey, publicKey), &effects)
        case .cookieReply:
            effects.log(.receivingCookieReply)
            receiveCookieReply(start, in: proposal.dialect, now: now.monotonic, &effects)
        case .data: break
        }
    }

    /// A worker raised something for the peer and pushed it on the control queue.
    public func serve(_ peer: PeerIndex, now: Now, into effects: inout Effects) {
        guard exists(peer) else { return }
        let requests = tables.peer(peer).pointee.takeRequests()
        guard isUp else { return }
        if requests.contains(.keepaliveReceived) { effects.log(.receivingKeepalive, peer) }
        if requests.contains(.keypairConfirmed) { confirmKeypair(of: peer, now: now, &effects) }
        if requests.contains(.session) { sendInitiation(to: peer, isRetry: false, now: now, &effects) }
        reschedule(peer, now: now.monotonic)
    }

    /// Does what is due. Call when `nextDeadline` is reached, or later.
    public func tick(now: Now, into effects: inout Effects) {
        while let (peer, deadline) = deadlines.first, deadline <= now.monotonic {
            expire(peer, now: now, &effects)
            reschedule(peer, now: now.monotonic)
        }
    }

    /// When `tick` is due next, monotonic nanoseconds; nil while no timer is armed. Look after every call.
    public var nextDeadline: UInt64? { deadlines.first?.deadline }

    func exists(_ peer: PeerIndex) -> Bool {
        peer != .none && peer.rawValue < unusedPeer && !peerStates[Int(peer.rawValue)].isRemoved
    }

    func state(_ peer: PeerIndex) -> UnsafeMutablePointer<Peer> { peerStates + Int(peer.rawValue) }
}
