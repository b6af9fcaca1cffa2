import NetTypes

extension SiteChecks {
    /// Whether each disguise goes together, whether they can be told apart, and who can be served beside them.
    mutating func checkDisguise() {
        var checked: [(name: String, key: PresharedKeyChoice, parameters: AWGParameters)] = []
        for (name, disguise) in site.tunnel.disguises {
            let path = ["disguise", name]
            checkLabel(name, path, .disguise)
            if name == DisguiseChoice.none.name {
                report(path, .disguise(.reservedName))
            }
            // Two that name one sealed key have the same; one that is still to be made is nobody else's.
            let same = checked.firstIndex {
                $0.key == disguise.headerProtectionKey && disguise.headerProtectionKey != .auto
            }
            do throws(AWGFault) {
                let parameters = try disguise.checkedParameters(UInt8(same ?? checked.count) + 1)
                if parameters.isPlain {
                    report(path, .disguise(.hidesNothing))
                } else if let other = checked.first(where: { $0.parameters.isConfused(with: parameters) })?.name {
                    report(path, .disguise(.confused(with: other)))
                }
                checked.append((name, disguise.headerProtectionKey, parameters))
            } catch {
                report(path + [error.name.profileKey], .disguise(.parameter(error)))
            }
        }
        if !site.tunnel.disguises.isEmpty && site.tunnel.datapath == .kernel {
            report(["tunnel", "datapath"], .disguise(.ofKernel(site.tunnel.disguises[0].name)))
        }
        checkDisguisedPeers(excluding: checked.first { $0.parameters.excludesPlain }?.name)
    }

    private mutating func checkDisguisedPeers(excluding: String?) {
        for peer in site.peers {
            let path = ["peers", peer.name, "disguise"]
            if peer.disguise == .none {
                guard let excluding else { continue }
                report(path, .disguise(.excludesPlain(excluding)))
            } else if site.tunnel[disguise: peer.disguise] == nil {
                report(path, .disguise(.missing(peer.disguise)))
            }
        }
    }
}
