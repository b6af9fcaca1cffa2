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
        var message = MessageBuffer()
        message.begin(type: RTM_GETNEIGH, flags: 0, header: header)
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
        let index = try index(neighbour.interface, operation)
        var message = neighbourMessage(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour, index: index)
        try request(&message, operation)
    }

    /// Removes an entry; one that is not there is no error.
    mutating func removeProxyNeighbour(_ neighbour: ProxyNeighbour) throws(BoxError) {
        guard let index = try link(neighbour.interface)?.index else { return }
        var message = neighbourMessage(RTM_DELNEIGH, 0, neighbour, index: index)
        try tolerate(ENOENT, &message, .init(.stopAnswering, .proxyNeighbour(neighbour)))
    }

    private func neighbourMessage(
        _ type: Int, _ flags: Int32, _ neighbour: ProxyNeighbour, index: UInt32
    ) -> MessageBuffer {
        var header = ndmsg()
        header.ndm_family = neighbour.address.family
        header.ndm_ifindex = Int32(bitPattern: index)
        header.ndm_flags = UInt8(NTF_PROXY)
        var message = MessageBuffer()
        message.begin(type: type, flags: flags, header: header)
        message.put(NDA_DST, bytes: neighbour.address.octets)
        return message
    }
}
