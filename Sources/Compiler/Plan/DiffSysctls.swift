import BoxModel

/// Changes of settings, by when they are due.
struct SysctlChanges {
    /// Before anything is forwarded.
    var before: [Change] = []
    /// What lets packets through.
    var forwarding: [Change] = []
    /// Values from before wggw.
    var givenBack: [Change] = []

    init(_ desired: DesiredState, _ now: ObservedState, saved: [String: Int]) {
        var settings = KernelSettings(now.sysctls)
        let needs = Dictionary(desired.requirements(on: now).map { ($0.key, $0) }) { first, _ in first }
        // A file of the tunnel's interface is not there before the interface; of another's, it is nothing to set.
        for key in needs.keys where settings[key] == nil && isSetting(key, of: desired.interface) {
            settings.add(key, settings[ofDefault(key, desired.interface)] ?? 0)
        }
        let keys = inWritingOrder(needs.keys)
        for key in keys.filter({ !isForwardingKey($0) }) + keys.filter(isForwardingKey) {
            guard let value = settings[key], case let target = needs[key]!.target(value, settings), target != value
            else { continue }
            let change = Change.setSysctl(key: key, value: target, was: value)
            if isForwardingKey(key) { forwarding.append(change) } else { before.append(change) }
            settings.write(key, target)
        }
        givenBack = settings.giveBack(saved.filter { !desired.holds($0.key) })
    }
}

extension DesiredState {
    /// What is required, file by file: a pattern of all that are there, but for the tunnel's own.
    fileprivate func requirements(on now: ObservedState) -> [SysctlRequirement] {
        sysctls.flatMap { requirement in
            let pattern = SysctlPattern(requirement.key)
            if pattern.parts == nil { return [requirement] }
            return now.sysctls.keys.filter { pattern.matches($0) && !isSetting($0, of: interface) }
                .map { SysctlRequirement($0, requirement.need) }
        }
    }
}

extension KernelSettings {
    /// The changes that bring old values back, as far as their files are still there; those that move others come first.
    mutating func giveBack(_ old: [String: Int]) -> [Change] {
        var changes: [Change] = []
        for key in inWritingOrder(old.keys) {
            guard let value = self[key], value != old[key]! else { continue }
            changes.append(.setSysctl(key: key, value: old[key]!, was: value))
            write(key, old[key]!)
        }
        return changes
    }
}

/// The same setting for interfaces to come.
private func ofDefault(_ key: String, _ interface: String) -> String {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    return parts.map { $0 == interface ? "default" : String($0) }.joined(separator: "/")
}

extension SysctlRequirement {
    /// The value to write where `value` is there now; the same where nothing needs to be written.
    fileprivate func target(_ value: Int, _ now: KernelSettings) -> Int {
        switch need {
        case .equal(let wanted): wanted
        // The kernel takes the maximum of `all` and the interface's: strict is 1, loose 2, off 0.
        case .looseReversePath: max(value, now[everyReversePath] ?? 0) == 1 ? 2 : value
        // An interface that heeds advertisements (1) stops to do so when forwarding comes on, unless it says 2.
        case .acceptRouterAdvertisements: value == 1 && (now[everyForwarding6] ?? 0) == 0 ? 2 : value
        }
    }
}
