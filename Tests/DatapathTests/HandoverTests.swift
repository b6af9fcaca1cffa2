import CLinux
import Glibc
import NetTypes
import Synchronization
import Testing
import UAPI
import WireGuardProtocol

@testable import Datapath

/// Addresses that are taken and given while packets with them are on their way: whoever was answered may change the firewall.
@Suite struct HandoverTests {
    private static let address = "10.0.0.1/32"

    /// From A to B.
    private func packet(_ byte: UInt8 = 1) -> [UInt8] {
        var p = NaivePacket()
        p.isTCP = false
        p.payload = Array(repeating: byte, count: 100)
        return p.bytes()
    }

    /// From B to A.
    private func answer(_ byte: UInt8 = 2) -> [UInt8] {
        var p = packet(byte)
        p.replaceSubrange(12..<20, with: [10, 0, 0, 9, 10, 0, 0, 1])
        return p
    }

    private func change(_ node: TwinNode, _ fill: (inout PeerSection) -> Void) -> SetRequest {
        var peer = PeerSection(node.device.publicKey!)
        fill(&peer)
        var change = SetRequest()
        change.peers = [peer]
        return change
    }

    private func giving(to node: TwinNode) -> SetRequest {
        change(node) { $0.allowedIPs = [.init(IPPrefix(Self.address)!)] }
    }

    /// A and B with a session, and C as well, which has no addresses yet.
    private func three() throws -> (TwinPair, TwinNode) {
        let pair = try TwinPair()
        let c = TwinNode("192.0.2.3", seed: 3, time: pair.time)
        pair.others = [c]
        try pair.b.add(c, allowed: [], endpoint: true)
        try c.add(pair.b, allowed: ["10.0.0.9/32"], endpoint: true)
        pair.a.write(packet())
        c.write(packet())
        pair.settle()
        pair.b.write(answer())
        pair.settle()
        #expect(pair.b.takeDelivered().count == 1 && pair.a.takeDelivered().count == 1 && c.takeDelivered().isEmpty)
        return (pair, c)
    }

    /// The control thread has its turn whenever the worker waits for a write or a send to end, so with a packet in hand that
    /// was A's when it was looked up.
    @Test(arguments: ["addresses", "address", "peer", "all peers", "given to another"], [false, true])
    func answerMeansThatNothingIsInHand(_ taken: String, _ isOutgoing: Bool) throws {
        let (pair, c) = try three()
        let (a, b) = (pair.a, pair.b)
        var wanted: SetRequest
        switch taken {
        case "addresses": wanted = change(a) { $0.replaceAllowedIPs = true }
        case "address": wanted = change(a) { $0.allowedIPs = [.init(IPPrefix(Self.address)!, isRemoval: true)] }
        case "peer": wanted = change(a) { $0.remove = true }
        case "given to another": wanted = giving(to: c)
        default:
            wanted = SetRequest()
            wanted.interface.replacePeers = true
        }
        var code: Int32?
        var isAsked = false
        var (round, before, after) = (0, 0, 0)
        b.whileWorking {
            guard round == 5 && !isAsked else { return }
            isAsked = true
            b.set(wanted) { code = $0 }
        }
        let noted = { if code == nil { before += 1 } else { after += 1 } }
        b.port.refuse = { datagram in
            if isOutgoing && datagram.to.remote == a.port.address && datagram.bytes[0] == 4 { noted() }
            return 0
        }
        b.queue.answer = { _ in
            if !isOutgoing { noted() }
            return nil
        }
        while round < 20 {
            round += 1
            for byte in 0..<9 as Range<UInt8> {
                if isOutgoing { b.write(answer(byte)) } else { a.write(packet(byte)) }
            }
            pair.settle()
        }
        #expect(code == 0)
        #expect(before > 0)
        #expect(after == 0)
    }

    /// They passed a firewall that knew the address as A's, or as nobody's.
    @Test(arguments: [false, true]) func whatTunHeldGoesToNobodyNew(_ isTaken: Bool) throws {
        let (pair, c) = try three()
        if isTaken {
            pair.b.set(change(pair.a) { $0.replaceAllowedIPs = true }) { _ in }
            pair.settle()
        }
        for byte in 0..<200 as Range<UInt8> { pair.b.write(answer(byte)) }
        var code: Int32?
        pair.b.set(giving(to: c)) { code = $0 }
        pair.settle()
        #expect(code == 0)
        #expect(c.takeDelivered().isEmpty)
        #expect(pair.a.takeDelivered().count == (isTaken ? 0 : 200))
        pair.b.write(answer(7))
        pair.settle()
        #expect(c.takeDelivered() == [withoutIdentification(answer(7))])
    }

    /// A queue that never gets empty holds so many packets and no more: whoever waits does not wait for ever.
    @Test func barrierIsPassedUnderLoad() throws {
        let (pair, c) = try three()
        pair.b.link.pointee.queueLength.store(300, ordering: .relaxed)
        var isAnswered = false
        pair.b.set(giving(to: c)) { _ in isAnswered = true }
        var turns = 0
        while !isAnswered && turns < 100 {
            turns += 1
            while pair.b.queue.outgoing.count < 1000 { pair.b.write(answer()) }
            _ = pair.b.turn()
        }
        // 64 packets a turn, 300 twice: before the address is given and after.
        #expect((8...20).contains(turns))
    }

    @Test func stagedPacketsOfWhoLostTheAddressGoToNobody() throws {
        let (pair, c) = try three()
        var isCut = true
        let a = pair.a.port.address
        pair.wire = { isCut && ($0.from == a || $0.to.remote == a) ? nil : $0 }
        pair.pass(seconds: 200)
        for byte in 0..<5 as Range<UInt8> { pair.b.write(answer(byte)) }
        pair.settle()
        #expect(pair.b.path(pair.a).pointee.staged.load(ordering: .relaxed) == 5)
        pair.b.set(giving(to: c)) { _ in }
        pair.settle()
        isCut = false
        pair.pass(seconds: 10)
        #expect(pair.b.path(pair.a).pointee.staged.load(ordering: .relaxed) == 0)
        #expect(pair.a.takeDelivered().isEmpty)
        #expect(c.takeDelivered().isEmpty)
    }

    @Test func allWorkersPassABarrier() throws {
        let time = TwinTime()
        let links = (0..<3).map { _ in
            let link = UnsafeMutablePointer<WorkerLink>.allocate(capacity: 1)
            link.initialize(to: WorkerLink())
            return link
        }
        let control = UnsafeMutablePointer<ControlQueue>.allocate(capacity: 1)
        control.initialize(to: ControlQueue())
        let engine = ControlEngine(
            device: Device(capacity: 1, random: { _ in }), control: control, links: links,
            paths: PeerPaths(capacity: 1),
            clock: { time.now }, sendDatagram: { _, _, _ in 0 }, sendReplies: { _ in })
        var passed: [Int] = []
        for number in 1...2 { engine.barrier { passed.append(number) } }
        engine.turn()
        for (worker, count) in [(1, 1), (0, 1), (1, 1)] {
            links[worker].pointee.barriers.add(UInt64(count), ordering: .relaxed)
            engine.turn()
            #expect(passed.isEmpty && !engine.hasWork)
        }
        links[2].pointee.barriers.add(2, ordering: .relaxed)
        #expect(engine.hasWork)
        engine.turn()
        #expect(passed == [1])
        links[0].pointee.barriers.add(1, ordering: .relaxed)
        engine.turn()
        #expect(passed == [1, 2] && !engine.hasWork)
    }
}
