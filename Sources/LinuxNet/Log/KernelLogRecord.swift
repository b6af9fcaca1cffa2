internal import NetTypes

/// What one record of /dev/kmsg says of WireGuard: the interface, and what happened.
struct KernelLogRecord: Equatable {
    let interface: String
    /// The event; its peer is known by number only.
    let event: TunnelEvent

    /// Reads `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,…];TEXT`, with what may follow on further lines. nil: it is not
    /// WireGuard that speaks, or it says something that is not known here.
    ///
    /// `wallAtBoot`: nanoseconds since the epoch at which the kernel's log clock stood at 0.
    init?(_ record: some StringProtocol, wallAtBoot: UInt64) {
        guard let semicolon = record.firstIndex(of: ";") else { return nil }
        let header = record[..<semicolon].split(separator: ",", omittingEmptySubsequences: false)
        guard header.count >= 4, let microseconds = UInt64(header[2]), microseconds < 1 << 50 else { return nil }
        let line = record[record.index(after: semicolon)...].prefix { $0 != "\n" }
        // The last one: whoever has dynamic debug on already may have asked for the module's name in front as well.
        guard let prefix = line.ranges(of: Self.prefix).last else { return nil }
        let rest = line[prefix.upperBound...]
        guard let colon = rest.firstRange(of: ": "), colon.lowerBound != rest.startIndex else {
            return nil
        }
        let text = rest[colon.upperBound...]
        for (kind, template) in Self.templates {
            guard let fields = Fields(text, as: template) else { continue }
            let wall = wallAtBoot + microseconds * 1000
            interface = String(rest[..<colon.lowerBound])
            event = TunnelEvent(
                kind, sinceBoot: microseconds * 1000, seconds: Int64(wall / 1_000_000_000),
                nanoseconds: UInt32(wall % 1_000_000_000), peerNumber: fields.peer, endpoint: fields.endpoint,
                keypair: fields.keypair, attempts: fields.attempts, reason: fields.reason)
            return
        }
        return nil
    }

    private static let prefix = "wireguard: "

    /// The format strings of drivers/net/wireguard: %p the peer's number, %a an address and port, %k a keypair's number,
    /// %t attempts, %r what ends the reason that began with the line, %_ anything.
    static let templates: [(TunnelEvent.Kind, String)] = [
        (.receivingInitiation, "Receiving handshake initiation from peer %p (%a)"),
        (.receivingResponse, "Receiving handshake response from peer %p (%a)"),
        (.receivingCookieReply, "Receiving cookie response from %a"),
        (.receivingKeepalive, "Receiving keepalive packet from peer %p (%a)"),
        (.sendingInitiation, "Sending handshake initiation to peer %p (%a)"),
        (.sendingResponse, "Sending handshake response to peer %p (%a)"),
        (.sendingCookieReply, "Sending cookie response for denied handshake message for %a"),
        (.sendingKeepalive, "Sending keepalive packet to peer %p (%a)"),
        (.invalidMAC, "Invalid MAC of handshake, dropping packet from %a"),
        (.invalidInitiation, "Invalid handshake initiation from %a"),
        (.invalidResponse, "Invalid handshake response from %a"),
        (.invalidCookieReply, "Could not decrypt invalid cookie response"),
        (.droppedHandshake, "Dropping handshake packet from %a"),
        (.keypairCreated, "Keypair %k created for peer %p"),
        (.keypairDestroyed, "Keypair %k destroyed for peer %p"),
        (.gaveUpHandshake, "Handshake for peer %p (%a) did not complete after %t attempts, giving up"),
        (.retryingHandshake, "Handshake for peer %p (%a) did not complete after %_ seconds, retrying (try %t)"),
        (.stoppedHearing, "Retrying handshake with peer %p (%a) because we stopped hearing back after %_ seconds"),
        (.zeroingKeys, "Zeroing out all keys for peer %p (%a), since we haven't received a new one in %_ seconds"),
        (.peerCreated, "Peer %p created"),
        (.peerDestroyed, "Peer %p (%a) destroyed"),
        (.refusedPacket, "Packet %r from peer %p (%a)"),
        (.refusedPacket, "Packet has invalid nonce %r"),
        (.unsentPacket, "No peer has allowed IPs matching %r"),
        (.unsentPacket, "No valid endpoint %r for peer %p"),
        (.unsentPacket, "No route to %r"),
        (.interfaceCreated, "Interface created"),
        (.interfaceDestroyed, "Interface destroyed"),
    ]

    /// What stood in the places of a template.
    private struct Fields {
        var peer: UInt64?
        var endpoint: SocketAddress?
        var keypair: UInt64?
        var attempts: Int?
        var reason: String?

        /// nil: the text is not of this form.
        init?<Text: StringProtocol>(_ text: Text, as template: String) where Text.SubSequence == Text {
            var rest = text
            let parts = template.split(separator: "%", omittingEmptySubsequences: false)
            guard rest.hasPrefix(parts[0]) else { return nil }
            rest = rest.dropFirst(parts[0].count)
            for (i, part) in parts.enumerated().dropFirst() {
                let literal = String(part.dropFirst())
                let isLast = i == parts.count - 1
                let end: Text.Index
                if isLast {
                    // From the end: an address that is none is written with a bracket of its own.
                    guard rest.hasSuffix(literal) else { return nil }
                    end = rest.index(rest.endIndex, offsetBy: -literal.count)
                } else {
                    guard let found = rest.firstRange(of: literal) else { return nil }
                    end = found.lowerBound
                }
                guard end > rest.startIndex else { return nil }
                guard take(part.first, rest[..<end], line: text[..<end]) else { return nil }
                rest = rest[end...].dropFirst(literal.count)
            }
            guard rest.isEmpty else { return nil }
        }

        private mutating func take(_ what: Character?, _ value: some StringProtocol, line: some StringProtocol) -> Bool
        {
            switch what {
            case "p":
                peer = UInt64(value)
                return peer != nil
            case "k":
                keypair = UInt64(value)
                return keypair != nil
            case "t":
                attempts = Int(value)
                return attempts != nil
            case "a":
                // A peer without an endpoint has (einval) here.
                endpoint = SocketAddress(kernel: String(value))
                return true
            case "r":
                reason = String(line)
                return true
            default: return true
            }
        }
    }
}

extension SocketAddress {
    /// As the kernel's `%pISpfsc` writes it: `192.0.2.7:51820`, `[2001:db8::1]:51820/FLOW%SCOPE`.
    init?(kernel text: String) {
        var text = text[...]
        var scope: UInt32 = 0
        if let slash = text.firstIndex(of: "/") {
            let tail = text[text.index(after: slash)...].split(separator: "%")
            guard tail.count == 2, UInt32(tail[0]) != nil, let number = UInt32(tail[1]) else { return nil }
            scope = number
            text = text[..<slash]
        }
        guard let plain = SocketAddress(String(text)) else { return nil }
        self.init(plain.address, port: plain.port, scope: scope)
    }
}
