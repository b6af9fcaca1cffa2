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
                report(path, "hides nothing", remedy: "write parameters, or remove the table")
            }
            checkDisguisedPeers(excludesPlain: parameters.excludesPlain, hasDisguise: true)
        } catch {
            report(
                path + [error.name.profileKey], error.description, remedy: "correct it here and at the peers"
            )
        }
        if site.tunnel.datapath == .kernel {
            report(
                ["tunnel", "datapath"], "the kernel's WireGuard speaks no AmneziaWG",
                remedy: "write auto or userspace, or remove [disguise.awg]")
        }
    }

    private mutating func checkDisguisedPeers(excludesPlain: Bool, hasDisguise: Bool) {
        for peer in site.peers {
            switch peer.disguise {
            case .awg where !hasDisguise:
                report(
                    ["peers", peer.name, "disguise"], "there is no [disguise.awg]", remedy: "write one, or none here")
            case .none where excludesPlain:
                report(
                    ["peers", peer.name, "disguise"],
                    "a plain initiation is one of the disguise too, but nothing that answers it",
                    remedy: "write awg for all peers, or an s1 of 1 or more in [disguise.awg]")
            case .awg, .none: break
            }
        }
    }
}
