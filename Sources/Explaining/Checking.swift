public import BoxModel
public import SiteModel

/// What a site's rules say of one of its own checks.
public struct CheckResult: Equatable, Sendable {
    /// What is promised.
    public let check: Check
    /// Where in the profile.
    public let place: ProfilePlace?
    /// Whether it holds.
    public let holds: Bool
    /// What decided; nil where the check makes no sense for the site, which `problem` then says.
    public let fact: Fact?
    /// Where in the profile that stands.
    public let decidedAt: ProfilePlace?
    /// Why it cannot be judged.
    public let problem: FlowError?
}

/// Judges a site's checks by the rules that it compiles to. Asks nothing of the box.
public func judge(checksOf site: Site, _ desired: DesiredState) -> [CheckResult] {
    if site.checks.isEmpty { return [] }
    let judge = ProfileJudge(site, desired, own: [], lookUp: { _ in [] })
    let lines = ProfileLines(site)
    return site.checks.enumerated().map { index, check in
        let place = lines.place(ofCheck: index)
        do throws(FlowError) {
            let (from, to, service) = try judge.finder.ends(of: check.flow)
            let (outcome, fact, asked) = judge.judge(from, to, service)
            // A part of what was asked for is not all of it.
            let isAllowed = outcome == .passes && (service == asked || check.expect == .deny)
            return CheckResult(
                check: check, place: place, holds: isAllowed == (check.expect == .allow), fact: fact,
                decidedAt: lines.place(of: fact), problem: nil)
        } catch {
            return CheckResult(check: check, place: place, holds: false, fact: nil, decidedAt: nil, problem: error)
        }
    }
}

extension CheckResult: CustomStringConvertible {
    /// `laptop → 192.168.1.10:443/tcp: deny (line 41), but laptop reaches the whole LAN and this box (line 23)`
    public var prose: Prose {
        let promised = "\(check)" + (place.map { " (line \($0.line))" } ?? "")
        if let problem { return "\(promised): \(problem.prose)" }
        guard let fact else { return Prose(promised) }
        return "\(promised)\(holds ? ";" : ", but") \(fact)\(decidedAt.map { " (line \($0.line))" } ?? "")"
    }

    /// For whoever develops.
    public var description: String { prose.description }
}
