public import Firewall

extension RulesetGeneration {
    /// What it will be after the plan, if nobody else changes a table meanwhile: every change of ours is one transaction.
    public func after(_ plan: Plan) -> RulesetGeneration {
        let transactions = plan.changes.count {
            if case .firewall = $0 { true } else { false }
        }
        return RulesetGeneration(namespace: namespace, number: number &+ UInt32(transactions))
    }
}
