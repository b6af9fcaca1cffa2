import BoxModel
import Firewall
import NetTypes

/// Elements alone where nothing else differs, else the whole table.
func firewallChanges(_ desired: FirewallTable, _ observed: FirewallTable?) -> [Change] {
    guard let observed else { return [.firewall(.replace(desired, carrying: nil))] }
    guard desired.chains == observed.chains, desired.sets.count == observed.sets.count,
        zip(desired.sets, observed.sets).allSatisfy({ $0.hasShape(of: $1) })
    else { return [.firewall(.replace(desired, carrying: observed))] }
    let updates = zip(desired.sets, observed.sets).compactMap(update)
    return updates.isEmpty ? [] : [.firewall(.update(updates))]
}

/// An element whose verdict differs is deleted and added.
private func update(_ desired: FirewallSet, _ observed: FirewallSet) -> SetUpdate? {
    if desired.timeout != nil { return nil }
    var update = SetUpdate(set: desired.empty)
    (update.add, update.delete) = merge(desired.elements, observed.elements)
    return update.add.isEmpty && update.delete.isEmpty ? nil : update
}
