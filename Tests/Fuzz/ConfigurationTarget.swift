// The configuration socket: what clients write, and what they are answered.

import Compiler
import Glibc
import NetTypes

@testable import Datapath
@testable import LinuxNet
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

    private static func parse(_ text: UnsafeRawBufferPointer) throws(UAPIError) -> UAPIRequest {
        try UAPIRequest.parse(text, interfaceIndex: { $0 == "eth0" ? 2 : nil })
    }

    private static func roundTrip(_ text: [UInt8]) {
        let copy = ExactCopy(text)
        let request: UAPIRequest
        do throws(UAPIError) { request = try parse(UnsafeRawBufferPointer(copy.memory)) } catch {
            expect(error.code > 0 && error.line > 0, "error \(error.code) in line \(error.line)")
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
        if let key = change.privateKey { perform { $0.setPrivateKey(key, now: node.now, into: &node.effects) } }
        for peer in change.peers {
            perform { device in
                do throws(ConfigurationError) {
                    try device.configure(peer, now: node.now, into: &node.effects)
                } catch { expect(change.peers.count > 8, "room for 8 peers, \(error)") }
            }
        }
        check(node.device, change, endpoints)
    }

    private static func check(_ device: Device, _ change: UAPIChange, _ endpoints: [PeerIndex: SocketAddress]) {
        var writer = UAPIWriter(peers: 8)
        writer.device(privateKey: device.privateKey, port: change.listenPort ?? 0, mark: change.mark ?? 0)
        for peer in device.peers {
            let status = UAPIPeer(
                status: device.status(of: peer), endpoint: endpoints[peer], receivedBytes: 1, sentBytes: .max)
            writer.peer(status, interfaceName: { _ in nil })
            device.forEachAllowedIP(of: peer) { writer.allowedIP($0) }
        }
        writer.end(0)
        let dump = ExactCopy(writer.bytes)
        expect(ConfigurationText.errorNumber(UnsafeRawBufferPointer(dump.memory)) == 0, "no errno at the end")
        var reader = ConfigurationReader()
        guard (try? reader.take(dump.memory)) == dump.memory.count, reader.isComplete, reader.errorNumber == 0 else {
            finding("a dump that cannot be read: \(String(decoding: writer.bytes, as: UTF8.self))")
        }
        let seen = reader.device
        expect(seen.listenPort == change.listenPort ?? 0 && seen.fwmark == change.mark ?? 0, "port or mark")
        expect(seen.privateKey == device.privateKey, "the private key")
        expect(seen.peers.count == device.peers.count, "\(seen.peers.count) peers")
        for (peer, got) in zip(device.peers, seen.peers) {
            let status = device.status(of: peer)
            var networks: [IPPrefix] = []
            device.forEachAllowedIP(of: peer) { networks.append($0) }
            expect(got.publicKey == status.publicKey && got.presharedKey == status.presharedKey, "keys")
            expect(got.endpoint == endpoints[peer], "endpoint \(String(describing: got.endpoint))")
            expect(got.keepalive == status.persistentKeepalive, "keepalive")
            expect(got.allowedIPs == networks.sorted(), "allowed IPs")
            expect(got.received == 1 && got.sent == .max, "counters")
        }
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
                    return isLate ? nil : isRefused ? [33] : [46]
                } != nil
            if isLate { connection.complete([46]) }
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
        _ = ConfigurationText.errorNumber(UnsafeRawBufferPointer(copy.memory))
        var reader = ConfigurationReader()
        do throws(ConfigurationText.Refusal) {
            let taken = try reader.take(copy.memory)
            expect(taken <= copy.memory.count, "\(taken) bytes taken of \(copy.memory.count)")
            for peer in reader.device.peers {
                expect(peer.allowedIPs == peer.allowedIPs.sorted(), "allowed IPs in order")
            }
        } catch {
            expect(error.line > 0 && !error.reason.isEmpty, "line \(error.line)")
        }
        return 0
    }
}
