// What clients of the configuration socket ask for.

import CLinux
import Glibc
import NetTypes
import Synchronization
import UAPI
import WireGuardProtocol

extension Controller {
    /// Answers one request; nil: the answer will come when what it asks for holds for every packet.
    func answer(_ request: UnsafeRawBufferPointer, on connection: UAPIConnection) -> SecretBuffer? {
        if request.count > 1 << 18 { hadLargeRequest = true }
        do throws(UAPIError) {
            switch try UAPIRequest(request, names: .ofThisBox) {
            case .get: return dump()
            case .set(let change):
                engine.set(change, sockets: { [unowned self] in setSockets($0.interface) }) {
                    [unowned self, weak connection] code in
                    // Whoever hung up meanwhile wants no answer, and his descriptor may be another's.
                    guard let connection else { return }
                    connection.complete(Self.result(code))
                    serve(connection.descriptor)
                }
                return nil
            }
        } catch {
            return Self.result(error.kind.errno)
        }
    }

    private static func result(_ code: Int32) -> SecretBuffer { AnswerWriter(names: .ofThisBox).end(errno: code) }

    /// Port and mark. 0, or the errno of what could not be done.
    private func setSockets(_ change: InterfaceSection) -> Int32 {
        let refusal = changePort(change)
        if refusal != 0 { return refusal }
        guard let wanted = change.mark else { return 0 }
        mark = wanted
        for pair in sockets {
            for descriptor in [pair.v4, pair.v6] where descriptor >= 0 {
                let error = udp_set_mark(descriptor, wanted)
                if error != 0 { return -error }
            }
        }
        engine.perform { $0.clearEndpointSources(into: &engine.effects) }
        return 0
    }

    /// An interface that is up and has no sockets, because the port that it had was taken, tries the new one.
    private func changePort(_ change: InterfaceSection) -> Int32 {
        if engine.isUp {
            guard let wanted = change.listenPort, wanted != port || wanted == 0 else { return 0 }
            let error = reopenSockets(port: wanted)
            if error == 0 { engine.perform { $0.clearEndpointSources(into: &engine.effects) } }
            return error
        }
        guard let wanted = change.listenPort else { return 0 }
        port = wanted
        followLink()
        return portRefusal
    }

    private func dump() -> SecretBuffer {
        let device = engine.device
        let peers = device.peers
        if peers.count > 1000 { hadLargeRequest = true }
        var writer = AnswerWriter(peers: peers.count, names: .ofThisBox)
        var interface = InterfaceSection()
        if let key = device.privateKey { interface.privateKey = key }
        interface.listenPort = portRefusal == 0 ? port : 0
        if mark != 0 { interface.mark = mark }
        interface.awg = AWGSets(device.dialects.map(\.settings))
        writer.write(interface)
        for peer in peers {
            let record = device.tables.peer(peer)
            var section = device.section(of: peer)
            section.endpoint = engine.paths[peer].pointee.endpoint.load().remote
            section.receivedBytes = record.pointee.receivedBytes.load(ordering: .relaxed)
            section.sentBytes = record.pointee.sentBytes.load(ordering: .relaxed)
            writer.write(section)
        }
        return writer.end(errno: 0)
    }
}

extension InterfaceNames {
    /// As the kernel says now.
    static let ofThisBox = InterfaceNames(
        index: { name in
            let index = interface_index(name)
            return index > 0 ? UInt32(index) : nil
        },
        name: { index in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { name in
                interface_name(Int32(bitPattern: index), name.baseAddress!) == 0
                    ? String(cString: name.baseAddress!) : nil
            }
        })
}

extension UAPIError.Kind {
    /// What the protocol answers.
    var errno: Int32 {
        switch self {
        case .form: EPROTO
        case .value: EINVAL
        case .noInterface: ENODEV
        }
    }
}
