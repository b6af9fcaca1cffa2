import CMnl
internal import BoxModel
import Glibc
internal import Netlink

/// Families of generic netlink.
enum GenericNetlink {
    /// The number of a family, or nil if the kernel has none of that name. Asking makes the kernel load the module that
    /// has it, if it is built as one and a module loader is there.
    static func family(_ name: String, on socket: inout NetlinkSocket) throws(BoxError) -> UInt16? {
        var message = MessageBuffer(0x10, genlmsghdr(cmd: UInt8(CTRL_CMD_GETFAMILY), version: 1, reserved: 0))
        message.put(CTRL_ATTR_FAMILY_NAME, string: name)
        return try socket.get(&message, .init(.lookUp, .family(name)), absent: ENOENT) {
            Attributes($0, after: genlmsghdr.self).first(CTRL_ATTR_FAMILY_ID)?.u16
        }
    }
}
