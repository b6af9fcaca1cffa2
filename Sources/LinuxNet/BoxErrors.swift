import CMnl
internal import BoxModel
import Glibc
internal import System
public import Netlink

extension BoxError {
    /// The error of the system call that just failed.
    static func system(_ operation: Operation, code: Int32 = errno, about subject: Refusal.Subject? = nil) -> BoxError {
        BoxError(
            operation,
            .system(Refusal(code, name: errnoText(code), subject: subject, isRoot: isAdministrator)))
    }

    /// What an `NLMSG_ERROR` or `NLMSG_DONE` says, in the kernel's own words where it has some; nil if all went well.
    static func acknowledgement(_ message: ReceivedMessage, _ operation: Operation) -> BoxError? {
        guard let code = message.payload.header(Int32.self), code < 0 else { return nil }
        let name = errnoText(-code)
        return BoxError(
            operation,
            .system(Refusal(-code, name: name, kernel: kernelWords(message), isRoot: isAdministrator))
        )
    }

    private static func kernelWords(_ message: ReceivedMessage) -> String? {
        guard message.header.nlmsg_flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return nil }
        var offset = 4
        if Int32(message.header.nlmsg_type) == NLMSG_ERROR {
            guard message.payload.count >= 20 else { return nil }
            let echoed = Int(message.payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            offset += message.header.nlmsg_flags & UInt16(NLM_F_CAPPED) != 0 ? 16 : aligned(echoed)
        }
        guard message.payload.count > offset else { return nil }
        return Attributes(UnsafeRawBufferPointer(rebasing: message.payload[offset...]))
            .first(NLMSGERR_ATTR_MSG)?.string
    }
}

extension nlmsgerr_attrs: AttributeNumber {}
