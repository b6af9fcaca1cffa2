import CMnl
import CNftnl
public import BoxModel
internal import Firewall
import Glibc
internal import NetTypes
public import Netlink

/// What table `inet wggw` drops, as it happens: one listener of nfnetlink_log, in the network namespace of the thread that makes it.
///
/// A class, as `BoxNews` is.
public final class DeniedPackets {
    /// What is to be told.
    public enum Entry: Hashable, Sendable {
        /// A packet was dropped.
        case denied(DeniedPacket)
        /// So many were told of faster than they were read; nil: nobody counted.
        case missed(Int?)
    }

    private var socket: NetlinkSocket
    /// When it began to listen.
    private let began: timespec
    /// The number that the next packet should have.
    private var next: UInt32?

    /// Listens from now on. Throws where another process listens already (`EBUSY`), and where this kernel cannot log packets
    /// (`EOPNOTSUPP`).
    public init(for listener: DenialLog) throws(BoxError) {
        socket = try Self.listen(for: listener)
        began = Self.now()
    }

    private static func listen(for listener: DenialLog) throws(BoxError) -> NetlinkSocket {
        let operation = BoxError.Operation(.listen, .denied)
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        guard try socket.canLog() else { throw BoxError(operation, .lacking(.packetLog)) }
        do throws(BoxError) {
            try configure(&socket, listener, operation) {
                $0.put(NFULA_CFG_CMD, bytes: [UInt8(NFULNL_CFG_CMD_BIND.rawValue)])
            }
            try configure(&socket, listener, operation) {
                // nfulnl_msg_config_mode: how much of what.
                $0.put(
                    NFULA_CFG_MODE,
                    bytes: withUnsafeBytes(of: DenialLog.bytes.bigEndian, Array.init) + [UInt8(NFULNL_COPY_PACKET), 0])
                // Each by itself, at once.
                $0.putBig(NFULA_CFG_QTHRESH, 1 as UInt32)
                $0.putBig(NFULA_CFG_FLAGS, UInt16(NFULNL_CFG_F_SEQ))
            }
        } catch {
            switch error.code {
            case EPERM, EEXIST, EBUSY:
                throw BoxError(operation, .heardBy(listener))
            case EOPNOTSUPP, EPROTONOSUPPORT, EINVAL: throw BoxError(operation, .lacking(.packetLog))
            default: throw error
            }
        }
        return socket
    }

    private static func configure(
        _ socket: inout NetlinkSocket, _ listener: DenialLog, _ operation: BoxError.Operation,
        _ body: (inout MessageBuffer) -> Void
    ) throws(BoxError) {
        var header = Nft.header(family: UInt8(AF_UNSPEC))
        header.res_id = listener.rawValue.bigEndian
        var message = MessageBuffer(Self.type(NFULNL_MSG_CONFIG), header)
        body(&message)
        try socket.request(&message, operation)
    }

    private static func type(_ message: nfulnl_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_ULOG) << 8 | UInt16(message.rawValue)
    }

    private static func now() -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }

    /// Whether a packet that another listener heard came to this one as well.
    public func heard(_ packet: DeniedPacket) -> Bool {
        (packet.seconds, Int(packet.nanoseconds)) >= (Int64(began.tv_sec), began.tv_nsec)
    }

    /// Readable when there may be something.
    public var descriptor: Int32 { socket.descriptor }

    /// Reads what there is, without waiting.
    public func read(_ tell: (Entry) -> Void) {
        let time = Self.now()
        var next = next
        let lostSome = socket.readUnasked { message in
            guard message.header.nlmsg_type == Self.type(NFULNL_MSG_PACKET) else { return }
            let attributes = Attributes(message.payload, after: nfgenmsg.self)
            if let number = attributes.first(NFULA_SEQ)?.big32 {
                if let next, number &- next > 0, number &- next < 1 << 31 { tell(.missed(Int(number &- next))) }
                next = number &+ 1
            }
            if let packet = DeniedPacket(attributes, at: time) { tell(.denied(packet)) }
        }
        if lostSome { tell(.missed(nil)) }
        self.next = next
    }
}

extension DeniedPacket {
    /// Of an `NFULNL_MSG_PACKET`; nil: it holds no whole IP header.
    fileprivate init?(_ attributes: Attributes, at time: timespec) {
        // nfulnl_msg_packet_hdr: the protocol, the hook.
        guard let hook = attributes.first(NFULA_PACKET_HDR)?.bytes, hook.count >= 3,
            FirewallChain.Hook.Point.numbered.indices.contains(Int(hook[2])),
            let payload = attributes.first(NFULA_PAYLOAD)?.payload, let header = PacketHeader(payload)
        else { return nil }
        func name(_ attribute: nfulnl_attr_type) -> String? {
            attributes.first(attribute).flatMap { interfaceName($0.big32) }
        }
        self.init(
            seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec),
            at: FirewallChain.Hook.Point.numbered[Int(hook[2])],
            input: name(NFULA_IFINDEX_INDEV), output: name(NFULA_IFINDEX_OUTDEV), header)
    }
}

extension nfulnl_attr_type: AttributeNumber {}
extension nfulnl_attr_config: AttributeNumber {}
