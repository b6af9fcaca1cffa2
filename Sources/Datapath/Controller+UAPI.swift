// What clients of the configuration socket ask for.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

extension Controller {
    /// Answers one request; nil: the answer will come when what it asks for holds for every packet.
    func answer(_ request: UnsafeRawBufferPointer, on connection: UAPIConnection) -> [UInt8]? {
        if request.count > 1 << 18 { hadLargeRequest = true }
        do throws(UAPIError) {
            switch try UAPIRequest.parse(
                request,
                interfaceIndex: { name in
                    let index = interface_index(name)
                    return index > 0 ? UInt32(index) : nil
                })
            {
            case .get: return dump()
            case .set(let change):
                engine.set(change, sockets: { [unowned self] in setSockets($0) }) {
                    [unowned self, weak connection] code in
                    // Whoever hung up meanwhile wants no answer, and his descriptor may be another's.
                    guard let connection else { return }
                    connection.complete(result(code))
                    serve(connection.descriptor)
                }
                return nil
            }
        } catch {
            return result(error.code)
        }
    }

    private func result(_ code: Int32) -> [UInt8] {
        var writer = UAPIWriter(peers: 0)
        writer.end(code)
        return writer.bytes
    }

    /// Port and mark. 0, or the errno of what could not be done.
    private func setSockets(_ change: UAPIChange) -> Int32 {
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
    private func changePort(_ change: UAPIChange) -> Int32 {
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

    private func dump() -> [UInt8] {
        let device = engine.device
        let peers = device.peers
        if peers.count > 1000 { hadLargeRequest = true }
        var writer = UAPIWriter(peers: peers.count)
        writer.device(privateKey: device.privateKey, port: portRefusal == 0 ? port : 0, mark: mark)
        for peer in peers {
            let record = device.tables.peer(peer)
            writer.peer(
                UAPIPeer(
                    status: device.status(of: peer), endpoint: engine.paths[peer].pointee.endpoint.load().remote,
                    receivedBytes: record.pointee.receivedBytes.load(ordering: .relaxed),
                    sentBytes: record.pointee.sentBytes.load(ordering: .relaxed)),
                interfaceName: { index in
                    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { name in
                        interface_name(Int32(bitPattern: index), name.baseAddress!) == 0
                            ? String(cString: name.baseAddress!) : nil
                    }
                })
            device.forEachAllowedIP(of: peer) { writer.allowedIP($0) }
        }
        writer.end(0)
        return writer.bytes
    }
}
