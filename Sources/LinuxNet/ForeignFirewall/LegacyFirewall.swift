internal import Firewall
import Glibc
internal import Netlink
internal import System

/// The tables of the kernel's older packet filter (iptables-legacy), which nf_tables does not list, in its words.
///
/// Layouts are those of linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h and x_tables.h.
struct LegacyFirewall {
    /// A table, by its name in the kernel.
    enum Table: String, CaseIterable {
        case raw, mangle, nat, filter, security

        /// No name that nf_tables could have beside it.
        var name: String { rawValue + FirewallTable.legacyMark }

        /// By the hook's number (`NF_INET_*`), whether or not the table has it; policies are elsewhere.
        func hook(_ number: Int) -> FirewallChain.Hook {
            let point = FirewallChain.Hook.Point.numbered[number]
            let priority: Int32 =
                switch self {
                case .raw: -300
                case .mangle: -150
                // Destinations are translated on the way in, sources on the way out.
                case .nat: point == .prerouting || point == .output ? -100 : 100
                case .filter: 0
                case .security: 50
                }
            return FirewallChain.Hook(
                kind: self == .nat ? .nat : .filter, point: point, priority: priority, drops: false)
        }
    }

    /// A hook that a table has: its number, where its rules begin, and where its policy stands.
    typealias Place = (number: Int, start: Int, policy: Int)

    /// Offsets in an entry, which differ by the width of its addresses.
    struct Layout {
        let family: Family
        let interfaces: Int
        let transport: Int
        let flags: Int
        /// `IPT_F_GOTO`, `IP6T_F_GOTO`
        let goto: UInt8
        /// `target_offset`; `next_offset` is 2 further.
        let targetOffset: Int
        /// Where the matches begin.
        let size: Int

        static let v4 = Layout(
            family: .v4, interfaces: 16, transport: 80, flags: 82, goto: 2, targetOffset: 88, size: 112)
        static let v6 = Layout(
            family: .v6, interfaces: 64, transport: 128, flags: 131, goto: 4, targetOffset: 140, size: 168)

        /// The family of the tables.
        var tables: FirewallTable.Family { family == .v4 ? .ip : .ip6 }
    }

    /// The tables of both families, with their rules. None where the older filter is not in use, or cannot be read: asking
    /// for a table makes it, so only those that are listed are asked for.
    static func tables() -> [FirewallTable] {
        tables("ip_tables_names", AF_INET, level: Int32(IPPROTO_IP), .v4)
            + tables("ip6_tables_names", AF_INET6, level: 41, .v6)  // IPPROTO_IPV6
    }

    private static func tables(_ list: String, _ domain: Int32, level: Int32, _ layout: Layout) -> [FirewallTable] {
        guard let names = readFile("/proc/thread-self/net/\(list)") else { return [] }
        let used = Set(names.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
        return Table.allCases.filter { used.contains($0.rawValue) }.compactMap { kind in
            guard let table = read(kind, domain, level: level) else { return nil }
            return table.entries.withUnsafeBytes { parse($0, table.hooks, layout, kind) }
        }
    }

    /// `IPT_SO_GET_INFO`, then `IPT_SO_GET_ENTRIES`.
    static func read(_ table: Table, _ domain: Int32, level: Int32) -> (hooks: [Place], entries: [UInt8])? {
        let fd = socket(domain, 3 | 0o2000000, 255)  // SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        // name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size
        let name = Array(table.rawValue.utf8)
        var info = name + [UInt8](repeating: 0, count: 84 - name.count)
        var length = socklen_t(info.count)
        guard getsockopt(fd, level, 64, &info, &length) == 0 else { return nil }
        func word(_ offset: Int) -> Int {
            Int(info.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) })
        }
        // name[32], size, padding to 8 bytes, entries
        let size = word(80)
        var answer = Array(info[..<32]) + [UInt8](repeating: 0, count: 8 + size)
        answer.replaceSubrange(32..<36, with: info[80..<84])
        length = socklen_t(answer.count)
        guard getsockopt(fd, level, 65, &answer, &length) == 0 else { return nil }
        let hooks = (0..<5).filter { word(32) & 1 << $0 != 0 }
        return (hooks.map { ($0, word(36 + 4 * $0), word(56 + 4 * $0)) }, Array(answer[40...]))
    }

    /// The table in what `IPT_SO_GET_ENTRIES` answered.
    static func parse(
        _ table: UnsafeRawBufferPointer, _ hooks: [Place], _ layout: Layout, _ kind: Table
    ) -> FirewallTable {
        var chains: [FirewallChain] = []
        var targets: [Int: String] = [:]
        // A chain of somebody's own begins with an entry that says its name; a built-in one where its hook points.
        forEachEntry(table, layout) { offset, entry, next in
            let target = target(entry, layout)
            if target.name == "ERROR" { targets[next] = string(target.data.prefix(30)) }
        }
        forEachEntry(table, layout) { offset, entry, next in
            if let place = hooks.first(where: { $0.start == offset }) {
                let policy = target(UnsafeRawBufferPointer(rebasing: table[place.policy...]), layout)
                var hook = kind.hook(place.number)
                hook.drops = policy.data.loadUnaligned(as: Int32.self) == -1
                chains.append(FirewallChain(hook.point.rawValue.uppercased(), hook: hook, rules: []))
            } else if let name = targets[offset], target(entry, layout).name != "ERROR" {
                chains.append(FirewallChain(name, rules: []))
            }
            guard !chains.isEmpty, target(entry, layout).name != "ERROR",
                !hooks.contains(where: { $0.policy == offset })
            else { return }
            chains[chains.count - 1].rules.append(
                FirewallRule(expressions: rule(entry, next: next, targets, layout)))
        }
        return FirewallTable(layout.tables, kind.name, chains: chains)
    }

    private static func forEachEntry(
        _ table: UnsafeRawBufferPointer, _ layout: Layout, _ body: (Int, UnsafeRawBufferPointer, Int) -> Void
    ) {
        var offset = 0
        while offset + layout.size <= table.count {
            let length = Int(table.loadUnaligned(fromByteOffset: offset + layout.targetOffset + 2, as: UInt16.self))
            guard length > layout.size, offset + length <= table.count else { return }
            body(offset, UnsafeRawBufferPointer(rebasing: table[offset..<offset + length]), offset + length)
            offset += length
        }
    }

    private static func target(
        _ entry: UnsafeRawBufferPointer, _ layout: Layout
    ) -> (name: String, revision: UInt8, data: UnsafeRawBufferPointer) {
        let start = Int(entry.loadUnaligned(fromByteOffset: layout.targetOffset, as: UInt16.self))
        return (
            string(entry[(start + 2)..<(start + 31)]), entry[start + 31],
            UnsafeRawBufferPointer(rebasing: entry[(start + 32)...])
        )
    }

    private static func rule(
        _ entry: UnsafeRawBufferPointer, next: Int, _ targets: [Int: String], _ layout: Layout
    ) -> [FirewallExpression] {
        var rule: [FirewallExpression] = []
        let flags = entry[layout.flags]
        let inverted = entry[layout.flags + 1]
        // A mask as long as the name with its zero byte; shorter for `wg+`.
        for (i, key) in [Nft.Meta.inputName, Nft.Meta.outputName].enumerated() {
            let name = layout.interfaces + 16 * i
            let length = entry[(name + 32)..<(name + 48)].count { $0 != 0 }
            if length == 0 { continue }
            rule.append(.meta(key: key, register: 1))
            rule.append(
                .compare(op: op(inverted & UInt8(1 << i)), register: 1, bytes: Array(entry[name..<(name + length)])))
        }
        rule += addresses(entry, inverted: inverted, layout.family)
        // IPT_F_FRAG: further fragments alone.
        if layout.family == .v4 && flags & 1 != 0 {
            rule.append(.payload(base: Nft.Payload.network, offset: 6, length: 2, register: 1))
            rule.append(.bitwise(source: 1, register: 1, mask: [0x1f, 0xff], xor: [0, 0]))
            rule.append(.compare(op: inverted & 0x20 != 0 ? 0 : 1, register: 1, bytes: [0, 0]))
        }
        let transport = entry.loadUnaligned(fromByteOffset: layout.transport, as: UInt16.self)
        if transport != 0 {
            rule.append(.meta(key: Nft.Meta.transport, register: 1))
            rule.append(
                .compare(op: op(inverted & 0x40), register: 1, bytes: [UInt8(truncatingIfNeeded: transport)]))
        }
        rule += matches(entry, layout)
        let target = target(entry, layout)
        guard target.name.isEmpty else {
            return rule + XtExtension.target(target.name, revision: target.revision, Array(target.data))
        }
        switch Int(target.data.loadUnaligned(as: Int32.self)) {
        case -1: rule.append(.verdict(.drop))
        case -2: rule.append(.verdict(.accept))
        case -5: rule.append(.verdict(.return))
        case let offset where offset >= 0 && offset != next:
            let name = targets[offset] ?? ""
            rule.append(.verdict(flags & layout.goto != 0 ? .goto(name) : .jump(name)))
        default: break
        }
        return rule
    }

    /// Source, destination, and their masks begin an entry.
    private static func addresses(
        _ entry: UnsafeRawBufferPointer, inverted: UInt8, _ family: Family
    ) -> [FirewallExpression] {
        let size = Int(family.size)
        return [(Side.source, 0, UInt8(8)), (.destination, size, 16)].flatMap {
            (side, start, flag) -> [FirewallExpression] in
            let mask = Array(entry[(2 * size + start)..<(3 * size + start)])
            if mask.allSatisfy({ $0 == 0 }) { return [] }
            return [
                .payload(
                    base: Nft.Payload.network, offset: family.offset(side), length: family.size, register: 1),
                .bitwise(source: 1, register: 1, mask: mask, xor: mask.map { _ in 0 }),
                .compare(op: op(inverted & flag), register: 1, bytes: Array(entry[start..<start + size])),
            ]
        }
    }

    private static func op(_ inversion: UInt8) -> UInt32 {
        inversion == 0 ? Nft.Compare.equal : Nft.Compare.notEqual
    }

    private static func matches(_ entry: UnsafeRawBufferPointer, _ layout: Layout) -> [FirewallExpression] {
        var expressions: [FirewallExpression] = []
        var offset = layout.size
        let end = Int(entry.loadUnaligned(fromByteOffset: layout.targetOffset, as: UInt16.self))
        while offset + 32 <= end {
            let size = Int(entry.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            guard size >= 32 else { break }
            let name = string(entry[(offset + 2)..<(offset + 31)])
            let data = UnsafeRawBufferPointer(rebasing: entry[(offset + 32)..<min(offset + size, end)])
            expressions += XtExtension.match(name, revision: entry[offset + 31], Array(data), layout.tables)
            offset += size
        }
        return expressions
    }

    private static func string(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
