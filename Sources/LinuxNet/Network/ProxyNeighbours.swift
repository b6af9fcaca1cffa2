import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
internal import Netlink

/// Addresses that the box answers for on a link on behalf of others (`ip neigh add proxy`), over rtnetlink.
extension NetlinkSocket {
    /// The entries on the interfaces named, sorted; an interface that is not there has none.
    mutating func proxyNeighbours(on interfaces: Set<String>) throws(BoxError) -> [ProxyNeighbour] {
        var names: [UInt32: String] = [:]
        for name in interfaces { if let link = try link(name) { names[link.index] = name } }
        if names.isEmpty { return [] }
        var header = ndmsg()
        header.ndm_flags = UInt8(NTF_PROXY)
        var message = MessageBuffer(RTM_GETNEIGH, header)
        return try dump(&message, .init(.list, .proxyNeighbours), into: [ProxyNeighbour]()) { list, payload in
            guard let header = payload.header(ndmsg.self), header.ndm_flags & UInt8(NTF_PROXY) != 0,
                let name = names[UInt32(bitPattern: header.ndm_ifindex)],
                let octets = Attributes(payload, after: ndmsg.self).first(NDA_DST)?.payload,
                let address = IPAddress(octets: octets)
            else { return }
            list.append(ProxyNeighbour(address, interface: name))
        }.sorted()
    }

    /// Adds an entry; one that is there already is no error.
    mutating func addProxyNeighbour(_ neighbour: ProxyNeighbour) throws(BoxError) {
        let operation = BoxError.Operation(.answer, .proxyNeighbour(neighbour))
        let index = try existing(neighbour.interface, operation).index
        var message = neighbourMessage(
            RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour.address, index: index, as: NTF_PROXY)
        try request(&message, operation)
    }

    /// Removes an entry; one that is not there is no error.
    mutating func removeProxyNeighbour(_ neighbour: ProxyNeighbour) throws(BoxError) {
        guard let index = try link(neighbour.interface)?.index else { return }
        var message = neighbourMessage(RTM_DELNEIGH, 0, neighbour.address, index: index, as: NTF_PROXY)
        try tolerate(ENOENT, &message, .init(.stopAnswering, .proxyNeighbour(neighbour)))
    }

    /// `kind`: `NTF_*`, or 0.
    func neighbourMessage(
        _ type: Int, _ flags: Int32, _ address: IPAddress, index: UInt32, as kind: Int32 = 0
    ) -> MessageBuffer {
        var header = ndmsg()
        header.ndm_family = address.family
        header.ndm_ifindex = Int32(bitPattern: index)
        header.ndm_flags = UInt8(kind)
        var message = MessageBuffer(type, flags: flags, header)
        message.put(NDA_DST, bytes: address.octets)
        return message
    }
}
