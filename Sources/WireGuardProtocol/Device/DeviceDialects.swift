import CCrypto
public import NetTypes
import Synchronization

/// The dialects of an interface, and what goes out in them.
extension Device {
    /// Replaces the interface's AmneziaWG sets, in their order: none is plain WireGuard. New messages have the new forms at once, and
    /// keypairs go on. Peers begin as they are configured, until they say something themselves.
    ///
    /// Throws `.indistinctDialects` where initiations of two sets could be told apart by nobody; then nothing changed.
    public func setDialects(_ sets: [AWGParameters]) throws(ConfigurationError) {
        guard sets.count <= Dialect.most else { throw .tooManyDialects }
        guard mayHave(sets) else { throw .indistinctDialects }
        guard sets != dialects else { return }
        if disguise == nil { disguise = makeRandomStream() }
        dialects = sets
        let old = tables.published.pointee.address.exchange(
            WireForms.allocate(sets), ordering: .acquiringAndReleasing)
        retirement.forms.append(old)
        for peer in peers {
            state(peer).pointee.lastDialect = nil
            dialectChanged(of: peer)
        }
    }

    /// Whether there is room for these sets, and their initiations can be told apart.
    public func mayHave(_ sets: [AWGParameters]) -> Bool {
        sets.count <= Dialect.most
            && sets.enumerated().allSatisfy { number, set in
                set.isPlain || !sets[(number + 1)...].contains(where: set.isConfused)
            }
    }

    /// The sets, each changed by lines of a request and checked. One that comes to plain WireGuard keeps its place before others, for a
    /// dialect is known by its number, and is none at the end.
    public func dialects(changedBy lines: [AWGSettings]) throws(AWGFault) -> [AWGParameters] {
        var sets = dialects
        for (number, change) in lines.enumerated() where !change.isEmpty {
            while sets.count <= number { sets.append(.plain) }
            sets[number] = try sets[number].changed(by: change)
        }
        while sets.last?.isPlain == true { sets.removeLast() }
        return sets
    }

    /// What a peer's handshakes begin in, until it says something itself; nil: in the interface's first set, if there is one.
    public func setDialect(_ dialect: Dialect?, of peer: PeerIndex) {
        state(peer).pointee.configuredDialect = dialect
        state(peer).pointee.lastDialect = nil
        dialectChanged(of: peer)
    }

    /// What a peer's handshakes begin in, as it was configured.
    public func configuredDialect(of peer: PeerIndex) -> Dialect? { state(peer).pointee.configuredDialect }

    /// What an initiation to the peer is in.
    public func dialect(of peer: PeerIndex) -> Dialect {
        let state = state(peer)
        let wanted = state.pointee.lastDialect ?? state.pointee.configuredDialect ?? .first
        return Int(wanted.rawValue) <= dialects.count ? wanted : dialects.isEmpty ? .plain : .first
    }

    /// The peer said something authentic in a dialect.
    func heard(_ dialect: Dialect, from peer: PeerIndex) {
        state(peer).pointee.handshakeDialect = dialect
        guard state(peer).pointee.lastDialect != dialect else { return }
        state(peer).pointee.lastDialect = dialect
        dialectChanged(of: peer)
    }

    func dialectChanged(of peer: PeerIndex) {
        let state = state(peer)
        (state.pointee.newHandshakeDelay, state.pointee.keepaliveDelay) = (0, 0)
        let seconds = timers(of: peer).rekeyTimeout.lower
        let usual = AWGParameters.Timers.wireGuard.rekeyTimeout.lower
        let wanted = seconds == usual ? 0 : seconds
        let record = tables.peer(peer)
        if record.pointee.rekeyTimeout.load(ordering: .relaxed) != wanted {
            record.pointee.rekeyTimeout.store(wanted, ordering: .relaxed)
        }
    }

    /// The parameters of a dialect; nil for plain, and for one that is no more.
    func parameters(of dialect: Dialect) -> AWGParameters? {
        dialect == .plain || Int(dialect.rawValue) > dialects.count ? nil : dialects[Int(dialect.rawValue) - 1]
    }

    // MARK: Time

    func timers(of peer: PeerIndex) -> AWGParameters.Timers {
        dialects.isEmpty ? .wireGuard : parameters(of: dialect(of: peer))?.timers ?? .wireGuard
    }

    /// A number of seconds drawn from a range, in nanoseconds; nothing is drawn where there is nothing to choose.
    func draw(_ seconds: AWGRange<UInt16>) -> UInt64 {
        let least = UInt64(seconds.lower) * Limits.second
        let span = UInt64(seconds.upper - seconds.lower) * Limits.second
        return span == 0 ? least : least + randomUInt64().multipliedFullWidth(by: span + 1).high
    }

    /// The moments of a keypair that begins now.
    func keypairTimes(of peer: PeerIndex) -> KeypairTimes {
        let timers = timers(of: peer)
        let rekey = timers.rekeyAfterTime
        let spare = timers.keepaliveTimeout.lower + timers.rekeyTimeout.lower
        return KeypairTimes(
            rekeyAfter: rekey.lower == rekey.upper ? rekey.lower : rekey.pick(randomUInt64()),
            rejectAfter: timers.rejectAfterTime.upper, lastMinute: timers.rejectAfterTime.lower - spare)
    }

    // MARK: Messages

    /// Makes a handshake message in a dialect: `body` writes it, its type before its macs; then it is protected where its dialect says
    /// so, behind its prefix and before its trailer. nil where `body` returns false.
    func write(
        _ kind: Message.Kind, in dialect: Dialect, _ effects: inout Effects,
        _ body: (UnsafeMutableRawPointer, _ type: UInt32) -> Bool
    ) -> Range<Int>? {
        guard parameters(of: dialect) != nil else {
            return effects.message(kind.handshakeSize) { body($0, UInt32(kind.rawValue)) }
        }
        let form = tables.forms.pointee[dialect]
        let prefix = form.pointee.prefix(of: kind)
        let trailer = form.pointee.trailer(of: kind, disguise!.next())
        let size = kind.handshakeSize
        return effects.message(prefix + size + trailer) { datagram in
            disguise!.fill(datagram, prefix)
            disguise!.fill(datagram + prefix + size, trailer)
            guard body(datagram + prefix, form.pointee.types(of: kind).pick(disguise!.next())) else { return false }
            form.pointee.protect(kind, datagram)
            return true
        }
    }

    /// What stands before an initiation in a dialect: signature packets, then junk. Nobody looks into either.
    func sendFirst(to peer: PeerIndex, in dialect: Dialect, now: Now, _ effects: inout Effects) {
        guard let parameters = parameters(of: dialect) else { return }
        for case let template? in parameters.signatures {
            let datagram = effects.message(template.count) {
                template.write($0, seconds: now.wall.seconds, random: random)
                return true
            }
            if let datagram { effects.append(.sendDisguised(peer, datagram: datagram)) }
        }
        let size = parameters.junkSize
        // Below the upper one, as amneziawg-go has it, unless there is but one.
        let sizes = AWGRange(size.lower, max(size.lower, size.upper == 0 ? 0 : size.upper - 1))
        for _ in 0..<parameters.junkCount {
            let count = Int(sizes.pick(randomUInt64()))
            let datagram = effects.message(count) {
                random(UnsafeMutableRawBufferPointer(start: $0, count: count))
                return true
            }
            if let datagram { effects.append(.sendDisguised(peer, datagram: datagram)) }
        }
    }

    func randomUInt64() -> UInt64 { UInt64(randomUInt32()) << 32 | UInt64(randomUInt32()) }
}

extension AWGTemplate {
    /// Writes a packet of `count` bytes. `seconds`: since 1970.
    func write(_ place: UnsafeMutableRawPointer, seconds: Int64, random: (UnsafeMutableRawBufferPointer) -> Void) {
        var at = place
        for piece in pieces {
            let room = UnsafeMutableRawBufferPointer(start: at, count: piece.count)
            switch piece {
            case .bytes(let bytes): room.copyBytes(from: bytes)
            case .random: random(room)
            case .letters: Self.draw(room, from: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", random)
            case .digits: Self.draw(room, from: "0123456789", random)
            case .time: room.storeBytes(of: UInt32(truncatingIfNeeded: seconds).bigEndian, as: UInt32.self)
            case .zeros: room.initializeMemory(as: UInt8.self, repeating: 0)
            case .nothing: break
            }
            at += piece.count
        }
    }

    private static func draw(
        _ room: UnsafeMutableRawBufferPointer, from alphabet: StaticString,
        _ random: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        for i in room.indices {
            var bits: UInt32 = 0
            withUnsafeMutableBytes(of: &bits) { random($0) }
            room[i] = alphabet.utf8Start[Int(UInt64(bits) * UInt64(alphabet.utf8CodeUnitCount) >> 32)]
        }
    }
}
