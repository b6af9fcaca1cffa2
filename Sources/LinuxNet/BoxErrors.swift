import CMnl
internal import BoxModel
import Glibc
internal import SiteModel
internal import System
public import Netlink

extension BoxError {
    /// The error of the system call that just failed.
    static func system(_ operation: String, code: Int32 = errno) -> BoxError {
        BoxError(operation, cause: errnoText(code), remedy: remedy(for: code), code: code)
    }

    /// What an `NLMSG_ERROR` or `NLMSG_DONE` says, in the kernel's own words where it has some; nil if all went well.
    static func acknowledgement(_ message: ReceivedMessage, _ operation: String) -> BoxError? {
        guard let code = message.payload.header(Int32.self), code < 0 else { return nil }
        var words = errnoText(-code)
        if let text = kernelWords(message) { words += " (\(text))" }
        return BoxError(operation, cause: words, remedy: remedy(for: -code), code: -code)
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

    private static func remedy(for code: Int32) -> Prose? {
        switch code {
        case EPERM, EACCES:
            geteuid() == 0
                ? "root lacks the capability CAP_NET_ADMIN here: a container gets it by --cap-add NET_ADMIN"
                : "run it as root"
        default: nil
        }
    }
}

extension nlmsgerr_attrs: AttributeNumber {}
