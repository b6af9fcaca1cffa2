import NetTypes
import Testing

@Suite struct TunnelEventTests {
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
