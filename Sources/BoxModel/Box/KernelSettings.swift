public import SiteModel

package let everyForwarding4 = "net/ipv4/ip_forward"
package let everyForwarding6 = "net/ipv6/conf/all/forwarding"

package let everyReversePath = "net/ipv4/conf/all/rp_filter"
package let defaultReversePath = "net/ipv4/conf/default/rp_filter"

/// Whether the setting belongs to an interface and goes with it.
public func isSetting(_ key: String, of interface: String) -> Bool {
    key.hasPrefix("net/ipv4/conf/\(interface)/") || key.hasPrefix("net/ipv6/conf/\(interface)/")
}

/// The interface that a setting belongs to, and the key that it has by another name of that; nil for one of the whole box.
public func interfaceOfSetting(_ key: String) -> (name: String, key: (String) -> String)? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "net", parts[2] == "conf", !["all", "default"].contains(parts[3]) else {
        return nil
    }
    return (String(parts[3]), { "net/\(parts[1])/conf/\($0)/\(parts[4])" })
}

/// Settings under /proc/sys by key, as the kernel keeps them: some move others along.
///
/// - `net/ipv4/ip_forward` sets `forwarding` of every interface and of those to come, and `accept_redirects` of all to the
///   opposite: `inet_forward_change` in net/ipv4/devinet.c.
/// - `net/ipv6/conf/all/forwarding` sets `forwarding` of every interface and of those to come: `addrconf_fixup_forwarding` in
///   net/ipv6/addrconf.c.
package struct KernelSettings {
    package private(set) var values: [String: Int]

    /// What was read, all of it at one time.
    package init(_ values: [String: Int]) { self.values = values }

    /// nil for a file that is not there, or was not read.
    package subscript(key: String) -> Int? { values[key] }

    /// A setting of an interface that comes: no write, so nothing moves along.
    package mutating func add(_ key: String, _ value: Int) { values[key] = value }

    /// Writes as the kernel does.
    package mutating func write(_ key: String, _ value: Int) {
        for moved in moved(by: key) { values[moved] = moved == everyRedirects ? (value == 0 ? 1 : 0) : value }
        values[key] = value
    }

    /// The keys that are there and that the kernel writes along with `key`; sorted.
    package func moved(by key: String) -> [String] {
        let patterns = SysctlPattern.moved(by: key)
        return patterns.isEmpty ? [] : values.keys.filter { key in patterns.contains { $0.matches(key) } }.sorted()
    }
}

private let everyRedirects = "net/ipv4/conf/all/accept_redirects"

/// Files under /proc/sys: one of them, or with `*` for a directory the same file of every interface and of `default`. `all` is
/// not among these, since it is a setting by itself.
public struct SysctlPattern: Hashable, Sendable {
    /// `net/ipv4/conf/*/forwarding`
    public let text: String

    /// Takes the text as it is.
    public init(_ text: String) { self.text = text }

    /// What stands before the `*` and behind it; nil without one.
    public var parts: (before: Substring, after: Substring)? {
        text.firstIndex(of: "*").map { (text[..<$0], text[$0...].dropFirst()) }
    }

    /// Whether a key is one of these.
    public func matches(_ key: String) -> Bool {
        guard let (before, after) = parts else { return key == text }
        guard key.utf8.count > before.utf8.count + after.utf8.count, key.hasPrefix(before), key.hasSuffix(after) else {
            return false
        }
        let name = key.dropFirst(before.count).dropLast(after.count)
        return name != "all" && !name.contains("/")
    }

    /// What the kernel writes along with `key`.
    package static func moved(by key: String) -> [SysctlPattern] {
        switch key {
        case everyForwarding4: [SysctlPattern("net/ipv4/conf/*/forwarding"), SysctlPattern(everyRedirects)]
        case everyForwarding6: [SysctlPattern("net/ipv6/conf/*/forwarding")]
        default: []
        }
    }
}

/// Whether the setting makes the box forward: such are written last.
public func isForwardingKey(_ key: String) -> Bool {
    key == everyForwarding4 || key.hasPrefix("net/") && key.contains("/conf/") && key.hasSuffix("/forwarding")
}

/// Keys in an order in which none is moved away by a later one: those that move others come first.
package func inWritingOrder(_ keys: some Sequence<String>) -> [String] {
    keys.sorted { a, b in
        let movesOthers = (!SysctlPattern.moved(by: a).isEmpty, !SysctlPattern.moved(by: b).isEmpty)
        return movesOthers.0 == movesOthers.1 ? a < b : movesOthers.0
    }
}

extension Plan {
    /// What every setting that the plan writes says before it, and every one that the kernel moves along, whether its value
    /// becomes another or not: all that has to be noted to give the box back as it was.
    public func settingsBefore(_ observed: ObservedState) -> [String: Int] {
        let settings = KernelSettings(observed.sysctls)
        var before: [String: Int] = [:]
        for case .setSysctl(let key, _, let was) in changes {
            before[key] = settings[key] ?? was
            for moved in settings.moved(by: key) { before[moved] = settings[moved] }
        }
        return before
    }

    /// Whether the plan switches forwarding of a whole family on.
    public func startsForwarding(isV6: Bool) -> Bool {
        let key = isV6 ? everyForwarding6 : everyForwarding4
        return changes.contains { if case .setSysctl(key, let value, _) = $0 { value != 0 } else { false } }
    }
}

extension DesiredState {
    /// Whether a setting stays as it is with this state on the box: it is required, or moved along with one that is.
    public func holds(_ key: String) -> Bool {
        sysctls.contains {
            SysctlPattern($0.key).matches(key) || SysctlPattern.moved(by: $0.key).contains { $0.matches(key) }
        }
    }
}

extension OtherForwarding {
    /// What a box forwards that says this under /proc/sys, with these interfaces besides loopback.
    ///
    /// IPv4 asks the interface that a packet comes in by (`conf/IF/forwarding`). IPv6 asks `conf/all/forwarding`, and where that
    /// is off the interface's `force_forwarding`, which kernels have since 6.17.
    public init(sysctls: [String: Int], interfaces: [String]) {
        func isOn(_ key: String) -> Bool { (sysctls[key] ?? 0) != 0 }
        let on = interfaces.filter { isOn("net/ipv4/conf/\($0)/forwarding") }
        let isDefault = isOn("net/ipv4/conf/default/forwarding")
        let forced = interfaces.filter { isOn("net/ipv6/conf/\($0)/force_forwarding") }
        self.init(
            ipv4: isDefault && on.count == interfaces.count ? .allow : on.isEmpty ? .drop : .from(on),
            ipv6: isOn(everyForwarding6) ? .allow : forced.isEmpty ? .drop : .from(forced))
    }

    /// The files that tell it.
    public static let sysctls: Set<String> = [
        "net/ipv4/conf/*/forwarding", everyForwarding6, "net/ipv6/conf/*/force_forwarding",
    ]
}
