public import Explaining
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// What the newest revision's rules say of its own checks. Asks nothing of the box, and changes nothing.
    public func checks() throws(GatewayError) -> [CheckResult] {
        try wrapping {
            let newest = try newest()
            return judge(checksOf: newest.site, try desiredState(of: newest))
        }
    }

    /// What becomes of each check of the applied revision on the box; `asksHosts`: and in the network.
    public func explainChecks(asksHosts: Bool) throws(GatewayError) -> [(
        result: CheckResult, explanation: Explanation?
    )] {
        try wrapping {
            let scene = try scene(asksHosts: asksHosts)
            let survey = try Survey(scene)
            return judge(checksOf: scene.site, scene.desired).map { result in
                (result, result.problem == nil ? try? survey.explain(result.check.flow) : nil)
            }
        }
    }
}
