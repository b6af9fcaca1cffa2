internal import Compiler
internal import NetTypes
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// A peer's wg-quick configuration, with its private key if the pair was made here, and hints for people.
    public func export(_ name: String) throws(GatewayError) -> (text: String, notices: [String]) {
        try wrapping {
            let site = try newest().site
            let peer = site.peers[try site.index(of: name)]
            guard !peer.isUnnumbered else {
                throw GatewayError.refused(
                    "\(name) has no address in the tunnel, so there is nothing to write for it; "
                        + "give it one with `wggw set-peer \(name) --address auto`, or set up its side by hand")
            }
            var secrets = Secrets()
            var notices: [String] = []
            if let key = peer.publicKey {
                if try store.holdsPrivateKey(of: key) {
                    secrets.privateKeys[key] = try store.privateKey(of: key)
                } else {
                    notices.append("\(name) has its own private key; put it into the file where it says so")
                }
            }
            if case .sealed(let id) = peer.presharedKey { secrets.presharedKeys = try store.presharedKeys([id]) }
            let record = try store.box()
            let newest = try store.newestID()
            if !record.isUp || record.applied != newest {
                notices.append("the newest revision is not applied yet; run `wggw apply` before \(name) connects")
            }
            do {
                return (try clientConfig(for: peer, in: site, secrets: secrets).wgQuickText, notices)
            } catch { throw GatewayError.refused("\(error)") }
        }
    }
}
