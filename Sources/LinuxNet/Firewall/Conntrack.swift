import CLinux
import CMnl
import CNftnl
internal import BoxModel
import Firewall
import Glibc
internal import NetTypes
public import Netlink

/// Connection tracking over ctnetlink: the connections that this network namespace knows, whatever zone they are in.
enum Conntrack {
    /// Ends the connections of a cut: a packet that comes later opens a new one, if it may. `networks` are those that the box is
    /// in. Throws with `EOPNOTSUPP` where the kernel does not let anybody.
    static func end(_ cut: ConnectionCut, networks: [IPPrefix]) throws(BoxError) {
        // A packet that the rules of before let through may be about to become an entry.
        _ = grace_wait()
        var route = try NetlinkSocket(NETLINK_ROUTE)
        let local = Set(try route.addresses(index: 0).map(\.address.address))
        let selector = ConnectionSelector(cut, local: local, networks: networks)
        var netfilter = try NetlinkSocket(NETLINK_NETFILTER)
        // Of a million there are in memory those that end, and those that are related to another one, of which there are few.
        let found = try netfilter.conntrackEntries { connection, main in
            main == nil ? selector.ends(connection) : selector.concerns(connection, relatedTo: main)
        }
        let judged = try judge(found, by: selector) { name throws(BoxError) in try netfilter.conntrackEntry(name) }
        // First: the next answer may be on its way.
        try netfilter.bar(answersOf: judged.lazy.filter { $0.fate == .barred }.map(\.entry.connection))
        try netfilter.delete(judged.filter { $0.fate != .goesOn }.map(\.entry))
    }

    /// What becomes of entries. What another one is that an entry is related to, `named` tells; nil if it is gone.
    static func judge(
        _ entries: [ConntrackEntry], by selector: ConnectionSelector,
        named: (ConntrackEntry.Name) throws(BoxError) -> ConntrackEntry?
    ) throws(BoxError) -> [(entry: ConntrackEntry, fate: ConnectionFate)] {
        var judged: [(ConntrackEntry, ConnectionFate)] = []
        for entry in entries {
            var main: Connection?
            if let (name, connection) = entry.main { main = try named(name)?.connection ?? connection }
            judged.append((entry, selector.fate(of: entry.connection, relatedTo: main)))
        }
        return judged
    }

    fileprivate static func type(_ command: cntl_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(command.rawValue)
    }
}

extension NetlinkSocket {
    /// The entries that are wanted, by their connection and the one that it is related to.
    mutating func conntrackEntries(
        where isWanted: (Connection, _ main: Connection?) -> Bool
    ) throws(BoxError) -> [ConntrackEntry] {
        var message = MessageBuffer(Conntrack.type(IPCTNL_MSG_CT_GET), Nft.header(family: 0))
        do throws(BoxError) {
            return try dump(&message, .init(.list, .connections), into: [ConntrackEntry]()) { list, payload in
                if let entry = ConntrackEntry(payload, where: isWanted) { list.append(entry) }
            }
        } catch {
            // Nobody has the subsystem.
            guard error.code == EINVAL else { throw error }
            throw BoxError(error.operation, .lacking(.connectionTracking))
        }
    }

    /// The entry of this name; nil if there is none.
    mutating func conntrackEntry(_ name: ConntrackEntry.Name) throws(BoxError) -> ConntrackEntry? {
        var message = MessageBuffer(Conntrack.type(IPCTNL_MSG_CT_GET), Nft.header(family: name.family))
        message.put(name)
        return try get(&message, .init(.lookUp, .connection), absent: ENOENT) { ConntrackEntry($0) { _, _ in true } }
    }

    /// Puts the answers of connections where the firewall drops them.
    fileprivate mutating func bar(answersOf connections: some Sequence<Connection>) throws(BoxError) {
        let updates = SetUpdate.barringAnswers(of: connections)
        if updates.isEmpty { return }
        var writer = try FirewallWriter()
        do throws(BoxError) {
            try NftTableWriter.updating(updates).commit(on: &writer.socket, .init(.end, .connections))
        } catch {
            // Without the table nothing is shut.
            if error.code != ENOENT { throw error }
        }
    }

    /// Deletes entries; one that is gone, or in whose place there is another one, is no error. One that the kernel does not
    /// delete holds up no other.
    mutating func delete(_ entries: [ConntrackEntry]) throws(BoxError) {
        var refusal: BoxError?
        var rest = entries[...]
        while !rest.isEmpty {
            // The kernel has to have room for what it says of each that it cannot delete.
            let message = ConntrackEntry.deletion(of: rest.prefix(500))
            do throws(NetlinkBatchError) {
                try batch(message, .init(.end, .connections), tolerating: ENOENT)
            } catch { refusal = refusal ?? error.error }
            rest = rest.dropFirst(500)
        }
        if let refusal { throw refusal }
    }
}

/// An entry of connection tracking, as far as it is needed to judge and to delete it.
struct ConntrackEntry: Equatable {
    /// What the kernel finds an entry by.
    struct Name: Hashable {
        /// The payload of `CTA_TUPLE_ORIG`.
        let tuple: [UInt8]
        /// `CTA_ZONE`; 0 is the usual one.
        let zone: UInt16
        /// `AF_INET`, `AF_INET6`
        let family: UInt8
    }

    let name: Name
    /// In network order, as the kernel says it. Two entries of one name have different ones.
    let id: UInt32
    let connection: Connection
    /// The one that this one is related to, as far as this one's entry knows it: as it was before any NAT.
    let main: (name: Name, connection: Connection)?

    static func == (a: Self, b: Self) -> Bool {
        a.name == b.name && a.id == b.id && a.connection == b.connection && a.main?.name == b.main?.name
    }

    /// Reads an `IPCTNL_MSG_CT_NEW`; nil unless it is wanted, and where the tuples are not IP.
    init?(_ payload: UnsafeRawBufferPointer, where isWanted: (Connection, _ main: Connection?) -> Bool) {
        guard let header = payload.header(nfgenmsg.self) else { return nil }
        var (original, reply, main): (Attribute?, Attribute?, Attribute?)
        var (zone, id, status): (UInt16, UInt32, UInt32) = (0, 0, 0)
        for attribute in Attributes(payload, after: nfgenmsg.self) {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue: original = attribute
            case CTA_TUPLE_REPLY.rawValue: reply = attribute
            case CTA_TUPLE_MASTER.rawValue: main = attribute
            case CTA_ZONE.rawValue: zone = attribute.u16.bigEndian
            case CTA_ID.rawValue: id = attribute.big32
            case CTA_STATUS.rawValue: status = attribute.big32
            default: break
            }
        }
        guard let original, let from = ConntrackTuple(original), let reply, let back = ConntrackTuple(reply) else {
            return nil
        }
        var connection = from.connection(to: back.source, port: back.sourcePort)
        connection.isAnswered = status & IPS_SEEN_REPLY.rawValue != 0
        self.connection = connection
        let origin = main.flatMap(ConntrackTuple.init).map {
            $0.connection(to: $0.destination, port: $0.destinationPort)
        }
        guard isWanted(connection, origin) else { return nil }
        name = Name(tuple: original.bytes, zone: zone, family: header.nfgen_family)
        if let main, let origin {
            self.main = (Name(tuple: main.bytes, zone: zone, family: header.nfgen_family), origin)
        } else {
            self.main = nil
        }
        self.id = id
    }

    /// Messages that delete the entries, numbered from 0. Each names its entry: one that named none would delete all.
    static func deletion(of entries: some Collection<ConntrackEntry>) -> MessageBuffer {
        var message = MessageBuffer(capacity: 1 << 16)
        for (number, entry) in entries.enumerated() {
            message.begin(
                type: Conntrack.type(IPCTNL_MSG_CT_DELETE), flags: NLM_F_REQUEST, sequence: UInt32(number),
                header: Nft.header(family: entry.name.family))
            message.put(entry.name)
            message.putBig(CTA_ID, entry.id)
        }
        return message
    }
}

extension MessageBuffer {
    fileprivate mutating func put(_ name: ConntrackEntry.Name) {
        put(NestedTuple(), bytes: name.tuple)
        if name.zone != 0 { putBig(CTA_ZONE, name.zone) }
    }

    /// `CTA_TUPLE_ORIG` with the flag of attributes that hold attributes.
    private struct NestedTuple: AttributeNumber {
        var attributeNumber: UInt16 { CTA_TUPLE_ORIG.attributeNumber | UInt16(NLA_F_NESTED) }
    }
}

/// One direction of an entry: `ctattr_tuple`.
private struct ConntrackTuple {
    let source: IPAddress
    let destination: IPAddress
    let transport: UInt8
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
    var icmpType: UInt8 = 0

    init?(_ attribute: Attribute) {
        var (source, destination): (IPAddress?, IPAddress?)
        var transport: UInt8?
        for part in attribute.nested {
            switch UInt32(part.type) {
            case CTA_TUPLE_IP.rawValue:
                for address in part.nested {
                    switch UInt32(address.type) {
                    case CTA_IP_V4_SRC.rawValue, CTA_IP_V6_SRC.rawValue: source = IPAddress(octets: address.payload)
                    case CTA_IP_V4_DST.rawValue, CTA_IP_V6_DST.rawValue:
                        destination = IPAddress(octets: address.payload)
                    default: break
                    }
                }
            case CTA_TUPLE_PROTO.rawValue:
                for field in part.nested {
                    switch UInt32(field.type) {
                    case CTA_PROTO_NUM.rawValue: transport = field.u8
                    case CTA_PROTO_SRC_PORT.rawValue: sourcePort = field.u16.bigEndian
                    case CTA_PROTO_DST_PORT.rawValue: destinationPort = field.u16.bigEndian
                    case CTA_PROTO_ICMP_TYPE.rawValue, CTA_PROTO_ICMPV6_TYPE.rawValue: icmpType = field.u8
                    default: break
                    }
                }
            default: break
            }
        }
        guard let source, let destination, let transport else { return nil }
        (self.source, self.destination, self.transport) = (source, destination, transport)
    }

    func connection(to server: IPAddress, port: UInt16) -> Connection {
        Connection(
            client: source, server: server, transport: transport, clientPort: sourcePort, port: port, icmpType: icmpType
        )
    }
}

extension ctattr_type: AttributeNumber {}
