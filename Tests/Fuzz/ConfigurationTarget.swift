// The configuration socket: what clients write, and what they are answered.

import Glibc
import NetTypes
import UAPI

@testable import Datapath
@testable import WireGuardProtocol

/// An input is a byte of flags and what a client writes. Bit 0: through a connection, in pieces of a size from the other bits;
/// else as one request, which is done on a device whose dump must read back as what was asked for.
enum ConfigurationTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let flags = input.byte()
        let text = input.remainder()
        if flags & 1 != 0 { converse(text, pieces: Int(flags >> 1) + 1) } else { roundTrip(text) }
        return 0
    }

    fileprivate static let names = InterfaceNames(index: { $0 == "eth0" ? 2 : nil }, name: { _ in nil })

    private static func parse(_ text: UnsafeRawBufferPointer) throws(UAPIError) -> UAPIRequest {
        try UAPIRequest(text, names: names)
    }

    private static func roundTrip(_ text: [UInt8]) {
        let copy = ExactCopy(text)
        let request: UAPIRequest
        do throws(UAPIError) { request = try parse(UnsafeRawBufferPointer(copy.memory)) } catch {
            expect(error.line > 0 && !error.fault.description.isEmpty, "\(error)")
            return
        }
        guard case .set(let change) = request else { return }
        let node = Node(seed: 1)
        var endpoints: [PeerIndex: SocketAddress] = [:]
        func perform(_ body: (Device) -> Void) {
            node.perform(body)
            for effect in node.effects.list {
                switch effect {
                case .setEndpoint(let peer, let address): endpoints[peer] = address
                case .peerRemoved(let peer): endpoints[peer] = nil
                default: break
                }
            }
        }
        if let key = change.interface.privateKey {
            perform { $0.setPrivateKey(key, now: node.now, into: &node.effects) }
        }
        do throws(AWGFault) {
            let sets = try node.device.dialects(changedBy: change.interface.awg.all)
            try? node.device.setDialects(sets)
        } catch { expect(!error.description.isEmpty, "a fault without words") }
        for peer in change.peers {
            perform { device in
                do throws(ConfigurationError) {
                    try device.configure(peer, now: node.now, into: &node.effects)
                } catch { expect(change.peers.count > 8, "room for 8 peers, \(error)") }
            }
        }
        check(node.device, change, endpoints)
    }

    private static func check(_ device: Device, _ change: SetRequest, _ endpoints: [PeerIndex: SocketAddress]) {
        var interface = InterfaceSection()
        if let key = device.privateKey { interface.privateKey = key }
        (interface.listenPort, interface.mark) = (change.interface.listenPort, change.interface.mark)
        interface.awg = AWGSets(device.dialects.map(\.settings))
        let peers = device.peers.map { peer in
            var section = device.section(of: peer)
            section.endpoint = endpoints[peer]
            (section.receivedBytes, section.sentBytes) = (1, .max)
            return section
        }
        var writer = AnswerWriter(peers: 8, names: names)
        writer.write(interface)
        for peer in peers { writer.write(peer) }
        let text = writer.end(errno: 0)
        let dump = ExactCopy(Array(text.bytes))
        var reader = AnswerReader(names: names)
        var seen: [PeerSection] = []
        let taken = try? reader.take(UnsafeRawBufferPointer(dump.memory)) { seen.append($0) }
        guard taken == text.count, reader.isComplete, reader.errorNumber == 0 else {
            finding("an answer that cannot be read: \(String(decoding: text.bytes, as: UTF8.self))")
        }
        expect(reader.interface == interface, "the interface \(reader.interface)")
        expect(seen == peers, "the peers \(seen)")
    }

    private static func byte(_ text: String) -> SecretBuffer {
        var buffer = SecretBuffer()
        buffer.append(text)
        return buffer
    }

    /// A client that writes, then reads until it is hung up on.
    private static func converse(_ text: [UInt8], pieces: Int) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return }
        defer { close(ends[0]) }
        let connection = UAPIConnection(descriptor: ends[1])
        var requests = 0
        var answers = 0
        var at = 0
        var isOpen = true
        var buffer = [UInt8](repeating: 0, count: 4096)
        while isOpen {
            let n = text.withUnsafeBytes {
                send(ends[0], $0.baseAddress! + at, min(pieces, text.count - at), Int32(MSG_NOSIGNAL))
            }
            // What the server does not read because it hung up, nobody asks for.
            at = n < 0 && errno != EAGAIN ? text.count : at + max(0, n)
            if at == text.count { shutdown(ends[0], Int32(SHUT_WR)) }
            var isLate = false
            isOpen =
                connection.serve { request in
                    requests += 1
                    isLate = requests % 3 == 0
                    let copy = ExactCopy(request)
                    let isRefused = (try? parse(UnsafeRawBufferPointer(copy.memory))) == nil
                    return isLate ? nil : byte(isRefused ? "!" : ".")
                } != nil
            if isLate { connection.complete(byte(".")) }
            while case let n = read(ends[0], &buffer, buffer.count), n > 0 {
                answers += n
                expect(buffer[..<n].allSatisfy { $0 == 33 || $0 == 46 }, "an answer that nobody gave")
            }
        }
        expect(requests == answers, "\(answers) answers to \(requests) requests")
    }
}

/// An input is what a userspace WireGuard answers to `get=1`.
enum DumpTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let copy = ExactCopy(input.remainder())
        var reader = AnswerReader(names: ConfigurationTarget.names)
        do throws(UAPIError) {
            var peers = 0
            let taken = try reader.take(UnsafeRawBufferPointer(copy.memory)) { _ in peers += 1 }
            expect(taken <= copy.memory.count, "\(taken) bytes taken of \(copy.memory.count)")
            expect(peers <= taken / 76, "\(peers) peers in \(taken) bytes")
            expect(reader.errorNumber >= 0, "errno \(reader.errorNumber)")
        } catch {
            expect(error.line > 0 && !error.fault.description.isEmpty, "line \(error.line)")
        }
        return 0
    }
}
