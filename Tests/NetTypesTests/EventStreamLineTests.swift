import Testing

@testable import NetTypes

@Suite struct EventStreamLineTests {
    static let key = PublicKey(bytes: [UInt8](repeating: 0xfb, count: 32))!

    @Test(arguments: TunnelEvent.Kind.allCases) func `an event comes back as it went`(_ kind: TunnelEvent.Kind) {
        var event = TunnelEvent(kind, sinceBoot: .max, seconds: 1_763_838_251, nanoseconds: 7)
        for endpoint in [nil, "203.0.113.7:51820", "[2001:db8::1]:1", "[fe80::1%3]:65535"] {
            event.endpoint = endpoint.flatMap { SocketAddress($0) }
            #expect(event.endpoint?.description == endpoint)
            for peer in [nil, Self.key] {
                event.peer = peer
                event.keypair = peer.map { _ in 12 }
                event.attempts = peer.map { _ in 20 }
                let line = EventStreamLine.event(event)
                #expect(EventStreamLine(line.description) == line)
            }
        }
    }

    @Test(
        arguments: [
            ("live", .live), ("missed=3", .missed(3)),
            (
                "time=5.000000009 since_boot=1 event=keypair-created keypair=4 colour=red",
                .event(TunnelEvent(.keypairCreated, sinceBoot: 1, seconds: 5, nanoseconds: 9, keypair: 4))
            ),
        ] as [(String, EventStreamLine)]) func valid(_ text: String, _ line: EventStreamLine)
    {
        #expect(EventStreamLine(text) == line)
    }

    @Test(arguments: [
        "", "lively", "missed=", "missed=0", "missed=-1", "missed=x", "event=keypair-created",
        "time=5.000000009 since_boot=1", "time=5.000000009 since_boot=1 event=tea-time",
        "time=5.000000009 since_boot=1 since_boot=1 event=zeroing-keys", "time=5 since_boot=1 event=zeroing-keys",
        "time=5.9 since_boot=1 event=zeroing-keys", "time=5.000000009 since_boot=-1 event=zeroing-keys",
        "time=5.000000009 since_boot=1 event=zeroing-keys peer=", "time=5.000000009 event=zeroing-keys",
        "time=5.000000009 since_boot=1 event=zeroing-keys peer=abc",
        "time=5.000000009 since_boot=1 event=zeroing-keys endpoint=itzxa.com:1",
        "time=5.000000009 since_boot=1 event=zeroing-keys keypair=x",
        "time=5.000000009 since_boot=1 event=zeroing-keys x",
        "=1 time=5.000000009 since_boot=1 event=zeroing-keys",
    ]) func invalid(_ text: String) { #expect(EventStreamLine(text) == nil) }

    @Test(arguments: [
        "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+1", "[::1]", "[::1]:x", "::1:5", "[::1:5",
        "[::1%0]:5",
        "[::1%eth0]:5", "[1.2.3.4]:5", "host:5",
    ]) func `no socket address`(_ text: String) { #expect(SocketAddress(text) == nil) }

    @Test(arguments: [
        (TunnelEvent.Kind.receivingInitiation, "Receiving handshake initiation (1.200.48.72:19543)"),
        (.keypairCreated, "Keypair 1 created (1.200.48.72:19543)"),
        (.retryingHandshake, "Handshake did not complete after 5 seconds, retrying (try 2) (1.200.48.72:19543)"),
        (.gaveUpHandshake, "Handshake did not complete after 2 attempts, giving up (1.200.48.72:19543)"),
        (.refusedPacket, "Packet has incorrect size (1.200.48.72:19543)"),
    ]) func words(_ kind: TunnelEvent.Kind, _ text: String) {
        let event = TunnelEvent(
            kind, sinceBoot: 0, seconds: 0, nanoseconds: 0, endpoint: SocketAddress("1.200.48.72:19543"), keypair: 1,
            attempts: 2, reason: "Packet has incorrect size")
        #expect(event.text == text)
    }
}
