/// The allowed IPs as workers read them, while the control thread changes them. Copied into each worker.
///
/// A lookup takes no lock and allocates nothing; what it walks over stays until after the worker's next epoch.
@frozen public struct AllowedIPsReader: @unchecked Sendable {
    @usableFromInline let arena: UnsafeMutableRawPointer

    init(arena: UnsafeMutableRawPointer) { self.arena = arena }

    /// Changes with every change of the allowed IPs: compare before using a cached answer.
    @inlinable public var generation: UInt32 { preconditionFailure() }

    /// Whose the IPv4 address (host order) is by longest prefix; `.none` where it is nobody's.
    @inlinable public func lookup(v4 address: UInt32) -> PeerIndex { preconditionFailure() }

    /// Whose the IPv6 address (host order) is by longest prefix; `.none` where it is nobody's.
    @inlinable public func lookup(v6 address: UInt128) -> PeerIndex { preconditionFailure() }
}
