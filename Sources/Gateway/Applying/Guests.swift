internal import BoxModel
internal import NetTypes
internal import SiteModel
internal import Storage

/// Containers and virtual machines of the same box, whose networks others made (Docker, libvirt, LXC), perhaps after wggw came.
extension ControlPlane {
    /// Those whose packets the site drops, since it drops what is not the tunnel's.
    func droppedGuests(_ site: Site, _ networks: BoxNetworks, _ surroundings: Surroundings) -> [ApplyNotice] {
        let lan = Set(surroundings.lan(of: site).map(\.interface))
        return [false, true].compactMap { isV6 in
            let choice = isV6 ? site.otherForwarding.ipv6 : site.otherForwarding.ipv4
            let dropped = networks.guests(isV6: isV6).filter { bridge in
                if lan.contains(bridge) { return false }
                switch choice {
                case .drop: return true
                case .from(let allowed): return !allowed.contains(bridge)
                case .allow, nil: return false
                }
            }
            return dropped.isEmpty ? nil : .dropsGuests(dropped, isV6: isV6)
        }
    }

    /// What settings are given back when wggw goes with these interfaces: forwarding stays on for those who came to need it, which is told.
    func givenBack(without interfaces: [String]) throws -> (settings: [String: Int], notices: [ApplyNotice]) {
        let saved = try records.savedSysctls(bootID: clock.bootID())
        guard saved.keys.contains(where: isForwardingKey) else { return (saved, []) }
        let networks = try box.networks(reaching: nil).without { interfaces.contains($0) }
        var (rest, notices) = (saved, [] as [ApplyNotice])
        for isV6 in [false, true] {
            let guests = networks.guests(isV6: isV6)
            let keys = saved.keys.filter { isForwardingKey($0) && $0.hasPrefix(isV6 ? "net/ipv6/" : "net/ipv4/") }
            guard !guests.isEmpty, keys.contains(where: { saved[$0] == 0 }) else { continue }
            keys.forEach { rest[$0] = nil }
            notices.append(.keepsForwarding(guests, isV6: isV6))
        }
        return (rest, notices)
    }
}

extension BoxNetworks {
    /// Bridges that only containers and virtual machines are at, and that have a network of the family.
    fileprivate func guests(isV6: Bool) -> [String] {
        interfaces.filter { $0.isForGuests && $0.networks.contains { $0.isV6 == isV6 } }.map(\.name)
    }
}
