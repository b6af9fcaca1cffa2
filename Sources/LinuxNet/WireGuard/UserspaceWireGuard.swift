internal import BoxModel
import Glibc
internal import NetTypes
internal import UAPI

/// A userspace WireGuard (wggw's own datapath, wireguard-go and its like), over its configuration socket.
struct UserspaceWireGuard: WireGuardDevice {
    let interface: String

    func read() throws(BoxError) -> ObservedWireGuard {
        var peers: [ObservedPeer] = []
        let section = try ask(.get, .init(.read, .wireGuard(interface))) { peers.append(ObservedPeer($0)) }
        var disguises = section.awg.all.map { (try? AWGParameters($0)) ?? .plain }
        while disguises.last?.isPlain == true { disguises.removeLast() }
        return ObservedWireGuard(
            privateKey: section.privateKey ?? nil, listenPort: section.listenPort ?? 0, fwmark: section.mark ?? 0,
            disguises: disguises, peers: peers)
    }

    func set(_ change: WireGuardChange) throws(BoxError) {
        _ = try ask(.set(SetRequest(change)), .init(.set, .wireGuard(interface))) { _ in }
    }

    /// Sends a request, tells each peer of the answer, and returns what it says of the interface. Throws with the answer's errno.
    private func ask(
        _ request: UAPIRequest, _ operation: BoxError.Operation, _ tell: (PeerSection) -> Void
    ) throws(BoxError) -> InterfaceSection {
        let path = SocketPaths(interface: interface).configuration
        var socket = try StreamSocket(path: path, operation)
        try socket.send(request.text(names: .ofThisBox), operation)
        var text = SecretBuffer(capacity: 1 << 17)
        var reader = AnswerReader(names: .ofThisBox)
        while !reader.isComplete {
            guard try socket.receive(into: &text, operation) > 0 else {
                throw BoxError(operation, .cutShort(socket: path))
            }
            do { text.removeFirst(try reader.take(text.bytes, tell)) } catch {
                throw BoxError(operation, .malformed(socket: path, error))
            }
        }
        if reader.errorNumber != 0 { throw .system(operation, code: reader.errorNumber) }
        return reader.interface
    }
}

extension InterfaceNames {
    /// As the kernel says now. A zone of another network namespace is no interface here, and no fault of an answer's.
    fileprivate static let ofThisBox = InterfaceNames(index: { if_nametoindex($0) }, name: { _ in nil })
}

extension SetRequest {
    /// Endpoints are addresses by now; a name is nowhere.
    init(_ change: WireGuardChange) {
        self.init()
        if let key = change.privateKey { interface.privateKey = key }
        interface.listenPort = change.listenPort
        interface.mark = change.fwmark
        if let disguises = change.disguises { interface.awg = AWGSets(disguises.map(\.everyLine)) }
        peers = change.set.map { PeerSection($0) }
        for key in change.remove {
            var peer = PeerSection(key)
            peer.updateOnly = true
            peer.remove = true
            peers.append(peer)
        }
    }
}

extension PeerSection {
    fileprivate init(_ change: WireGuardPeerChange) {
        self.init(change.publicKey)
        updateOnly = !change.isNew
        switch change.presharedKey {
        case .set(let key): presharedKey = key
        case .clear: presharedKey = .some(nil)
        case nil: break
        }
        if let endpoint = change.endpoint, case .address(let address) = endpoint.host {
            self.endpoint = SocketAddress(address, port: endpoint.port)
        }
        persistentKeepalive = change.keepalive.map { AWGRange($0) }
        dialect = change.dialect
        guard let networks = change.allowedIPs else { return }
        replaceAllowedIPs = true
        allowedIPs = networks.map { AllowedIP($0) }
    }
}

extension ObservedPeer {
    init(_ section: PeerSection) {
        self.init(
            publicKey: section.publicKey, presharedKey: section.presharedKey ?? nil, endpoint: section.endpoint,
            keepalive: section.persistentKeepalive?.lower ?? 0, dialect: section.dialect ?? 1,
            allowedIPs: section.allowedIPs.map(\.prefix),
            lastHandshake: section.lastHandshake ?? 0, received: section.receivedBytes ?? 0,
            sent: section.sentBytes ?? 0)
    }
}
