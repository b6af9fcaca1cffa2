import CCrypto
import NetTypes

/// The forms of all dialects of an interface, as they are published to workers: never changed, replaced as a whole, and freed when
/// every worker has passed an epoch.
///
/// Several AmneziaWG sets and plain WireGuard share one port: a type only proposes, a live index (data) or mac1 (handshakes) confirms,
/// and what does not confirm goes on to the next proposal. So no width of a type's range loses anything.
@frozen public struct WireForms {
    /// AmneziaWG sets; the dialects are 0…count.
    public let count: Int
    /// Whether a plain initiation is one of a set too, and has to be taken for that.
    public let claimsPlainInitiations: Bool
    /// `Dialect.most` + 1 of them; those past `count` are plain.
    @usableFromInline let forms: UnsafeMutablePointer<WireForm>
    private let keys: UnsafeMutableRawPointer
    private static var keySize: Int { 32 }

    /// The form of a dialect. One that is no more is plain.
    @inlinable public subscript(_ dialect: Dialect) -> UnsafePointer<WireForm> {
        UnsafePointer(forms + Int(dialect.rawValue))
    }

    /// Whether a message in `dialect` may belong to a keypair of `own`: that is the same, or neither is disguised any more.
    @inlinable public func agrees(_ dialect: Dialect, with own: Dialect) -> Bool {
        own == dialect || dialect == .plain && Int(own.rawValue) > count
    }

    /// Copies what sets say. Free it by `deallocate`.
    static func allocate(_ sets: [AWGParameters]) -> UnsafePointer<WireForms> {
        precondition(sets.count <= Dialect.most)
        let keys = UnsafeMutableRawPointer.allocate(byteCount: keySize * (Dialect.most + 1), alignment: 64)
        let forms = UnsafeMutablePointer<WireForm>.allocate(capacity: Dialect.most + 1)
        forms.initialize(repeating: WireForm(.plain, key: nil), count: Dialect.most + 1)
        for (number, set) in sets.enumerated() {
            let place = keys + (number + 1) * keySize
            set.headerProtectionKey?.withBytes { place.copyMemory(from: $0.baseAddress!, byteCount: keySize) }
            forms[number + 1] = WireForm(set, key: set.headerProtectionKey == nil ? nil : UnsafeRawPointer(place))
        }
        let published = UnsafeMutablePointer<WireForms>.allocate(capacity: 1)
        published.initialize(
            to: WireForms(
                count: sets.count, claimsPlainInitiations: sets.contains { $0.claimsPlainInitiations }, forms: forms,
                keys: keys))
        return UnsafePointer(published)
    }

    /// Wipes the keys and frees everything.
    static func deallocate(_ published: UnsafePointer<WireForms>) {
        wgc_wipe(published.pointee.keys, keySize * (Dialect.most + 1))
        published.pointee.keys.deallocate()
        published.pointee.forms.deallocate()
        published.deallocate()
    }

    private init(
        count: Int, claimsPlainInitiations: Bool, forms: UnsafeMutablePointer<WireForm>, keys: UnsafeMutableRawPointer
    ) {
        self.count = count
        self.claimsPlainInitiations = claimsPlainInitiations
        self.forms = forms
        self.keys = keys
    }
}

/// A handshake message that a datagram may be, for mac1 or an index to confirm: what goes to the control thread.
@frozen public struct HandshakeProposal: Equatable, Sendable {
    /// In which form it would be.
    public let dialect: Dialect
    /// Initiation, response or cookie reply.
    public let kind: Message.Kind
    /// Bytes of the datagram.
    public let datagramSize: Int

    /// Says what it may be.
    public init(dialect: Dialect, kind: Message.Kind, datagramSize: Int) {
        self.dialect = dialect
        self.kind = kind
        self.datagramSize = datagramSize
    }
}

extension WireForms {
    /// Handshake messages that a datagram may be; ask for each number below.
    public var handshakeProposals: Int { 3 * (count + 1) }

    /// One of the handshake messages that a datagram of at least 32 bytes may be, copied to `message` (148 bytes of room) as its sender
    /// made it; nil where it is not that one. `masks`: of each dialect that protects headers 16 bytes, `stride` apart.
    public func propose(
        _ number: Int, _ datagram: UnsafeRawPointer, count size: Int, masks: UnsafeRawPointer, stride: Int,
        into message: UnsafeMutableRawPointer
    ) -> HandshakeProposal? {
        let dialect = Dialect(rawValue: UInt8(truncatingIfNeeded: number / 3))
        let kind: Message.Kind =
            switch number % 3 {
            case 0: .initiation
            case 1: .response
            default: .cookieReply
            }
        // It is one of the set's as well, and would be answered twice.
        if dialect == .plain && kind == .initiation && claimsPlainInitiations { return nil }
        let form = self[dialect]
        let mask = masks + Int(dialect.rawValue) * stride
        guard form.pointee.fits(kind, datagram, count: size, mask: mask) else { return nil }
        form.pointee.strip(kind, datagram, into: message)
        return HandshakeProposal(dialect: dialect, kind: kind, datagramSize: size)
    }
}
