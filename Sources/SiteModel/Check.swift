/// What a site promises of itself: that something gets through, or that it does not. A profile that breaks its own checks is not
/// applied.
public struct Check: Hashable, Sendable {
    /// What is promised.
    public enum Expectation: String, Hashable, Sendable, CaseIterable {
        /// It gets there, and the answer back.
        case allow
        /// It does not.
        case deny
    }

    /// Who wants to reach whom. Only peers, `gateway`, `dns`, addresses and networks: what a host's name stands for changes.
    public var flow: Flow
    /// What is promised.
    public var expect: Expectation

    /// Makes a check.
    public init(_ flow: Flow, _ expect: Expectation) {
        self.flow = flow
        self.expect = expect
    }
}

extension Check: CustomStringConvertible {
    /// `laptop → 192.168.1.10:443/tcp: allow`
    public var description: String { "\(flow): \(expect.rawValue)" }
}

extension SiteChecks {
    /// Whether every name in the site's own checks is one of the site's.
    mutating func checkChecks() {
        let names = Set(site.peers.map(\.name) + ["gateway", "dns"])
        for (i, check) in site.checks.enumerated() {
            for case .name(let name) in [check.flow.from, check.flow.to] where !names.contains(name) {
                let near = nearest(name, among: names.sorted())
                report(["check"], index: i, .name(.unknownPeer(name, check.flow, near: near)))
            }
        }
    }
}
