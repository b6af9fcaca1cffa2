internal import CLinux
import CMnl
public import BoxModel
import Glibc
internal import NetTypes

/// Raw sockets: the packet goes through this box's own tables as any other that it sends, and what comes back by the interface
/// is heard whomever it is for.
extension LinuxBox: Prober {
    /// How often, and how long each time.
    private static var tries: Int { 3 }
    private static var patience: Duration { .milliseconds(660) }

    /// See `Prober`.
    public func probe(_ probe: Probe) throws(BoxError) -> ProbeAnswer {
        let operation = BoxError.Operation(.ask, .destination(probe.destination))
        var netlink = try NetlinkSocket(NETLINK_ROUTE)
        let link = try netlink.existing(probe.interface, operation)
        let ear = try Descriptor(probe_listen(link.index), operation)
        let next = probe.gateway ?? probe.destination
        if let answer = try askLink(next, probe, link, ear, operation) { return answer }
        let sender = try Descriptor(
            probe_sender(Int32(probe.destination.family), probe.interface), operation)
        let packet = ProbePacket(probe: probe, number: UInt16.random(in: 49152...65535))
        let began = SuspendingClock.now
        for _ in 0..<Self.tries {
            let bytes = packet.bytes
            let error = probe_send(
                sender.number, Int32(probe.destination.family), probe.destination.octets, bytes, bytes.count)
            // Nobody takes it there: the kernel had asked already.
            if error == -EHOSTUNREACH { return .noNeighbour }
            if error < 0 { throw BoxError.system(operation, code: -error) }
            switch try hear(ear, for: Self.patience, operation, { bytes, _ in packet.answer(in: bytes) }) {
            case .answered?: return .answered(milliseconds: Int((SuspendingClock.now - began) / .milliseconds(1)))
            case let answer?: return answer
            case nil: continue
            }
        }
        let isThere = try netlink.neighbour(next, index: link.index)
        return isThere == .failed || isThere == .incomplete ? .noNeighbour : .silent
    }

    /// The first answer that `read` finds in what comes in; nil where there is none after that time.
    private func hear<Answer>(
        _ ear: borrowing Descriptor, for time: Duration, _ operation: BoxError.Operation,
        _ read: (ArraySlice<UInt8>, probe_heard) -> Answer?
    ) throws(BoxError) -> Answer? {
        let deadline = Deadline(time)
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !deadline.isOver {
            var heard = probe_heard()
            let count = probe_hear(ear.number, &buffer, buffer.count, deadline.milliseconds, &heard)
            if count < 0 { throw BoxError.system(operation, code: Int32(-count)) }
            if count > 0, let answer = read(buffer[..<count], heard) { return answer }
        }
        return nil
    }

    /// Who has the address of the next host on an Ethernet (IPv4): nobody, several, or nil: one, or no Ethernet.
    private func askLink(
        _ next: IPAddress, _ probe: Probe, _ link: Link, _ ear: borrowing Descriptor, _ operation: BoxError.Operation
    ) throws(BoxError) -> ProbeAnswer? {
        var netlink = try NetlinkSocket(NETLINK_ROUTE)
        let own = try netlink.addresses(index: link.index).map(\.address.address).first { !$0.isV6 && !$0.isLinkLocal }
        guard !next.isV6, let own else { return nil }
        var answers: Set<[UInt8]> = []
        for _ in 0..<Self.tries {
            if probe_ask(ear.number, link.index, own.octets, next.octets) < 0 { return nil }
            // A second one may take a moment longer.
            let _: Never? = try hear(ear, for: .milliseconds(300), operation) { bytes, heard in
                // A reply (operation 2) by who has it: his link address, then the one that was asked for.
                let isReply = bytes.count >= 28 && heard.protocol == 0x0806 && bytes[7] == 2
                if isReply && Array(bytes[14..<18]) == next.octets { answers.insert(Array(bytes[8..<14])) }
                return nil
            }
            if !answers.isEmpty { return answers.count > 1 ? .severalNeighbours : nil }
        }
        return .noNeighbour
    }
}

/// A descriptor that is closed once.
private struct Descriptor: ~Copyable {
    let number: Int32

    /// Throws what a negative errno says.
    init(_ number: Int32, _ operation: BoxError.Operation) throws(BoxError) {
        if number < 0 { throw BoxError.system(operation, code: -number) }
        self.number = number
    }

    deinit { close(number) }
}
