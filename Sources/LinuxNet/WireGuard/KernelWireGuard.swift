import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
public import Netlink

/// The kernel's WireGuard, over generic netlink.
struct KernelWireGuard: WireGuardDevice {
    let interface: String

    func read() throws(BoxError) -> ObservedWireGuard {
        var channel = try Channel(interface)
        var message = MessageBuffer(
            channel.family, genlmsghdr(cmd: UInt8(WG_CMD_GET_DEVICE.rawValue), version: 1, reserved: 0))
        message.put(WGDEVICE_A_IFNAME, string: interface)
        return try channel.socket.dump(&message, .init(.read, .wireGuard(interface)), into: KernelWireGuardReader()) {
            reader, payload in
            reader.read(payload)
        }.device
    }

    /// When this returns, another processor may still have a packet in hand whose source it looked up before: within one
    /// poll of the peer's NAPI, or in its GRO until the next (drivers/net/wireguard/receive.c). Only removing a peer waits
    /// for these; taking its addresses does not. There is nothing cheap and sure to wait for: membarrier(2)'s
    /// MEMBARRIER_CMD_GLOBAL outlasts the poll, in some 12 ms, but not what GRO keeps of a full one, and kernels with
    /// nohz_full do not have it.
    func set(_ change: WireGuardChange) throws(BoxError) {
        var channel = try Channel(interface)
        var encoder = KernelWireGuardEncoder(interface: interface, family: channel.family, change: change)
        repeat {
            var message = encoder.next()
            try channel.socket.request(&message, .init(.set, .wireGuard(interface)))
        } while encoder.hasMore
    }

    /// A socket to generic netlink, and the number that WireGuard has there.
    private struct Channel: ~Copyable {
        var socket: NetlinkSocket
        let family: UInt16

        init(_ interface: String) throws(BoxError) {
            var socket = try NetlinkSocket(NETLINK_GENERIC)
            guard let family = try GenericNetlink.family(WG_GENL_NAME, on: &socket) else {
                throw BoxError(.init(.configure, .wireGuard(interface)), .lacking(.wireGuard))
            }
            self.socket = socket
            self.family = family
        }
    }
}

extension wgdevice_attribute: AttributeNumber {}
extension wgpeer_attribute: AttributeNumber {}
extension wgallowedip_attribute: AttributeNumber {}

/// Turns a change into `WG_CMD_SET_DEVICE` messages of bounded size: one peer may take several, of which only the first
/// replaces its allowed IPs.
struct KernelWireGuardEncoder {
    private let interface: String
    private let family: UInt16
    private let change: WireGuardChange
    private let limit: Int
    private var isFirst = true
    /// Index into the peers to set, then those to remove.
    private var peer = 0
    /// Allowed IPs of `peer` that have gone out already.
    private var sentIPs = 0

    /// An encoder of messages of about `limit` bytes; a nested attribute may have 65,535.
    init(interface: String, family: UInt16, change: WireGuardChange, limit: Int = 32768) {
        self.interface = interface
        self.family = family
        self.change = change
        self.limit = limit
    }

    /// Whether `next` has more to say. There is always a first message.
    var hasMore: Bool { isFirst || peer < change.set.count + change.remove.count }

    mutating func next() -> MessageBuffer {
        var message = MessageBuffer(capacity: limit + 4096)
        message.begin(
            type: family, flags: 0, header: genlmsghdr(cmd: UInt8(WG_CMD_SET_DEVICE.rawValue), version: 1, reserved: 0))
        message.put(WGDEVICE_A_IFNAME, string: interface)
        if isFirst {
            if let key = change.privateKey { key.withBytes { message.put(WGDEVICE_A_PRIVATE_KEY, bytes: $0) } }
            if let port = change.listenPort { message.put(WGDEVICE_A_LISTEN_PORT, port) }
            if let mark = change.fwmark { message.put(WGDEVICE_A_FWMARK, mark) }
        }
        isFirst = false
        if hasMore {
            let peers = message.openNest(WGDEVICE_A_PEERS)
            while hasMore && message.messageLength < limit { putPeer(into: &message) }
            message.closeNest(peers)
        }
        return message
    }

    private mutating func putPeer(into message: inout MessageBuffer) {
        let nest = message.openNest(0)
        defer { message.closeNest(nest) }
        guard peer < change.set.count else {
            let key = change.remove[peer - change.set.count]
            key.withBytes { message.put(WGPEER_A_PUBLIC_KEY, bytes: $0) }
            message.put(WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME.rawValue | WGPEER_F_UPDATE_ONLY.rawValue)
            peer += 1
            return
        }
        let p = change.set[peer]
        p.publicKey.withBytes { message.put(WGPEER_A_PUBLIC_KEY, bytes: $0) }
        if sentIPs == 0 {
            putSettings(of: p, into: &message)
        } else {
            message.put(WGPEER_A_FLAGS, WGPEER_F_UPDATE_ONLY.rawValue)
        }
        if let allowed = p.allowedIPs, sentIPs < allowed.count {
            let list = message.openNest(WGPEER_A_ALLOWEDIPS)
            repeat {
                put(allowed[sentIPs], into: &message)
                sentIPs += 1
            } while sentIPs < allowed.count && message.messageLength < limit
            message.closeNest(list)
            if sentIPs < allowed.count { return }
        }
        peer += 1
        sentIPs = 0
    }

    private func putSettings(of p: WireGuardPeerChange, into message: inout MessageBuffer) {
        var flags: UInt32 = 0
        if p.allowedIPs != nil { flags |= WGPEER_F_REPLACE_ALLOWEDIPS.rawValue }
        if !p.isNew { flags |= WGPEER_F_UPDATE_ONLY.rawValue }
        if flags != 0 { message.put(WGPEER_A_FLAGS, flags) }
        switch p.presharedKey {
        case .set(let key): key.withBytes { message.put(WGPEER_A_PRESHARED_KEY, bytes: $0) }
        case .clear: message.put(WGPEER_A_PRESHARED_KEY, bytes: [UInt8](repeating: 0, count: 32))
        case nil: break
        }
        if let endpoint = p.endpoint, case .address(let address) = endpoint.host {
            message.put(WGPEER_A_ENDPOINT, bytes: SocketAddress(address, port: endpoint.port).sockaddrBytes)
        }
        if let keepalive = p.keepalive { message.put(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive) }
    }

    private func put(_ network: IPPrefix, into message: inout MessageBuffer) {
        let nest = message.openNest(0)
        message.put(WGALLOWEDIP_A_FAMILY, UInt16(network.address.family))
        message.put(WGALLOWEDIP_A_IPADDR, bytes: network.address.octets)
        message.put(WGALLOWEDIP_A_CIDR_MASK, UInt8(network.length))
        message.closeNest(nest)
    }
}

/// Puts a device together from the messages of a `WG_CMD_GET_DEVICE` dump. A peer whose allowed IPs do not fit is
/// continued in the next message, by its public key and the rest of them.
struct KernelWireGuardReader {
    private var taken = ObservedWireGuard(privateKey: nil, listenPort: 0, fwmark: 0, peers: [])

    /// What was read so far.
    var device: ObservedWireGuard { taken.sorted() }

    mutating func read(_ payload: UnsafeRawBufferPointer) {
        for attribute in Attributes(payload, after: genlmsghdr.self) {
            switch UInt32(attribute.type) {
            case WGDEVICE_A_PRIVATE_KEY.rawValue where attribute.payload.count == 32:
                if attribute.payload.contains(where: { $0 != 0 }) {
                    taken.privateKey = PrivateKey { $0.copyMemory(from: attribute.payload) }
                }
            case WGDEVICE_A_LISTEN_PORT.rawValue: taken.listenPort = attribute.u16
            case WGDEVICE_A_FWMARK.rawValue: taken.fwmark = attribute.u32
            case WGDEVICE_A_PEERS.rawValue: for peer in attribute.nested { read(peer: peer.nested) }
            default: break
            }
        }
    }

    private mutating func read(peer attributes: Attributes) {
        guard let bytes = attributes.first(WGPEER_A_PUBLIC_KEY)?.payload, bytes.count == 32 else { return }
        let key = PublicKey(loading: bytes)
        if taken.peers.last?.publicKey != key { taken.peers.append(ObservedPeer(publicKey: key)) }
        let last = taken.peers.count - 1
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case WGPEER_A_PRESHARED_KEY.rawValue where attribute.payload.count == 32:
                if attribute.payload.contains(where: { $0 != 0 }) {
                    taken.peers[last].presharedKey = PresharedKey { $0.copyMemory(from: attribute.payload) }
                }
            case WGPEER_A_ENDPOINT.rawValue: taken.peers[last].endpoint = SocketAddress(sockaddr: attribute.payload)
            case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL.rawValue: taken.peers[last].keepalive = attribute.u16
            case WGPEER_A_LAST_HANDSHAKE_TIME.rawValue:
                taken.peers[last].lastHandshake = Int64(bitPattern: attribute.u64)
            case WGPEER_A_RX_BYTES.rawValue: taken.peers[last].received = attribute.u64
            case WGPEER_A_TX_BYTES.rawValue: taken.peers[last].sent = attribute.u64
            case WGPEER_A_ALLOWEDIPS.rawValue:
                for item in attribute.nested {
                    if let network = allowedIP(item.nested) { taken.peers[last].allowedIPs.append(network) }
                }
            default: break
            }
        }
    }

    private func allowedIP(_ attributes: Attributes) -> IPPrefix? {
        guard let octets = attributes.first(WGALLOWEDIP_A_IPADDR)?.payload, let address = IPAddress(octets: octets),
            let length = attributes.first(WGALLOWEDIP_A_CIDR_MASK)?.u8, Int(length) <= address.bitWidth
        else { return nil }
        return IPPrefix(masking: address, length: Int(length))
    }
}
