public import SiteModel

let everyReversePath = "net/ipv4/conf/all/rp_filter"
let defaultReversePath = "net/ipv4/conf/default/rp_filter"
let everyForwarding6 = "net/ipv6/conf/all/forwarding"

/// Whether the setting makes the box forward: such are written last.
func isForwardingKey(_ key: String) -> Bool { key == "net/ipv4/ip_forward" || key == everyForwarding6 }

/// Whether the setting belongs to an interface and goes with it.
func isSetting(_ key: String, of interface: String) -> Bool {
    key.hasPrefix("net/ipv4/conf/\(interface)/") || key.hasPrefix("net/ipv6/conf/\(interface)/")
}

/// Changes of settings, by when they are due.
struct SysctlChanges {
    /// Before anything is forwarded.
    var before: [Change] = []
    /// What lets packets through.
    var forwarding: [Change] = []
    /// Values from before wggw.
    var givenBack: [Change] = []
}

func sysctlChanges(_ desired: DesiredState, _ now: ObservedState, _ saved: [String: Int]) -> SysctlChanges {
    var changes = SysctlChanges()
    for requirement in desired.sysctls {
        let isOwn = isSetting(requirement.key, of: desired.interface)
        // A file of the tunnel's interface is not there before the interface; of another's, it is nothing to set.
        let value = now.sysctls[requirement.key] ?? (isOwn ? initialValue(requirement, now) : nil)
        guard let value, let target = requirement.target(value, now), target != value else { continue }
        let change = Change.setSysctl(key: requirement.key, value: target, was: value)
        if isForwardingKey(requirement.key) { changes.forwarding.append(change) } else { changes.before.append(change) }
    }
    let required = Set(desired.sysctls.map(\.key))
    for (key, value) in saved.sorted(by: { $0.key < $1.key }) where !required.contains(key) {
        guard let current = now.sysctls[key], current != value else { continue }
        changes.givenBack.append(.setSysctl(key: key, value: value, was: current))
    }
    return changes
}

/// What a setting of a new interface says: the default's, or what makes it be written.
private func initialValue(_ requirement: SysctlRequirement, _ now: ObservedState) -> Int {
    requirement.need == .looseReversePath ? now.sysctls[defaultReversePath] ?? 0 : 0
}

extension SysctlRequirement {
    /// The value to write where `value` is there now; nil or the same where nothing needs to be written.
    fileprivate func target(_ value: Int, _ now: ObservedState) -> Int? {
        switch need {
        case .equal(let wanted): wanted
        // The kernel takes the maximum of `all` and the interface's: strict is 1, loose 2, off 0.
        case .looseReversePath: max(value, now.sysctls[everyReversePath] ?? 0) == 1 ? 2 : value
        // An interface that heeds advertisements (1) stops to do so when forwarding comes on, unless it says 2.
        case .acceptRouterAdvertisements: value == 1 && now.sysctls[everyForwarding6] != 1 ? 2 : value
        }
    }
}

extension DatapathChoice {
    /// Who carries the packets on this kernel. Throws where the kernel is wanted and cannot.
    public func backend(kernelHasWireGuard: Bool) throws(DiffError) -> Backend {
        if self == .kernel && !kernelHasWireGuard { throw .noKernelWireGuard }
        return resolved(kernelHasWireGuard: kernelHasWireGuard)
    }

    func resolved(kernelHasWireGuard: Bool) -> Backend {
        switch self {
        case .kernel: .kernel
        case .userspace: .userspace
        case .auto: kernelHasWireGuard ? .kernel : .userspace
        }
    }
}
