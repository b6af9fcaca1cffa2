import NetTypes

/// How often a source address may send handshake messages under load: a token bucket for each IPv4 address and each
/// IPv6 /64, 20 a second and 5 at once. K ratelimiter.c.
struct RateLimiter {
    private struct Bucket {
        var lastTime: UInt64
        var tokens: UInt64
    }

    /// Sources that are remembered; one more is refused, so that a flood cannot take memory. K ratelimiter.c.
    static let mostSources = 65_536
    private static let cost = Limits.second / Limits.sourcePacketsPerSecond
    private static let most = cost * Limits.sourceBurst

    private var buckets: [IPPrefix: Bucket] = [:]
    private var lastSweep: UInt64 = 0

    /// Sources that are remembered now.
    var count: Int { buckets.count }

    /// Takes a token of the source; false where it has none left.
    mutating func allows(_ source: IPAddress, now: UInt64) -> Bool {
        sweep(now: now)
        let key = IPPrefix(masking: source, length: source.isV6 ? 64 : 32)
        guard var bucket = buckets[key] else {
            guard buckets.count < Self.mostSources else { return false }
            buckets[key] = Bucket(lastTime: now, tokens: Self.most - Self.cost)
            return true
        }
        let tokens = min(Self.most, bucket.tokens + (now - min(bucket.lastTime, now)))
        let allowed = tokens >= Self.cost
        bucket.lastTime = now
        bucket.tokens = allowed ? tokens - Self.cost : tokens
        buckets[key] = bucket
        return allowed
    }

    /// Forgets sources that were silent for a second, once a second: their buckets are full again.
    private mutating func sweep(now: UInt64) {
        guard now - min(lastSweep, now) >= Limits.second else { return }
        lastSweep = now
        buckets = buckets.filter { now - min($0.value.lastTime, now) <= Limits.second }
    }
}
