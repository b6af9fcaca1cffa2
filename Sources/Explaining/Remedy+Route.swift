import BoxModel
internal import NetTypes
internal import SiteModel

extension Remedy.Advice {
    /// Take the route away by which an address is reached; table main needs no name.
    static func removeRoute(_ address: IPAddress, in way: RouteWay) -> Self {
        .removeRoute(address, table: way.table == 254 ? nil : way.table)
    }
}
