/// The sockets of a userspace WireGuard, which bear its interface's name.
public struct SocketPaths: Equatable, Sendable {
    /// The interface's name.
    public let interface: String

    /// Those of an interface.
    public init(interface: String) { self.interface = interface }

    /// The configuration socket, where `wg` looks for it.
    public var configuration: String { "/var/run/wireguard/\(interface).sock" }
    /// A second one of wggw's own datapath, where `awg` looks for it.
    public var amneziaConfiguration: String { "/var/run/amneziawg/\(interface).sock" }
    /// What wggw's own datapath has beside it: where it tells events. `wg` looks at what ends in .sock only.
    public var events: String { "/var/run/wireguard/\(interface).events" }
}
