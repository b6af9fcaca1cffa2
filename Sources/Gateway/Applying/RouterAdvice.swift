public import Compiler
internal import NetTypes
public import SiteModel

extension ControlPlane {
    /// The static routes that the LAN's router needs, with the gateway's address in the LAN; empty unless the reply path is
    /// routed.
    public func routerInstructions(
        _ advice: [StaticRouteAdvice], of site: Site
    ) throws(GatewayError) -> [RouterInstructions] {
        if advice.isEmpty { return [] }
        return try wrapping {
            let interface = try box.facts().interfaces.first { $0.name == site.lan.interface }
            let own = interface?.addresses.map(\.address).filter { own in
                site.lan.subnets.contains { $0.contains(own) }
            }
            return routerAdvice(advice, gateways: own ?? [])
        }
    }
}
