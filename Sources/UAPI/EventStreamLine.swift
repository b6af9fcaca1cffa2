public import NetTypes

/// A line of an event stream: what the datapath writes to `SocketPaths.events`, and what readers of it get.
///
/// First what is remembered, then `live`, then what happens from there on. A reader that is too slow loses events and gets
/// their number in place of them. Readers ignore keys that they do not know.
public enum EventStreamLine: Hashable, Sendable, LosslessStringConvertible {
    /// `time=SECONDS.NANOSECONDS since_boot=NANOSECONDS event=WORD [peer=BASE64] [endpoint=…] [keypair=N] [attempts=N]`, and of a
    /// packet `source=ADDRESS destination=ADDRESS transport=N [source_port=N] [destination_port=N]`
    case event(TunnelEvent)
    /// `missed=N`: so many events are not told, because the reader was too slow.
    case missed(Int)
    /// `live`: what was remembered ends here.
    case live

    /// The line, without its end.
    public var description: String {
        switch self {
        case .missed(let count): return "missed=\(count)"
        case .live: return "live"
        case .event(let event):
            let digits = String(event.nanoseconds)
            let fraction = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
            var line = "time=\(event.seconds).\(fraction) since_boot=\(event.sinceBoot) event=\(event.kind.rawValue)"
            if let peer = event.peer { line += " peer=\(peer)" }
            if let number = event.peerNumber { line += " peer_number=\(number)" }
            if let endpoint = event.endpoint { line += " endpoint=\(endpoint)" }
            if let keypair = event.keypair { line += " keypair=\(keypair)" }
            if let attempts = event.attempts { line += " attempts=\(attempts)" }
            if let packet = event.packet {
                line += " source=\(packet.source) destination=\(packet.destination) transport=\(packet.transport)"
                if let port = packet.sourcePort { line += " source_port=\(port)" }
                if let port = packet.destinationPort { line += " destination_port=\(port)" }
            }
            return line
        }
    }

    /// Reads a line; nil if it is none, or is about an event that is not known here.
    public init?(_ description: String) {
        if description == "live" {
            self = .live
            return
        }
        var values: [Substring: Substring] = [:]
        for word in description.split(separator: " ") {
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return nil }
            let old = values.updateValue(word[word.index(after: equals)...], forKey: word[..<equals])
            if old != nil { return nil }
        }
        if let missed = values["missed"] {
            guard let count = Int(missed), count > 0 else { return nil }
            self = .missed(count)
            return
        }
        guard let event = TunnelEvent(values) else { return nil }
        self = .event(event)
    }
}

extension TunnelEvent {
    fileprivate init?(_ values: [Substring: Substring]) {
        guard let word = values["event"], let kind = Kind(rawValue: String(word)), let time = values["time"],
            let sinceBoot = values["since_boot"].flatMap({ UInt64($0) })
        else { return nil }
        let parts = time.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let seconds = Int64(parts[0]), parts[1].utf8.count == 9,
            let nanoseconds = UInt32(parts[1])
        else { return nil }
        self.init(kind, sinceBoot: sinceBoot, seconds: seconds, nanoseconds: nanoseconds)
        /// False: there is a value, and it is none of this type.
        func take<Value>(_ key: Substring, _ field: WritableKeyPath<Self, Value?>, _ read: (String) -> Value?) -> Bool {
            guard let text = values[key] else { return true }
            self[keyPath: field] = read(String(text))
            return self[keyPath: field] != nil
        }
        guard take("peer", \.peer, { PublicKey($0) }), take("peer_number", \.peerNumber, { UInt64($0) }),
            take("endpoint", \.endpoint, { SocketAddress($0) }), take("keypair", \.keypair, { UInt64($0) }),
            take("attempts", \.attempts, { Int($0) })
        else { return nil }
        if values["source"] != nil {
            guard let packet = PacketHeader(values) else { return nil }
            self.packet = packet
        }
    }
}

extension PacketHeader {
    fileprivate init?(_ values: [Substring: Substring]) {
        guard let source = values["source"].flatMap({ IPAddress(String($0)) }),
            let destination = values["destination"].flatMap({ IPAddress(String($0)) }),
            let transport = values["transport"].flatMap({ UInt8($0) })
        else { return nil }
        self.init(from: source, to: destination, transport: transport)
        for (key, field) in [("source_port", \Self.sourcePort), ("destination_port", \.destinationPort)] {
            guard let text = values[key[...]] else { continue }
            guard let port = UInt16(text) else { return nil }
            self[keyPath: field] = port
        }
    }
}
