public import NetTypes

extension IPPrefix {
    /// The networks that the routers of much-sold makes come with.
    private static let commonAtHome = ["192.168.0.0/24", "192.168.1.0/24", "192.168.178.0/24"].map { IPPrefix($0)! }

    /// Whether it overlaps a network that many homes have: whoever is in one of them does not reach the other.
    public var isCommonAtHome: Bool { Self.commonAtHome.contains(where: overlaps) }
}
