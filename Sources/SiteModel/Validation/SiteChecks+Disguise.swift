import NetTypes

extension SiteChecks {
    /// Whether the disguise goes together, and who can be served beside it.
    mutating func checkDisguise() {
        guard let disguise = site.tunnel.disguise else {
            return checkDisguisedPeers(excludesPlain: false, hasDisguise: false)
        }
        let path = ["disguise", "awg"]
        do throws(AWGFault) {
            let parameters = try disguise.checkedParameters()
            if parameters.isPlain {
                report(path, .disguise(.hidesNothing))
            }
            checkDisguisedPeers(excludesPlain: parameters.excludesPlain, hasDisguise: true)
        } catch {
            report(path + [error.name.profileKey], .disguise(.parameter(error)))
        }
        if site.tunnel.datapath == .kernel {
            report(["tunnel", "datapath"], .disguise(.ofKernel))
        }
    }

    private mutating func checkDisguisedPeers(excludesPlain: Bool, hasDisguise: Bool) {
        for peer in site.peers {
            switch peer.disguise {
            case .awg where !hasDisguise:
                report(["peers", peer.name, "disguise"], .disguise(.missing))
            case .none where excludesPlain:
                report(["peers", peer.name, "disguise"], .disguise(.excludesPlain))
            case .awg, .none: break
            }
        }
    }
}
