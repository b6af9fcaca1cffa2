import BoxModel
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

@Suite struct KernelLogRecordTests {
    static func event(_ text: String) -> TunnelEvent? {
        KernelLogRecord(
            "7,1234,5000001,-;wireguard: wg0: \(text)\n SUBSYSTEM=net\n", wallAtBoot: 1_700_000_000_000_000_000)?
            .event
    }

    /// One line of each format string of drivers/net/wireguard, and what the shared event says in its place.
    @Test(
        arguments: [
            (
                "Receiving handshake initiation from peer 6 (1.200.48.72:19543)",
                "Receiving handshake initiation (1.200.48.72:19543)", 6
            ),
            (
                "Receiving handshake response from peer 6 ([2001:db8::1]:5/0%0)",
                "Receiving handshake response ([2001:db8::1]:5)", 6
            ),
            ("Receiving cookie response from 1.2.3.4:5", "Receiving cookie response (1.2.3.4:5)", nil),
            (
                "Receiving keepalive packet from peer 18446744073709551615 (1.2.3.4:5)",
                "Receiving keepalive packet (1.2.3.4:5)", .max
            ),
            (
                "Sending handshake initiation to peer 6 ([fe80::1]:5/1048575%3)",
                "Sending handshake initiation ([fe80::1%3]:5)", 6
            ),
            ("Sending handshake response to peer 6 (1.2.3.4:5)", "Sending handshake response (1.2.3.4:5)", 6),
            (
                "Sending cookie response for denied handshake message for 1.2.3.4:5",
                "Sending cookie response for denied handshake message (1.2.3.4:5)", nil
            ),
            ("Sending keepalive packet to peer 6 (1.2.3.4:5)", "Sending keepalive packet (1.2.3.4:5)", 6),
            (
                "Invalid MAC of handshake, dropping packet from 1.2.3.4:5",
                "Invalid MAC of handshake, dropping packet (1.2.3.4:5)", nil
            ),
            ("Invalid handshake initiation from 1.2.3.4:5", "Invalid handshake initiation (1.2.3.4:5)", nil),
            ("Invalid handshake response from 1.2.3.4:5", "Invalid handshake response (1.2.3.4:5)", nil),
            ("Could not decrypt invalid cookie response", "Could not decrypt invalid cookie response", nil),
            ("Dropping handshake packet from 1.2.3.4:5", "Dropping handshake packet (1.2.3.4:5)", nil),
            ("Keypair 1 created for peer 6", "Keypair 1 created", 6),
            ("Keypair 12 destroyed for peer 6", "Keypair 12 destroyed", 6),
            (
                "Handshake for peer 6 (1.2.3.4:5) did not complete after 20 attempts, giving up",
                "Handshake did not complete after 20 attempts, giving up (1.2.3.4:5)", 6
            ),
            (
                "Handshake for peer 6 (1.2.3.4:5) did not complete after 5 seconds, retrying (try 2)",
                "Handshake did not complete after 5 seconds, retrying (try 2) (1.2.3.4:5)", 6
            ),
            (
                "Retrying handshake with peer 6 (1.2.3.4:5) because we stopped hearing back after 15 seconds",
                "Retrying handshake because we stopped hearing back after 15 seconds (1.2.3.4:5)", 6
            ),
            (
                "Zeroing out all keys for peer 6 ((einval)), since we haven't received a new one in 540 seconds",
                "Zeroing out all keys, since we haven't received a new one in 540 seconds", 6
            ),
            ("Peer 6 created", "Peer created", 6), ("Peer 6 ((einval)) destroyed", "Peer destroyed", 6),
            (
                "Packet has unallowed src IP (10.0.0.9) from peer 6 (1.2.3.4:5)",
                "Packet has unallowed src IP (10.0.0.9) (1.2.3.4:5)", 6
            ),
            (
                "Packet is neither ipv4 nor ipv6 from peer 6 (1.2.3.4:5)",
                "Packet is neither ipv4 nor ipv6 (1.2.3.4:5)", 6
            ),
            ("Packet has incorrect size from peer 6 (1.2.3.4:5)", "Packet has incorrect size (1.2.3.4:5)", 6),
            ("Packet has invalid nonce 7 (max 9)", "Packet has invalid nonce 7 (max 9)", nil),
            ("No peer has allowed IPs matching 10.0.0.9", "No peer has allowed IPs matching 10.0.0.9", nil),
            (
                "No valid endpoint has been configured or discovered for peer 6",
                "No valid endpoint has been configured or discovered", 6
            ),
            ("No route to 1.2.3.4:5, error -101", "No route to 1.2.3.4:5, error -101", nil),
            ("Interface created", "Interface created", nil), ("Interface destroyed", "Interface destroyed", nil),
        ] as [(String, String, UInt64?)]) func valid(_ line: String, _ text: String, _ peer: UInt64?) throws
    {
        let event = try #require(Self.event(line))
        #expect(event.text == text)
        #expect(event.peerNumber == peer)
        #expect(event.peer == nil)
        #expect(event.sinceBoot == 5_000_001_000)
        #expect(event.seconds == 1_700_000_005 && event.nanoseconds == 1000)
    }

    @Test func `every form of line is told apart`() {
        let kinds = Set(KernelLogRecord.templates.map(\.0))
        #expect(kinds == Set(TunnelEvent.Kind.allCases))
    }

    @Test(arguments: [
        "", "7,1,5,-", "7,1,5,-;", ";wireguard: wg0: Peer 6 created", "7,1,5;wireguard: wg0: Peer 6 created",
        "7,1,x,-;wireguard: wg0: Peer 6 created", "7,1,-5,-;wireguard: wg0: Peer 6 created",
        "7,1,5,-;wireguard: Peer 6 created", "7,1,5,-;wg0: Peer 6 created", "7,1,5,-;wireguard: : Peer 6 created",
        "7,1,5,-;wireguard: wg0: Peer six created", "7,1,5,-;wireguard: wg0: Peer  created",
        "7,1,5,-;wireguard: wg0: Peer 6 created again", "7,1,5,-;wireguard: wg0: Peer 6",
        "7,1,5,-;wireguard: wg0: Keypair 1 created for peer -6", "7,1,5,-;wireguard: wg0: Has a bright future",
        "7,1,5,-;wireguard: wg0: Receiving keepalive packet from peer 6 (1.2.3.4:5", "7,1,5,-;eth0: Peer 6 created",
        "7,1,5,-;usb 1-1: new device\n wireguard: wg0: Peer 6 created",
    ]) func invalid(_ record: String) { #expect(KernelLogRecord(record, wallAtBoot: 0) == nil) }

    @Test func `the interface is named, whatever else stands in front`() {
        for prefix in ["wireguard: ", "[12] wireguard:wg_packet_receive:543: wireguard: ", "wireguard: wireguard: "] {
            let record = KernelLogRecord("7,1,5,c,caller=T12;\(prefix)office-2: Peer 6 created", wallAtBoot: 0)
            #expect(record?.interface == "office-2")
        }
    }
}

@Suite struct PeerNumbersTests {
    private static func key(_ byte: UInt8) -> PublicKey { PublicKey(bytes: [UInt8](repeating: byte, count: 32))! }

    private static func peer(_ byte: UInt8, _ endpoint: String?) -> ObservedPeer {
        ObservedPeer(publicKey: key(byte), endpoint: endpoint.flatMap { SocketAddress($0) })
    }

    private static func event(_ number: UInt64?, _ endpoint: String? = nil) -> TunnelEvent {
        TunnelEvent(
            .receivingKeepalive, sinceBoot: 0, seconds: 0, nanoseconds: 0, peerNumber: number,
            endpoint: endpoint.flatMap { SocketAddress($0) })
    }

    @Test func `numbers are learned by endpoint, remembered, and never guessed`() {
        var numbers = PeerNumbers()
        var peers = [
            Self.peer(1, "1.1.1.1:1"), Self.peer(2, "2.2.2.2:2"), Self.peer(3, "9.9.9.9:9"), Self.peer(4, "9.9.9.9:9"),
        ]
        var readings = 0
        var now: UInt64 = 1
        func who(_ number: UInt64?, _ endpoint: String? = nil) -> PublicKey? {
            var event = Self.event(number, endpoint)
            numbers.identify(&event, now: now) {
                readings += 1
                return peers
            }
            return event.peer
        }
        #expect(who(nil, "1.1.1.1:1") == nil)
        #expect(who(6) == nil)
        #expect(readings == 0)
        #expect(who(6, "1.1.1.1:1") == Self.key(1))
        #expect(who(7, "2.2.2.2:2") == Self.key(2))
        #expect(readings == 1)
        #expect(who(6) == Self.key(1))
        // Two peers behind one address: it may be either.
        #expect(who(8, "9.9.9.9:9") == nil)
        // Roaming does not change who it is, and another peer may come to the old address.
        peers = [Self.peer(1, "5.5.5.5:5"), Self.peer(2, "1.1.1.1:1"), Self.peer(5, "6.6.6.6:6")]
        #expect(who(6, "5.5.5.5:5") == Self.key(1))
        #expect(who(7, "1.1.1.1:1") == Self.key(2))
        // Unknown endpoints do not make it read again and again.
        #expect(who(9, "6.6.6.6:6") == nil)
        #expect(readings == 1)
        now += PeerNumbers.restBetween + 1
        #expect(who(9, "6.6.6.6:6") == Self.key(5))
        #expect(readings == 2)
        // And an old reading is not believed.
        peers = [Self.peer(8, "6.6.6.6:6")]
        now += PeerNumbers.staleAfter + 1
        #expect(who(10, "6.6.6.6:6") == Self.key(8))
    }
}

@Suite struct KernelLogSwitchTests {
    /// A kernel's switches in memory.
    final class Twin {
        /// Flags by `FILE:LINE`.
        var flags: [String: String] = [
            "drivers/net/wireguard/send.c:40": "_", "drivers/net/wireguard/send.c:97": "_",
            "drivers/net/wireguard/peer.c:12": "pf", "net/core/dev.c:1": "_",
        ]
        var refuses = false

        var debug: DynamicDebug {
            DynamicDebug(
                read: { () throws(BoxError) in
                    "# filename:lineno [module]function flags format\n"
                        + self.flags.sorted { $0.key < $1.key }.map { site, flags in
                            let module = site.contains("wireguard") ? "wireguard" : "dev"
                            return "\(site) [\(module)]some_function =\(flags) \"%s: Peer =p [wireguard]\\012\"\n"
                        }.joined()
                },
                write: { text throws(BoxError) in
                    if self.refuses { throw .system(.init(.turnOn, .debugLines()), code: EPERM) }
                    for line in text.split(separator: "\n") {
                        let words = line.split(separator: " ")
                        guard words.count == 7, words[0...1] == ["module", "wireguard"], words[2] == "file",
                            words[4] == "line", self.flags["\(words[3]):\(words[5])"] != nil
                        else { throw .system(.init(.turnOn, .debugLines(path: "\(line)")), code: EINVAL) }
                        self.flags["\(words[3]):\(words[5])"] = words[6] == "+p" ? "p" : "_"
                    }
                })
        }
    }

    private static func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/wggw-switch-XXXXXX".utf8CString)
        let path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        defer {
            for name in ["log.on", "log.lock"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }

    @Test func `the last one turns off what the first has turned on, and only that`() throws {
        try Self.withDirectory { directory in
            let twin = Twin()
            let before = twin.flags
            let first = try KernelLogSwitch(directory: directory, debug: twin.debug)
            let on = twin.flags
            #expect(on.filter { $0.value.contains("p") }.count == 3)
            #expect(on["net/core/dev.c:1"] == "_")
            let second = try KernelLogSwitch(directory: directory, debug: twin.debug)
            try first.release()
            #expect(twin.flags == on)
            try second.release()
            #expect(twin.flags == before)
        }
    }

    @Test func `what a killed one left on goes off with the next`() throws {
        try Self.withDirectory { directory in
            let twin = Twin()
            let before = twin.flags
            // Its descriptor closes and nothing else happens, as with SIGKILL.
            _ = try KernelLogSwitch(directory: directory, debug: twin.debug)
            #expect(twin.flags != before)
            let next = try KernelLogSwitch(directory: directory, debug: twin.debug)
            try next.release()
            #expect(twin.flags == before)
        }
    }

    @Test func `a kernel that has none or refuses is said to`() throws {
        try Self.withDirectory { directory in
            let twin = Twin()
            twin.refuses = true
            #expect(throws: BoxError.self) { try KernelLogSwitch(directory: directory, debug: twin.debug) }
            twin.flags = ["net/core/dev.c:1": "_"]
            let error = #expect(throws: BoxError.self) { try KernelLogSwitch(directory: directory, debug: twin.debug) }
            #expect(error?.description.contains("CONFIG_DYNAMIC_DEBUG") == true)
        }
    }
}
