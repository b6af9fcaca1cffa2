internal import BoxModel
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// Makes a site that came from another box fit this one: interfaces that it names and that are not here are found from then
    /// on, by what they carry; the notices say by what. A draft; with nothing to change none. Throws where the LAN is nowhere here.
    public func settle(why: String) throws(GatewayError) -> Draft {
        try locked {
            let before = try newest()
            let facts = try box.facts()
            let names = Set(facts.interfaces.map(\.name))
            var site = before.site
            if let lan = site.lan.interface, !names.contains(lan) { site.lan.interface = nil }
            if let egress = site.egress.interface, !names.contains(egress) {
                site.egress.interface = nil
                // It followed from the egress's.
                site.tunnel.mtu = nil
            }
            site.otherForwarding = OtherForwarding(
                ipv4: site.otherForwarding.ipv4?.keeping(names), ipv6: site.otherForwarding.ipv6?.keeping(names))
            var choices = SiteChoices(facts)
            try choices.complete(&site)
            choices.noticeRoles(site)
            return try write(site, after: before, why: why, notices: choices.notices)
        }
    }
}

extension OtherForwarding.Choice {
    /// nil where none of the interfaces that it names is left.
    fileprivate func keeping(_ names: Set<String>) -> Self? {
        guard case .from(let interfaces) = self else { return self }
        let left = interfaces.filter(names.contains)
        return left.isEmpty ? nil : .from(left)
    }
}
