/// The protocol's numbers, each with its unit and where it comes from.
///
/// WP: the whitepaper, section 6.1 unless told. K: the Linux kernel's `drivers/net/wireguard/`.
public enum Limits {
    /// One second in nanoseconds, the unit of all times here.
    @inlinable public static var second: UInt64 { 1_000_000_000 }

    /// Messages under one keypair after which a new one is asked for. WP; K messages.h.
    @inlinable public static var rekeyAfterMessages: UInt64 { 1 << 60 }
    /// The first counter that is neither sent nor received. WP: 2^64 - 2^13 - 1; K messages.h, with the window's usable size.
    @inlinable public static var rejectAfterMessages: UInt64 { .max - UInt64(replayWindowSize) - 1 }
    /// All keys are erased after so many times reject-after-time without a new keypair. WP 6.3.
    @inlinable public static var eraseAfterRejections: UInt64 { 3 }
    /// Nanoseconds between two handshake initiations to one peer. WP.
    @inlinable public static var rekeyTimeout: UInt64 { 5 * second }
    /// Random addition to a retry, nanoseconds, exclusive: a third of a second. K messages.h.
    @inlinable public static var rekeyTimeoutJitter: UInt64 { second / 3 }
    /// Nanoseconds after which a keepalive answers data that went unanswered. WP.
    @inlinable public static var keepaliveTimeout: UInt64 { 10 * second }
    /// Initiations that one peer may have consumed each second. K messages.h.
    @inlinable public static var initiationsPerSecond: UInt64 { 50 }
    /// Peers of one interface. K messages.h.
    @inlinable public static var peersPerDevice: Int { 1 << 20 }
    /// Packets of one peer that wait for a session. K messages.h.
    @inlinable public static var stagedPackets: Int { 128 }
    /// Handshake messages that wait for the control thread. K messages.h.
    @inlinable public static var queuedHandshakes: Int { 4096 }
    /// That many waiting handshake messages mean: under load. K receive.c.
    @inlinable public static var underLoadThreshold: Int { queuedHandshakes / 8 }
    /// Nanoseconds that "under load" outlasts its cause. K receive.c.
    @inlinable public static var underLoadLatency: UInt64 { second }

    /// Bits of the replay window's ring. K messages.h.
    @inlinable public static var replayWindowBits: Int { 8192 }
    /// Counters behind the newest that are still accepted: the ring less the word that is being cleared. K messages.h.
    @inlinable public static var replayWindowSize: Int { replayWindowBits - 64 }

    /// Nanoseconds that a cookie secret lives. WP 5.4.7; K messages.h.
    @inlinable public static var cookieSecretLifetime: UInt64 { 120 * second }
    /// Nanoseconds before that end at which a received cookie is used no longer. K messages.h.
    @inlinable public static var cookieLatency: UInt64 { 5 * second }
    /// Handshake messages a second from one source address under load. K ratelimiter.c.
    @inlinable public static var sourcePacketsPerSecond: UInt64 { 20 }
    /// Of which so many at once. K ratelimiter.c.
    @inlinable public static var sourceBurst: UInt64 { 5 }

    /// Plaintext is padded with zeros to a multiple of this, but not past the MTU. WP 5.4.6.
    @inlinable public static var paddingMultiple: Int { 16 }
    /// The TOS byte of handshake messages: AF41, not ECN capable. K messages.h.
    @inlinable public static var handshakeTOS: UInt8 { 0x88 }
}
