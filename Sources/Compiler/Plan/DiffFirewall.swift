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

/// One pass over both sorted lists; an element whose verdict differs is deleted and added.
private func update(_ desired: FirewallSet, _ observed: FirewallSet) -> SetUpdate? {
    if desired.timeout != nil { return nil }
    let (new, old) = (desired.elements, observed.elements)
    // As nearly always, and mostly the same array: the kernel's is not read where it has not changed since.
    if new == old { return nil }
    var update = SetUpdate(set: desired.empty)
    var (i, j) = (0, 0)
    while i < new.count && j < old.count {
        if new[i] == old[j] {
            (i, j) = (i + 1, j + 1)
        } else if new[i] < old[j] {
            update.add.append(new[i])
            i += 1
        } else if old[j] < new[i] {
            update.delete.append(old[j])
            j += 1
        } else {
            update.add.append(new[i])
            update.delete.append(old[j])
            (i, j) = (i + 1, j + 1)
        }
    }
    update.add += new[i...]
    update.delete += old[j...]
    return update.add.isEmpty && update.delete.isEmpty ? nil : update
}
