import CLinux
import Glibc
import NetTypes
import Synchronization
import Testing
import WireGuardProtocol

@testable import Datapath

private let plainInitiation = HandshakeProposal(dialect: .plain, kind: .initiation, datagramSize: 148)

@Suite struct CookieReplyTests {
    /// A and what it sends to B when it has a packet for it: 148 bytes.
    private func initiation(_ pair: TwinPair) throws -> [UInt8] {
        pair.a.write(NaivePacket().bytes())
        for _ in 0..<3 { _ = pair.a.turn() }
        return try #require(pair.a.port.sent.first).bytes
    }

    private func flood(_ count: Int) -> [udp_endpoint] {
        (0..<count).map { number in
            // Runs of either family, some longer than one send call takes.
            let isV6 = number % 300 >= 200 || number % 7 == 6
            let address: IPAddress =
                isV6
                ? .v6(IPv6Address(rawValue: 0x2001_0db8 << 96 | UInt128(number)))
                : .v4(IPv4Address(rawValue: 0xc612_0000 | UInt32(number)))
            var endpoint = udp_endpoint(SocketAddress(address, port: UInt16(1024 + number)))
            endpoint.source.0 = UInt64(number + 1)
            return endpoint
        }
    }

    @Test func underLoadEverySourceGetsItsOwnReply() throws {
        let pair = try TwinPair()
        let message = try initiation(pair)
        let sources = flood(Limits.underLoadThreshold + 300)
        for source in sources {
            pair.b.engine.control.pointee.push(handshake: message, plainInitiation, from: source, now: 0)
        }
        for _ in 0..<4 { pair.b.engine.turn() }
        let replies = pair.b.port.sent
        #expect(replies.count == sources.count)
        for (reply, source) in zip(replies, sources) {
            #expect(udp_endpoint.same(reply.to, source))
            #expect(reply.bytes.count == Message.cookieReplySize)
            #expect(reply.bytes.prefix(4) == [3, 0, 0, 0])
            // For whom, as the initiation says.
            #expect(reply.bytes[4..<8] == message[4..<8])
            #expect(reply.trafficClass == Limits.handshakeTOS)
        }
        #expect(Set(replies.map { $0.bytes[8..<32] }).count == replies.count, "a nonce twice")
    }

    /// A flood faster than the control thread fills its line: from a peer's endpoint, with the claim to a cookie, or neither. It does not
    /// fill the other two, and those have their turn.
    @Test(arguments: 0..<3) func aFloodOfOneLineLeavesRoomForTheOthers(flooded: Int) throws {
        let pair = try TwinPair()
        let message = try initiation(pair)
        var cookied = message
        cookied[cookied.count - 1] = 1
        let control = pair.b.engine.control
        let sources = flood(Limits.queuedHandshakes + 4)
        let peer = try #require(sources.last)
        control.pointee.handshakes.note(peer)
        func push(line: Int, from stranger: udp_endpoint) {
            control.pointee.push(
                handshake: line == 1 ? cookied : message, plainInitiation, from: line == 0 ? peer : stranger, now: 0)
        }
        for source in sources.prefix(Limits.queuedHandshakes) { push(line: flooded, from: source) }
        for line in 0..<3 { push(line: line, from: sources[Limits.queuedHandshakes + line]) }
        pair.b.engine.turn()
        let served = pair.b.port.sent.map(\.to)
        for line in 0..<3 where line != flooded {
            let source = line == 0 ? peer : sources[Limits.queuedHandshakes + line]
            #expect(served.count { udp_endpoint.same($0, source) } == 1, "line \(line)")
        }
        #expect(served.count == 256)
        for _ in 0..<20 { pair.b.engine.turn() }
        let late = sources[Limits.queuedHandshakes + flooded]
        #expect(!pair.b.port.sent.contains { udp_endpoint.same($0.to, late) }, "there was no room")
    }

    /// Where a peer was heard from, it is known, and what is authentic from elsewhere makes that known as well.
    @Test func aPeerIsKnownWhereItWasHeardFrom() throws {
        let pair = try TwinPair()
        let control = pair.b.engine.control
        let message = try initiation(pair)
        func isFirst(_ endpoint: udp_endpoint) -> Bool {
            for source in flood(300) { control.pointee.push(handshake: message, plainInitiation, from: source, now: 0) }
            control.pointee.push(handshake: message, plainInitiation, from: endpoint, now: 0)
            var order: [udp_endpoint] = []
            while control.pointee.handshakes.pop(turn: 0, { _, _, from in order.append(from) }) {}
            return udp_endpoint.same(order[0], endpoint)
        }
        var home = udp_endpoint(pair.a.port.address)
        home.source.0 = 7
        #expect(!isFirst(home))
        pair.settle()
        #expect(isFirst(home))
        let elsewhere = SocketAddress(IPAddress("198.51.100.77")!, port: 4077)
        #expect(!isFirst(udp_endpoint(elsewhere)))
        pair.a.port.address = elsewhere
        pair.a.write(NaivePacket().bytes())
        pair.settle()
        #expect(isFirst(udp_endpoint(elsewhere)))
    }

    /// While there is a flood, of one address two messages in some 8 ms find room, whatever port they are from; of a peer's and of each other
    /// as well. Afterwards all do.
    @Test func oneSourceOfAFloodGetsLittleRoom() throws {
        let pair = try TwinPair()
        let message = try initiation(pair)
        let engine = pair.b.engine
        let peer = udp_endpoint(SocketAddress(IPAddress("203.0.113.5")!, port: 7))
        engine.control.pointee.handshakes.note(peer)
        func served(_ sources: [udp_endpoint], at moment: UInt64) -> Int {
            pair.b.port.sent.removeAll()
            for source in sources {
                engine.control.pointee.push(handshake: message, plainInitiation, from: source, now: moment)
            }
            for _ in 0..<100 {
                engine.turn()
                pair.time.nanoseconds += 1_000_000
            }
            return pair.b.port.sent.count
        }
        let one = (0..<600).map { udp_endpoint(SocketAddress(IPAddress("198.51.100.9")!, port: UInt16(1000 + $0))) }
        let many = flood(50).filter { Int32($0.family) == AF_INET }
        #expect(served(one, at: 1 << 23) == 600, "what is no flood yet")
        #expect(served(one + many, at: 1 << 23) >= 1 + many.count, "two of a source, and two sources may share a cell")
        #expect(served(one, at: 1 << 23) == 0)
        #expect(served(one, at: 2 << 23) == 2)
        #expect(served([peer, peer, peer, peer], at: 2 << 23) == 4)
        pair.time.nanoseconds += Limits.underLoadLatency
        #expect(served(Array(one.prefix(1)), at: 3 << 23) == 1)
        #expect(served(one, at: 3 << 23) == 600)
    }

    /// Each message takes 10 µs here, so a hundred of them are a millisecond, after which seven are somebody else's.
    @Test func aFloodGetsAPartOfTheProcessor() throws {
        let pair = try TwinPair()
        let message = try initiation(pair)
        var spent: UInt64 = 0
        pair.b.engine.processorTime = {
            spent += 10_000
            return spent
        }
        for source in flood(Limits.underLoadThreshold + 300) {
            pair.b.engine.control.pointee.push(handshake: message, plainInitiation, from: source, now: 0)
        }
        pair.b.engine.turn()
        let first = pair.b.port.sent.count
        #expect(95...105 ~= first)
        #expect(pair.b.engine.isWaiting && !pair.b.engine.hasWork)
        let isPaced = pair.b.engine.control.pointee.isPaced.load(ordering: .relaxed)
        #expect(isPaced, "workers need not wake it for each")
        pair.time.nanoseconds += 6_900_000
        pair.b.engine.turn()
        #expect(pair.b.port.sent.count == first)
        pair.time.nanoseconds += 300_000
        pair.b.engine.turn()
        #expect(95...105 ~= pair.b.port.sent.count - first)
        // To the end, after which nobody waits.
        for _ in 0..<10 {
            pair.time.nanoseconds += 8_000_000
            pair.b.engine.turn()
        }
        #expect(pair.b.port.sent.count == Limits.underLoadThreshold + 300)
    }

    /// Over real sockets: each gets the bytes that are meant for it, and one that cannot be sent keeps no other back.
    @Test(arguments: [AF_INET, AF_INET6]) func oneCallSendsEachToItsEndpoint(_ family: Int32) throws {
        let loopback: IPAddress = family == AF_INET6 ? IPAddress("::1")! : IPAddress("127.0.0.1")!
        var ports: [UInt16] = [0, 0, 0, 0]
        let descriptors = ports.indices.map { udp_open(family, &ports[$0], 0, 0) }
        defer { for descriptor in descriptors { close(descriptor) } }
        try #require(descriptors.allSatisfy { $0 >= 0 })
        var replies = CookieReplies()
        for (number, port) in ports.dropFirst().enumerated() {
            var to = udp_endpoint(SocketAddress(loopback, port: port))
            // From an address of the documentation's, which is not ours.
            if number == 1 { to.source = (family == AF_INET6 ? 0xb80d_0120 : 0x0102_00c0, 0) }
            let bytes = [UInt8](repeating: UInt8(number + 1), count: Message.cookieReplySize + number * 10)
            let fits = replies.accepts(to: to, Limits.handshakeTOS)
            #expect(fits)
            bytes.withUnsafeBytes { replies.append($0, to: to, Limits.handshakeTOS) }
        }
        udp_send_replies(
            descriptors[0], replies.endpoints, replies.bytes, replies.sizes, UInt32(replies.count),
            UInt32(replies.trafficClass))
        let got = descriptors.dropFirst().map { descriptor in
            var buffer = [UInt8](repeating: 0, count: 200)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return Array(buffer.prefix(max(0, count)))
        }
        // Each as long as it was, as those with trailers are.
        let size = Message.cookieReplySize
        let expected = [(1, size), (0, 0), (3, size + 20)].map { [UInt8](repeating: $0, count: $1) }
        #expect(got == expected)
    }
}
