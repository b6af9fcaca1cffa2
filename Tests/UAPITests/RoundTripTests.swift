import NetTypes
import Repeats
import Testing

@testable import UAPI

/// Random devices, written and read back, each line as likely there as not.
@Suite struct RoundTripTests {
    @Test(arguments: repeats(100)) func `what is asked for is what was read`(_ seed: Int) throws {
        var random = RandomSections(seed: seed, isRequest: true)
        var change = SetRequest()
        change.interface = random.interface()
        change.peers = (0..<random.below(12)).map { _ in random.peer() }
        let text = UAPIRequest.set(change).text(names: .ofTests)
        #expect(text.string.hasSuffix("\n\n"))
        let read = try UAPIRequest(UnsafeRawBufferPointer(rebasing: text.bytes.dropLast(2)), names: .ofTests)
        #expect(read == .set(change))
    }

    @Test func `and of the other request`() throws {
        let text = UAPIRequest.get.text(names: .ofTests)
        #expect(text.string == "get=1\n\n")
        #expect(try UAPIRequest(UnsafeRawBufferPointer(rebasing: text.bytes[..<5]), names: .ofTests) == .get)
    }

    /// Each answer is read in pieces of each size, as a socket may deliver it.
    @Test(arguments: repeats(30)) func `what is answered is what was read, however it comes`(_ seed: Int) throws {
        var random = RandomSections(seed: seed, isRequest: false)
        let interface = random.interface()
        let peers = (0..<random.below(8)).map { _ in random.peer() }
        let number = Int32(random.below(3) * 22)
        var writer = AnswerWriter(names: .ofTests)
        writer.write(interface)
        for peer in peers { writer.write(peer) }
        let text = writer.end(errno: number)
        let pieces = seed % 10 == 0 ? Array(1...text.count) : [1, 2, 3, 7, 63, 64, text.count]
        for piece in pieces {
            var reader = AnswerReader(names: .ofTests)
            var read: [PeerSection] = []
            var waiting = SecretBuffer()
            var at = 0
            while !reader.isComplete, at < text.count {
                let end = min(at + piece, text.count)
                waiting.append(UnsafeRawBufferPointer(rebasing: text.bytes[at..<end]))
                waiting.removeFirst(try reader.take(waiting.bytes) { read.append($0) })
                at = end
            }
            #expect(reader.isComplete && at == text.count && waiting.count == 0)
            #expect(reader.errorNumber == number && reader.interface == interface && read == peers)
        }
    }
}

/// Sections whose lines are drawn; those that only the other direction has are never there.
private struct RandomSections {
    private var random: SeededRandom
    private let isRequest: Bool

    init(seed: Int, isRequest: Bool) {
        random = SeededRandom(state: UInt64(seed))
        self.isRequest = isRequest
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func maybe<Value>(_ value: (inout Self) -> Value) -> Value? { below(2) == 0 ? nil : value(&self) }

    /// The largest and the smallest are as likely as all others.
    private mutating func number<N: FixedWidthInteger>(upTo most: N) -> N {
        [0, most, N.random(in: 0...most, using: &random)][below(3)]
    }

    mutating func interface() -> InterfaceSection {
        var section = InterfaceSection()
        section.privateKey = maybe { random in
            random.maybe { random in
                let bytes = random.random.bytes(32)
                return PrivateKey { $0.copyBytes(from: bytes) }
            }
        }
        section.listenPort = maybe { $0.number(upTo: .max) }
        section.mark = maybe { $0.number(upTo: .max) }
        section.awg = AWGSets((0..<below(AWGSets.most + 1)).map { _ in awg() })
        section.replacePeers = isRequest && below(2) == 0
        return section
    }

    /// Each line by itself: what goes together is for others to say.
    private mutating func awg() -> AWGSettings {
        var lines = AWGSettings()
        (lines.junkCount, lines.junkMinimum) = (maybe { $0.number(upTo: .max) }, maybe { $0.number(upTo: .max) })
        lines.junkMaximum = maybe { $0.number(upTo: .max) }
        lines.prefixes = PerMessage(
            initiation: maybe { $0.number(upTo: .max) }, response: maybe { $0.number(upTo: .max) },
            cookieReply: maybe { $0.number(upTo: .max) }, data: maybe { $0.number(upTo: .max) })
        lines.types = PerMessage(initiation: range(), response: range(), cookieReply: range(), data: range())
        let templates = ["", "<r 16>", "<b 0x0a0B><rc 3><rd 4><t>", "<dz 9><d><ds>"]
        for number in lines.signatures.indices {
            lines.signatures[number] = maybe { try! AWGTemplate(parsing: templates[$0.below(templates.count)]) }
        }
        lines.headerProtectionKey = maybe { random in
            random.maybe { random in
                let bytes = random.random.bytes(32)
                return HeaderProtectionKey { $0.copyBytes(from: bytes) }
            }
        }
        (lines.randomTrailers, lines.disableCookies) = (maybe { $0.below(2) == 0 }, maybe { $0.below(2) == 0 })
        (lines.contentPadding, lines.rekeyAfterTime, lines.rekeyTimeout) = (range(), range(), range())
        (lines.rejectAfterTime, lines.keepaliveTimeout, lines.maxHandshakeAttempts) = (range(), range(), range())
        return lines
    }

    private mutating func range<Bound>() -> AWGRange<Bound>? {
        maybe { AWGRange($0.number(upTo: .max), $0.number(upTo: .max)) }
    }

    mutating func peer() -> PeerSection {
        var section = PeerSection(PublicKey(bytes: random.bytes(32))!)
        section.presharedKey = maybe { random in
            random.maybe { random in
                let bytes = random.random.bytes(32)
                return PresharedKey { $0.copyBytes(from: bytes) }
            }
        }
        section.namesVersion = below(2) == 0
        section.endpoint = maybe { $0.endpoint() }
        section.persistentKeepalive = maybe { AWGRange($0.number(upTo: .max), $0.number(upTo: .max)) }
        section.dialect = maybe { $0.number(upTo: .max) }
        section.allowedIPs = (0..<below(5)).map { _ in allowedIP() }
        if isRequest {
            (section.updateOnly, section.remove) = (below(2) == 0, below(2) == 0)
            section.replaceAllowedIPs = below(2) == 0
        } else {
            section.lastHandshake = maybe { $0.number(upTo: .max) }
            section.lastHandshakeNanoseconds = maybe { $0.number(upTo: 999_999_999) }
            section.sentBytes = maybe { $0.number(upTo: .max) }
            section.receivedBytes = maybe { $0.number(upTo: .max) }
        }
        return section
    }

    private mutating func address() -> IPAddress {
        if below(2) == 0 { return .v4(IPv4Address(rawValue: number(upTo: .max))) }
        // Groups of zeros, as they are shortened.
        let groups = (0..<8).map { _ in below(2) == 0 ? 0 : UInt128(number(upTo: UInt16.max)) }
        return .v6(IPv6Address(rawValue: groups.reduce(0) { $0 << 16 | $1 }))
    }

    private mutating func endpoint() -> SocketAddress {
        let address = address()
        // One that has a name, and one that has none.
        return SocketAddress(address, port: number(upTo: .max), scope: address.isV6 ? [0, 3, 7][below(3)] : 0)
    }

    private mutating func allowedIP() -> PeerSection.AllowedIP {
        let address = address()
        return .init(
            IPPrefix(masking: address, length: below(address.bitWidth + 1)), isRemoval: isRequest && below(3) == 0)
    }
}
