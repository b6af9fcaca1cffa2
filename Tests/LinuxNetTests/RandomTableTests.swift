import BoxModel
import Compiler
import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// Tables of random sites on the kernel of this machine: each change is taken, what is read back is what was wanted, and
/// nft prints a new table as the compiler does.
@Suite struct RandomTableTests {
    @Test(arguments: 0..<6) func fromSiteToSite(seed: Int) throws {
        try inNetworkNamespace {
            var world = RandomWorld(seed: seed)
            let box = LinuxBox()
            for _ in 0..<4 {
                var site = world.site()
                try bring(box, to: site)
                if !site.peers.isEmpty { site.peers.removeFirst() }
                for index in site.peers.indices where site.peers[index].policy != nil {
                    site.peers[index].policy = world.policy()
                }
                for group in site.groups.keys.sorted() { site.groups[group] = world.policy() }
                try bring(box, to: site)
            }
        }
    }

    private func bring(_ box: LinuxBox, to site: Site) throws {
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        let scope = Scope(interface: "none")
        for change in try firewallChanges(to: state, box.observe(scope)) {
            try box.perform(change)
            // After an update of elements the order in which nft prints concatenations is that of their coming.
            guard case .firewall(.replace) = change else { continue }
            #expect(try run("nft", "--stateless", "list", "table", "inet", "wggw") == state.firewall.nftText)
        }
        #expect(try firewallChanges(to: state, box.observe(scope)).isEmpty)
    }

    private func firewallChanges(to state: DesiredState, _ observed: ObservedState) throws -> [Change] {
        var state = state
        state.datapath = .auto
        return try diff(state, observed).changes.filter { change in
            switch change {
            case .firewall(.replace), .firewall(.update): true
            default: false
            }
        }
    }
}
