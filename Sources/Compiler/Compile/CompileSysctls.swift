import BoxModel
import Firewall
import NetTypes
import SiteModel

/// Sorted by key.
func sysctls(_ facts: SiteFacts, proxiesNeighbours: [ProxyNeighbour]) -> [SysctlRequirement] {
    let lan = facts.lan.map(\.interface)
    let tunnel = facts.site.tunnel.interface
    var needs = [
        SysctlRequirement(everyForwarding4, .equal(1)),
        // Without it the kernel deletes a new address along with the old one of the same subnet.
        SysctlRequirement("net/ipv4/conf/\(tunnel)/promote_secondaries", .equal(1)),
    ]
    needs += (lan + [tunnel]).map { SysctlRequirement("net/ipv4/conf/\($0)/rp_filter", .looseReversePath) }
    // The kernel asks the interface that an IPv4 packet comes in by, and one may be off where all others are on.
    let inputs = Set(lan + [tunnel] + (facts.hasFullTunnel ? facts.uplinks[.v4]! : []))
    needs += inputs.map { SysctlRequirement("net/ipv4/conf/\($0)/forwarding", .equal(1)) }
    if facts.hasIPv6 {
        needs.append(SysctlRequirement(everyForwarding6, .equal(1)))
        // Whichever has the box's IPv6 routes by advertisements, or is to have them.
        needs.append(SysctlRequirement("net/ipv6/conf/*/accept_ra", .acceptRouterAdvertisements))
    }
    if facts.site.lan.replyPath == .proxyARP {
        for side in facts.lan where facts.hasNeighbours(in: side) {
            needs.append(SysctlRequirement("net/ipv4/conf/\(side.interface)/proxy_arp", .equal(1)))
        }
        needs += Set(proxiesNeighbours.map(\.interface)).map {
            SysctlRequirement("net/ipv6/conf/\($0)/proxy_ndp", .equal(1))
        }
    }
    return needs.sorted { $0.key < $1.key }
}

extension SiteFacts {
    /// Whether the LAN has, or is to have, addresses of the tunnel's in this part of it.
    fileprivate func hasNeighbours(in side: LANSide) -> Bool {
        let own = addresses.map(\.address) + site.tunnel.addresses.map(\.address)
        return lan.count == 1 || own.contains { address in side.subnets.contains { $0.contains(address) } }
    }
}
