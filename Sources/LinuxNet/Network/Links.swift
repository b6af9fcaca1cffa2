import CMnl
internal import BoxModel
internal import Firewall
import Glibc
internal import NetTypes
internal import Netlink

/// An interface as rtnetlink shows it.
struct Link: Equatable {
    var index: UInt32
    var name: String
    /// `IFLA_INFO_KIND`: `wireguard`, `tun`, `veth`; nil for hardware.
    var kind: String?
    var isUp: Bool
    var isLoopback: Bool
    /// `IFF_LOWER_UP`: somebody is at the other end.
    var hasCarrier: Bool
    /// Bytes.
    var mtu: Int
    /// `IFLA_IFALIAS`: a text that stays with it whatever it is called.
    var alias: String?
    /// `IFLA_GROUP`.
    var group: UInt32 = 0
    /// `IFLA_MASTER`: the bridge or bond that it is at; nil for none.
    var master: UInt32?
    /// `ARPHRD_*`.
    var hardware: UInt16

    /// Whether it is wggw's own datapath's.
    var isMarked: Bool { alias.flatMap { InterfaceMark($0) } != nil }

    /// Reads an `RTM_NEWLINK`.
    init?(_ payload: UnsafeRawBufferPointer) {
        guard let header = payload.header(ifinfomsg.self) else { return nil }
        index = UInt32(bitPattern: header.ifi_index)
        hardware = header.ifi_type
        isUp = header.ifi_flags & 1 != 0  // IFF_UP
        isLoopback = header.ifi_flags & 8 != 0  // IFF_LOOPBACK
        hasCarrier = header.ifi_flags & 0x10000 != 0  // IFF_LOWER_UP
        name = ""
        mtu = 0
        for attribute in Attributes(payload, after: ifinfomsg.self) {
            switch Int(attribute.type) {
            case IFLA_IFNAME: name = attribute.string
            case IFLA_IFALIAS: alias = attribute.string
            case IFLA_MASTER: master = attribute.u32
            case IFLA_GROUP: group = attribute.u32
            case IFLA_MTU: mtu = Int(attribute.u32)
            case IFLA_LINKINFO: kind = attribute.nested.first(IFLA_INFO_KIND)?.string
            default: break
            }
        }
    }
}

extension [Link] {
    /// Whether one of these is a bridge with nothing at it but what containers and virtual machines have: ends of veth pairs and TAP
    /// devices.
    func isForGuests(_ bridge: Link) -> Bool {
        bridge.kind == "bridge" && !contains { $0.master == bridge.index && $0.kind != "veth" && $0.kind != "tun" }
    }
}

extension KnownPacket.Interface {
    /// An interface as rules ask for it.
    convenience init(_ link: Link) { self.init(link.name, index: link.index, group: link.group, type: link.hardware) }
}

/// Interfaces, over rtnetlink.
extension NetlinkSocket {
    /// All interfaces, sorted by name.
    mutating func links() throws(BoxError) -> [Link] {
        var message = MessageBuffer(RTM_GETLINK, ifinfomsg())
        message.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        return try dump(&message, .init(.list, .interfaces), into: [Link]()) { links, payload in
            if let link = Link(payload) { links.append(link) }
        }.sorted { $0.name < $1.name }
    }

    /// The interface of a name, if there is one.
    mutating func link(_ name: String) throws(BoxError) -> Link? {
        var message = MessageBuffer(RTM_GETLINK, ifinfomsg())
        message.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        message.put(IFLA_IFNAME, string: name)
        return try get(&message, .init(.lookUp, .interface(name)), absent: ENODEV) { Link($0) }
    }

    /// The interface of a name; throws if there is none.
    mutating func existing(_ name: String, _ operation: BoxError.Operation) throws(BoxError) -> Link {
        guard let link = try link(name) else {
            throw BoxError(operation, .noInterface(name))
        }
        return link
    }

    /// Makes an interface of a kind. Throws with `EEXIST` if there is one of the name.
    mutating func createLink(_ name: String, kind: String) throws(BoxError) {
        var message = MessageBuffer(RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, ifinfomsg())
        message.put(IFLA_IFNAME, string: name)
        message.nest(IFLA_LINKINFO) { $0.put(IFLA_INFO_KIND, string: kind) }
        try request(&message, .init(.create, .interface(name, kind: kind)))
    }

    /// Deletes an interface; one that is not there is no error.
    mutating func deleteLink(_ name: String) throws(BoxError) {
        var message = MessageBuffer(RTM_DELLINK, ifinfomsg())
        message.put(IFLA_IFNAME, string: name)
        try tolerate(ENODEV, &message, .init(.delete, .interface(name)))
    }

    /// Gives an interface, which is down, another name.
    mutating func rename(_ name: String, to new: String) throws(BoxError) {
        let operation = BoxError.Operation(.rename, .name(name, to: new))
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: try existing(name, operation).index)
        var message = MessageBuffer(RTM_NEWLINK, header)
        message.put(IFLA_IFNAME, string: new)
        try request(&message, operation)
    }

    /// Bytes.
    mutating func setMTU(_ name: String, _ mtu: Int) throws(BoxError) {
        var message = MessageBuffer(RTM_NEWLINK, ifinfomsg())
        message.put(IFLA_IFNAME, string: name)
        message.put(IFLA_MTU, UInt32(mtu))
        try request(&message, .init(.set, .mtu(of: name, mtu)))
    }

    mutating func setUp(_ name: String) throws(BoxError) {
        var header = ifinfomsg()
        header.ifi_flags = 1  // IFF_UP
        header.ifi_change = 1
        var message = MessageBuffer(RTM_NEWLINK, header)
        message.put(IFLA_IFNAME, string: name)
        try request(&message, .init(.set, .up(name)))
    }

    /// A request that asks for what may already be so, which the kernel says by the errno `already`.
    mutating func tolerate(
        _ already: Int32, _ message: inout MessageBuffer, _ operation: BoxError.Operation
    ) throws(BoxError) {
        do throws(BoxError) { try request(&message, operation) } catch {
            if error.code != already { throw error }
        }
    }
}

/// The name of an interface by its number; nil: it is gone.
func interfaceName(_ index: UInt32) -> String? {
    var name = [CChar](repeating: 0, count: Int(IFNAMSIZ))
    guard if_indextoname(index, &name) != nil else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
