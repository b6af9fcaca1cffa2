import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
internal import Netlink

/// Addresses of interfaces, over rtnetlink.
extension NetlinkSocket {
    /// An address, the index of its interface, and whether it is one of those that the kernel draws anew each day (RFC 8981).
    typealias HeldAddress = (index: UInt32, address: InterfaceAddress, isTemporary: Bool)

    /// The addresses of one interface, or of all with 0; sorted.
    mutating func addresses(index: UInt32) throws(BoxError) -> [HeldAddress] {
        var header = ifaddrmsg()
        header.ifa_index = index
        var message = MessageBuffer(RTM_GETADDR, header)
        return try dumpOfInterface(&message, .init(.list, .addresses), into: [HeldAddress]()) { list, payload in
            guard let header = payload.header(ifaddrmsg.self), index == 0 || header.ifa_index == index else { return }
            let attributes = Attributes(payload, after: ifaddrmsg.self)
            // On a point-to-point interface IFA_ADDRESS is the other end; IFA_LOCAL is ours where there is one.
            guard let octets = (attributes.first(IFA_LOCAL) ?? attributes.first(IFA_ADDRESS))?.payload,
                let address = IPAddress(octets: octets), Int(header.ifa_prefixlen) <= address.bitWidth
            else { return }
            let held = InterfaceAddress(address, length: Int(header.ifa_prefixlen))
            list.append((header.ifa_index, held, address.isV6 && Int32(header.ifa_flags) & IFA_F_TEMPORARY != 0))
        }.sorted { ($0.index, $0.address) < ($1.index, $1.address) }
    }

    /// Those of one interface that lead anywhere: somebody may have taken the route away that the kernel makes for an address.
    mutating func addressesInUse(of link: Link) throws(BoxError) -> [InterfaceAddress] {
        let addresses = try addresses(index: link.index).map(\.address)
        // Where the interface is down there are no routes.
        guard link.isUp, addresses.contains(where: { $0.length < $0.address.bitWidth }) else { return addresses }
        let direct = Set(try directRoutes().lazy.filter { $0.interfaces == [link.index] }.map(\.destination))
        return addresses.filter { $0.length == $0.address.bitWidth || direct.contains($0.network) }
    }

    /// Adds an address. One that is there already is no error; if its route is not, it is made anew.
    mutating func addAddress(_ address: InterfaceAddress, to interface: String) throws(BoxError) {
        let operation = BoxError.Operation(.add, .address(address, of: interface))
        let link = try existing(interface, operation)
        do throws(BoxError) { try add(address, to: link, operation) } catch {
            guard error.code == EEXIST else { throw error }
            if try addressesInUse(of: link).contains(address) { return }
            try removeAddress(address, from: interface)
            try add(address, to: link, operation)
        }
    }

    private mutating func add(_ address: InterfaceAddress, to link: Link, _ operation: BoxError.Operation)
        throws(BoxError)
    {
        var message = addressMessage(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, index: link.index)
        try request(&message, operation)
    }

    /// Removes an address; one that is not there is no error.
    mutating func removeAddress(_ address: InterfaceAddress, from interface: String) throws(BoxError) {
        guard let index = try link(interface)?.index else { return }
        var message = addressMessage(RTM_DELADDR, 0, address, index: index)
        try tolerate(EADDRNOTAVAIL, &message, .init(.remove, .address(address, of: interface)))
    }

    private func addressMessage(
        _ type: Int, _ flags: Int32, _ address: InterfaceAddress, index: UInt32
    ) -> MessageBuffer {
        let header = ifaddrmsg(
            ifa_family: address.address.family, ifa_prefixlen: UInt8(address.length), ifa_flags: 0,
            ifa_scope: UInt8(RT_SCOPE_UNIVERSE.rawValue), ifa_index: index)
        var message = MessageBuffer(type, flags: flags, header)
        message.put(IFA_LOCAL, bytes: address.address.octets)
        message.put(IFA_ADDRESS, bytes: address.address.octets)
        return message
    }
}

extension IPAddress {
    /// `AF_INET` or `AF_INET6`.
    var family: UInt8 { UInt8(isV6 ? AF_INET6 : AF_INET) }
}
