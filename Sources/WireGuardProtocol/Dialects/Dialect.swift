/// What a peer's messages look like: WireGuard's own, or one of the interface's sets of AmneziaWG parameters.
///
/// It lives in each keypair, and in the peer as what its last authentic initiation or response was in. A responder answers in the
/// dialect of the initiation; an initiator uses the peer's last one, before any the configured one, and never goes from AmneziaWG
/// to plain by itself: one plain initiation tells a censor.
@frozen public struct Dialect: Hashable, Sendable {
    /// 0 is plain, 1…`most` are the interface's sets in their order.
    public let rawValue: UInt8

    /// A dialect by its number.
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// WireGuard's own.
    @inlinable public static var plain: Dialect { Dialect(rawValue: 0) }
    /// The interface's first set.
    @inlinable public static var first: Dialect { Dialect(rawValue: 1) }
    /// Sets that an interface may have.
    @inlinable public static var most: Int { 3 }
}
