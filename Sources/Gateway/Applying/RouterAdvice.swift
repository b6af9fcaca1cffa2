import BoxModel
public import Compiler
public import NetTypes
public import SiteModel

extension ControlPlane {
    /// The static routes that the LAN's router needs, with the gateway's address in the LAN; empty unless the reply path is
    /// routed.
    public func routerInstructions(
        _ advice: [IPPrefix], of site: Site, meeting surroundings: Surroundings
    ) throws(GatewayError) -> [RouterInstructions] {
        if advice.isEmpty { return [] }
        return try wrapping {
            let inside = Set(surroundings.lan(of: site).map(\.interface))
            let own = try box.facts().interfaces.filter { inside.contains($0.name) }.flatMap(\.addresses).map(\.address)
            let gateways = own.filter { own in site.lan.subnets.contains { $0.contains(own) } }
            return routerAdvice(advice, gateways: gateways)
        }
    }
}
