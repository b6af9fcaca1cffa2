import Glibc

/// How a process that was started says that it stands: `+` on a descriptor, or else why it never will.
public struct ReadyWord: Sendable {
    /// The descriptor that it has for it.
    public let descriptor: Int32

    /// By the usual descriptor, or by another one.
    public init(descriptor: Int32 = 3) { self.descriptor = descriptor }

    /// Says that this process stands, or else why it does not.
    public func say(_ reason: String? = nil) {
        let bytes = Array((reason ?? "+").utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
