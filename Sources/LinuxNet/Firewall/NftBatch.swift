import CMnl
import CNftnl
internal import BoxModel
internal import Firewall
import Glibc
internal import Netlink

/// One transaction of nf_tables: all of it happens, or none.
struct NftBatch: ~Copyable {
    private var messages = MessageBuffer(capacity: 1 << 16)
    /// What each message is for, by its sequence number.
    private var purposes: [BoxError.Thing] = [.beginning]

    /// With a `generation`, the kernel refuses the batch (`ERESTART`) if the ruleset has changed since.
    init(generation: UInt32? = nil) {
        edge(NFNL_MSG_BATCH_BEGIN)
        if let generation { messages.putBig(NFNL_BATCH_GENID, generation) }
    }

    /// Adds a message; `purpose` says in an error what was refused.
    mutating func add(
        _ command: nf_tables_msg_types, flags: Int32 = 0, _ purpose: BoxError.Thing,
        _ body: (inout MessageBuffer) -> Void
    ) {
        messages.begin(
            type: Nft.type(command), flags: NLM_F_REQUEST | flags, sequence: UInt32(purposes.count),
            header: Nft.header())
        purposes.append(purpose)
        body(&messages)
    }

    /// `isTrial`: only asks whether it could be, since a batch without an end is taken back.
    consuming func commit(
        on socket: inout NetlinkSocket, _ operation: BoxError.Operation, isTrial: Bool = false
    ) throws(BoxError) {
        if !isTrial { edge(NFNL_MSG_BATCH_END) }
        do throws(NetlinkBatchError) { try socket.batch(messages, operation) } catch {
            var answer = error.error
            if let message = error.message, message < purposes.count { answer.operation.part = purposes[message] }
            throw answer
        }
    }

    /// The whole batch as it would be sent.
    func bytes() -> [UInt8] { Array(messages.bytes) }

    private mutating func edge(_ type: Int32) {
        var header = Nft.header(family: UInt8(AF_UNSPEC))
        header.res_id = UInt16(NFNL_SUBSYS_NFTABLES).bigEndian
        messages.begin(type: type, flags: NLM_F_REQUEST, sequence: UInt32(purposes.count - 1), header: header)
    }
}
