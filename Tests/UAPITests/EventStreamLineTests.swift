import NetTypes
import Testing
import UAPI

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

    @Test(arguments: [nil, 443] as [UInt16?]) func `a packet comes back as it went`(_ port: UInt16?) {
        for address in ["10.0.0.1", "fd00::1"].map({ IPAddress($0)! }) {
            var event = TunnelEvent(.refusedPacket, sinceBoot: 1, seconds: 2, nanoseconds: 3, peer: Self.key)
            event.packet = PacketHeader(
                from: address, to: address, transport: 6, sourcePort: port.map { $0 + 1 }, destinationPort: port)
            #expect(EventStreamLine(EventStreamLine.event(event).description) == .event(event))
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
        "time=5.000000009 since_boot=1",
        "time=5.000000009 since_boot=1 event=refused-packet source=10.0.0.1",
        "time=5.000000009 since_boot=1 event=refused-packet source=10.0.0.1 destination=10.0.0.2 transport=6 source_port=x",
        "time=5.000000009 since_boot=1 event=tea-time",
        "time=5.000000009 since_boot=1 since_boot=1 event=zeroing-keys", "time=5 since_boot=1 event=zeroing-keys",
        "time=5.9 since_boot=1 event=zeroing-keys", "time=5.000000009 since_boot=-1 event=zeroing-keys",
        "time=5.000000009 since_boot=1 event=zeroing-keys peer=", "time=5.000000009 event=zeroing-keys",
        "time=5.000000009 since_boot=1 event=zeroing-keys peer=abc",
        "time=5.000000009 since_boot=1 event=zeroing-keys endpoint=itzxa.com:1",
        "time=5.000000009 since_boot=1 event=zeroing-keys keypair=x",
        "time=5.000000009 since_boot=1 event=zeroing-keys x",
        "=1 time=5.000000009 since_boot=1 event=zeroing-keys",
    ]) func invalid(_ text: String) { #expect(EventStreamLine(text) == nil) }
}
