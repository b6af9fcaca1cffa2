/// Who carries the packets of an interface.
public enum Backend: String, Hashable, Sendable {
    /// The kernel's WireGuard.
    case kernel
    /// A process behind a TUN device and a configuration socket.
    case userspace
}

/// The name of the interface that is made ready beside another one to take its place: at most 15 bytes, as the kernel wants.
public func successorName(of interface: String) -> String {
    String(decoding: interface.utf8.prefix(10), as: UTF8.self) + "-next"
}
