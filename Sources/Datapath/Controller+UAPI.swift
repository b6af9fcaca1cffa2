// What clients of the configuration socket ask for.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

extension Controller {
    /// Answers one request.
    func answer(_ request: UnsafeRawBufferPointer) -> [UInt8] {
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
            case .set(let change): return result(apply(change))
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

    /// 0, or the errno of the first thing that could not be done. The port comes first, since only it can be refused by others.
    private func apply(_ change: UAPIChange) -> Int32 {
        let refusal = changePort(change)
        if refusal != 0 { return refusal }
        if let wanted = change.mark {
            mark = wanted
            for pair in sockets {
                for descriptor in [pair.v4, pair.v6] where descriptor >= 0 {
                    let error = udp_set_mark(descriptor, wanted)
                    if error != 0 { return -error }
                }
            }
            engine.perform { $0.clearEndpointSources(into: &engine.effects) }
        }
        let moment = engine.clock()
        if let key = change.privateKey { engine.perform { $0.setPrivateKey(key, now: moment, into: &engine.effects) } }
        if change.replacePeers { engine.perform { $0.removeAllPeers(into: &engine.effects) } }
        for (number, peer) in change.peers.enumerated() {
            // Else each of many changes of the allowed IPs would leave its predecessor's nodes to the end.
            if number & 255 == 255 { engine.reclaim() }
            engine.effects.removeAll()
            do throws(ConfigurationError) {
                try engine.device.configure(peer, now: moment, into: &engine.effects)
            } catch {
                engine.carryOut()
                return ENOMEM
            }
            engine.carryOut()
        }
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
