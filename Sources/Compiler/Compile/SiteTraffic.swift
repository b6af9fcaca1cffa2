import BoxModel
import Firewall
import NetTypes
import SiteModel

extension Traffic {
    /// What a site is for.
    init(_ facts: SiteFacts) {
        self.init(
            tunnel: facts.site.tunnel.addresses.map(\.network),
            reaches: facts.lan.map { Reach($0.interface, $0.subnets) },
            outside: facts.outside, otherPorts: facts.site.tunnel.otherPorts)
        if facts.hasFullTunnel {
            for name in outside {
                let families = facts.uplinks.filter { $0.value.contains(name) }.keys
                reaches.append(
                    Reach(name, [IPPrefix.everyV4, .everyV6].filter { families.contains(Family($0.address)) }))
            }
        }
    }
}
