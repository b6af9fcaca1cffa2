import NetTypes
import Testing

@testable import WireGuardProtocol

private let ping = Array("0123456789abcdef".utf8)

@Suite struct CookieTests {
    @Test func underLoadTheSourceProvesItsAddress() throws {
        let pair = try Pair()
        pair.b.underLoad = true
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .cookieReply])
        #expect(pair.wire.sent[0].bytes.suffix(16).allSatisfy { $0 == 0 })
        pair.wire.advance(6)
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .cookieReply, .initiation, .response, .data])
        #expect(!pair.wire.sent[2].bytes.suffix(16).allSatisfy { $0 == 0 })
        #expect(pair.b.delivered == [ping])
    }

    /// The initiator is under load: the response needs a cookie as well.
    @Test func responsesNeedCookiesToo() throws {
        let pair = try Pair()
        pair.a.underLoad = true
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .response, .cookieReply])
        pair.wire.advance(6)
        #expect(pair.b.delivered == [ping])
    }

    /// A cookie is used for 115 s; then the next message under load earns a new one.
    @Test func cookiesGrowOld() throws {
        let pair = try Pair()
        pair.b.underLoad = true
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(6)
        let withCookie = { (d: Datagram) in d.kind == .initiation && !d.bytes.suffix(16).allSatisfy { $0 == 0 } }
        #expect(pair.wire.sent.filter(withCookie).count == 1)
        pair.wire.advance(130)
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent.filter(withCookie).count == 1)
        #expect(pair.wire.sent.filter { $0.kind == .cookieReply }.count == 2)
        pair.wire.advance(6)
        #expect(pair.wire.sent.filter(withCookie).count == 2)
    }

    @Test func secretLivesTwoMinutes() {
        var checker = CookieChecker()
        let source = socketAddress("192.0.2.1:1")
        let key = PrivateKey { for i in $0.indices { $0[i] = 9 } }.publicKey
        checker.setPublicKey(key)
        var mac1Key = [UInt8](repeating: 0, count: 32)
        MessageMACs.mac1Key(key, into: &mac1Key)
        var draws = 0
        func verdict(_ time: UInt64) -> CookieChecker.Verdict {
            var message = [UInt8](repeating: 0, count: 148)
            message[0] = 1
            MessageMACs.write(&message, count: 148, mac1Key: mac1Key, cookie: ping)
            return checker.check(message, count: 148, from: source, underLoad: true, now: time) { bytes in
                draws += 1
                for i in bytes.indices { bytes[i] = UInt8(draws) }
            }
        }
        #expect(verdict(1) == .withoutCookie)
        #expect(verdict(Limits.cookieSecretLifetime) == .withoutCookie)
        #expect(draws == 1)
        #expect(verdict(1 + Limits.cookieSecretLifetime) == .withoutCookie)
        #expect(draws == 2)
    }

    @Test func forgedCookieRepliesChangeNothing() throws {
        let pair = try Pair()
        pair.b.underLoad = true
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        pair.wire.deliver(pair.wire.held)
        let reply = try #require(pair.wire.held.last)
        #expect(reply.kind == .cookieReply)
        for bit in 32..<(64 * 8) {
            var forged = reply
            forged.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            pair.wire.deliver([forged])
        }
        #expect(pair.a.count(.invalidCookieReply) > 400)
        #expect(pair.a.device.state(pair.toB).pointee.cookieBirthdate == 0)
        pair.wire.deliver([reply])
        #expect(pair.a.device.state(pair.toB).pointee.cookieBirthdate == pair.wire.time)
    }

    /// Milliseconds and whether a message is let through: K selftest/ratelimiter.c.
    @Test(arguments: ["192.0.2.1:1", "[2001:db8:1:2:3:4:5:6]:1"])
    func rateLimit(_ source: String) {
        var limiter = RateLimiter()
        let address = socketAddress(source).address
        let table: [(wait: UInt64, allowed: Bool)] = [
            (0, true), (0, true), (0, true), (0, true), (0, true), (0, false), (50, true), (0, false), (100, true),
            (0, true), (0, false), (300, true), (0, true), (0, true), (0, true), (0, true), (0, false),
        ]
        var time: UInt64 = 5_000_000_000
        for (row, (wait, allowed)) in table.enumerated() {
            time += wait * 1_000_000
            let verdict = limiter.allows(address, now: time)
            #expect(verdict == allowed, "row \(row)")
        }
    }

    @Test func rateLimitByAddressAndBy64() {
        var limiter = RateLimiter()
        let now: UInt64 = 5_000_000_000
        func allows(_ source: String, now: UInt64) -> Bool { limiter.allows(socketAddress(source).address, now: now) }
        for _ in 0..<5 { #expect(allows("[2001:db8::1]:1", now: now)) }
        #expect(!allows("[2001:db8::ffff:1]:1", now: now))
        #expect(allows("[2001:db8:0:1::1]:1", now: now))
        for i in 0..<UInt32(70_000) { _ = limiter.allows(.v4(IPv4Address(rawValue: i)), now: now) }
        #expect(limiter.count == RateLimiter.mostSources)
        #expect(allows("192.0.2.1:1", now: now + 2_000_000_000))
        #expect(limiter.count == 1)
    }
}
