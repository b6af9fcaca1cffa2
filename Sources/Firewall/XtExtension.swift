/// The matches and targets of iptables (linux/netfilter/xt_*.h) in nf_tables' words. nf_tables runs them too, since
/// iptables-nft puts them into its rules as they are.
public enum XtExtension {
    /// What a match comes to. One that is not known here is a `condition`.
    public static func match(
        _ name: String, revision: UInt8, _ info: [UInt8], _ family: FirewallTable.Family
    ) -> [FirewallExpression] {
        decodeMatch(name, revision, Info(bytes: info), family) ?? [.condition("match \(name)")]
    }

    /// What a target comes to. One that is not known here is `opaque`.
    public static func target(_ name: String, revision: UInt8, _ info: [UInt8]) -> [FirewallExpression] {
        let info = Info(bytes: info)
        switch name {
        case "ACCEPT": return [.verdict(.accept)]
        case "DROP": return [.verdict(.drop)]
        case "REJECT": return [.reject(type: 0, code: 0)]
        case "LOG", "NFLOG", "ULOG", "AUDIT", "CHECKSUM", "TCPMSS", "TCPOPTSTRIP", "TEE", "SET", "CLASSIFY", "DSCP",
            "TOS",
            "ECN", "TTL", "HL", "SECMARK", "CONNSECMARK", "LED", "IDLETIMER", "RATEEST", "TRACE":
            return [.effect("target \(name)")]
        case "NOTRACK": return [.notrack]
        case "CT": return info.u16(0) & 1 != 0 ? [.notrack] : [.effect("target CT")]
        case "MARK" where revision == 2:
            return [.meta(key: Nft.Meta.mark, register: 1), set(info, 0), .setMeta(key: Nft.Meta.mark, register: 1)]
        case "CONNMARK": return connectionMark(info, mode: revision == 2 ? info.u8(14) : info.u8(12))
        case "MASQUERADE": return [.translate(Translation(.masquerade))]
        case "SNAT": return [.translate(Translation(.source))]
        case "DNAT": return [.translate(Translation(.destination))]
        case "REDIRECT": return [.translate(Translation(.redirect))]
        default: return [.opaque("target \(name)")]
        }
    }

    /// `(mark & ~mask) ^ value`, with value and mask one after the other.
    private static func set(_ info: Info, _ offset: Int) -> FirewallExpression {
        .bitwise(
            source: 1, register: 1, mask: Nft.native(~info.u32(offset + 4)), xor: Nft.native(info.u32(offset)))
    }

    /// xt_connmark_tginfo: value, mask of the connection's mark, mask of the packet's, and whether it is set, saved, restored.
    private static func connectionMark(_ info: Info, mode: UInt8) -> [FirewallExpression] {
        let (ofPacket, ofConnection) = (Nft.Meta.mark, Nft.Conntrack.mark)
        let isWhole = info.u32(4) == .max && info.u32(8) == .max
        switch mode {
        case 0:
            return [
                .conntrack(key: ofConnection, register: 1), set(info, 0),
                .setConntrack(key: ofConnection, register: 1),
            ]
        case 1:
            let load: FirewallExpression =
                isWhole ? .meta(key: ofPacket, register: 1) : .chance("target CONNMARK", register: 1)
            return [load, .setConntrack(key: ofConnection, register: 1)]
        default:
            let load: FirewallExpression =
                isWhole ? .conntrack(key: ofConnection, register: 1) : .chance("target CONNMARK", register: 1)
            return [load, .setMeta(key: ofPacket, register: 1)]
        }
    }

    private static func decodeMatch(
        _ name: String, _ revision: UInt8, _ info: Info, _ family: FirewallTable.Family
    ) -> [FirewallExpression]? {
        switch (name, revision) {
        case ("comment", _): return [.effect("match comment")]
        case ("udp", _): return ports(info, inversions: info.u8(8))
        case ("tcp", _): return tcp(info)
        case ("icmp", _), ("icmp6", _): return icmp(info, any: name == "icmp" ? 0xff : nil)
        case ("multiport", 0), ("multiport", 1): return multiport(info, revision)
        case ("state", _): return state(info.u32(0), inverted: false)
        case ("conntrack", 1...3): return conntrack(info, revision)
        case ("addrtype", 0):
            return addressTypes(info, sourceOther: info.u32(4) != 0, destinationOther: info.u32(8) != 0)
        case ("addrtype", 1):
            let flags = info.u32(4)
            // XT_ADDRTYPE_LIMIT_IFACE_IN and _OUT.
            let limits = (flags & 4 != 0 ? Nft.Fib.input : 0) | (flags & 8 != 0 ? Nft.Fib.output : 0)
            return addressTypes(info, sourceOther: flags & 1 != 0, destinationOther: flags & 2 != 0, limits)
        case ("mark", 1): return mark(.meta(key: Nft.Meta.mark, register: 1), info)
        case ("connmark", 1): return mark(.conntrack(key: Nft.Conntrack.mark, register: 1), info)
        case ("pkttype", _):
            let op = info.u32(4) != 0 ? Nft.Compare.notEqual : Nft.Compare.equal
            return [
                .meta(key: Nft.Meta.packetType, register: 1), .compare(op: op, register: 1, bytes: [info.u8(0)]),
            ]
        case ("limit", _): return [.limit(over: false)]
        // XT_CONNLIMIT_INVERT of xt_connlimit, XT_HASHLIMIT_INVERT of xt_hashlimit's mode.
        case ("connlimit", 1): return [.limit(over: info.u32(20) & 1 == 0)]
        case ("hashlimit", 3): return [.limit(over: info.u32(272) & 16 != 0)]
        case ("iprange", 1): return addressRanges(info, family == .ip6 ? .v6 : .v4)
        // They look into an extension header, which has to be there.
        case ("rt", _), ("frag", _), ("hbh", _), ("dst", _), ("mh", _):
            return [.extensionHeader(register: nil, isPresent: false), .condition("match \(name)")]
        default: return nil
        }
    }

    /// xt_udp, and the start of xt_tcp: source ports from and to, destination ports from and to.
    private static func ports(_ info: Info, inversions: UInt8) -> [FirewallExpression] {
        [0, 1].flatMap { (side: Int) -> [FirewallExpression] in
            let (from, to) = (info.u16(4 * side), info.u16(4 * side + 2))
            let inverted = inversions & UInt8(1 << side) != 0
            if from == 0 && to == .max && !inverted { return [] }
            return port(side, [(from, to)], inverted)
        }
    }

    private static func port(_ side: Int, _ ports: [(UInt16, UInt16)], _ inverted: Bool) -> [FirewallExpression] {
        func bytes(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(port & 255)] }
        let ranges = ports.map { ByteRange(bytes($0), bytes($1)) }
        return [
            .payload(base: Nft.Payload.transport, offset: UInt32(2 * side), length: 2, register: 1),
            .ranges(register: 1, ranges, inverted: inverted),
        ]
    }

    /// xt_tcp: then an option, flags' mask and value, inversions.
    private static func tcp(_ info: Info) -> [FirewallExpression]? {
        let (option, mask, value, inversions) = (info.u8(8), info.u8(9), info.u8(10), info.u8(11))
        if option != 0 { return nil }
        var result = ports(info, inversions: inversions)
        if mask != 0 || value != 0 || inversions & 4 != 0 {
            result += [
                .payload(base: Nft.Payload.transport, offset: 13, length: 1, register: 1),
                .bitwise(source: 1, register: 1, mask: [mask], xor: [0]),
                .compare(
                    op: inversions & 4 != 0 ? Nft.Compare.notEqual : Nft.Compare.equal, register: 1, bytes: [value]),
            ]
        }
        return result
    }

    /// ipt_icmp, ip6t_icmp: type, code from and to, inversion of all.
    private static func icmp(_ info: Info, any: UInt8?) -> [FirewallExpression]? {
        let (type, codes, inverted) = (info.u8(0), (info.u8(1), info.u8(2)), info.u8(3) & 1 != 0)
        if type == any && !inverted { return [] }
        let isAnyCode = codes == (0, 0xff)
        if type == any || (inverted && !isAnyCode) { return nil }
        let load = FirewallExpression.payload(base: Nft.Payload.transport, offset: 0, length: 1, register: 1)
        if inverted { return [load, .compare(op: Nft.Compare.notEqual, register: 1, bytes: [type])] }
        let result = [load, .compare(op: Nft.Compare.equal, register: 1, bytes: [type])]
        if isAnyCode { return result }
        return result + [
            .payload(base: Nft.Payload.transport, offset: 1, length: 1, register: 1),
            .ranges(register: 1, [ByteRange([codes.0], [codes.1])], inverted: false),
        ]
    }

    /// xt_multiport: which side, how many, 15 ports; in revision 1 also which of them begin a range, and inversion.
    private static func multiport(_ info: Info, _ revision: UInt8) -> [FirewallExpression]? {
        let (side, count) = (Int(info.u8(0)), Int(info.u8(1)))
        guard side < 2, count <= 15 else { return nil }
        var ranges: [(UInt16, UInt16)] = []
        var i = 0
        while i < count {
            let beginsRange = revision == 1 && info.u8(32 + i) != 0
            ranges.append((info.u16(2 + 2 * i), info.u16(2 + 2 * (beginsRange ? i + 1 : i))))
            i += beginsRange ? 2 : 1
        }
        return port(side, ranges, revision == 1 && info.u8(47) != 0)
    }

    private static func state(_ mask: UInt32, inverted: Bool) -> [FirewallExpression] {
        [.conntrack(key: Nft.Conntrack.state, register: 1)] + anyBit(mask, inverted)
    }

    private static func anyBit(_ mask: UInt32, _ inverted: Bool) -> [FirewallExpression] {
        let op = inverted ? Nft.Compare.equal : Nft.Compare.notEqual
        return [
            .bitwise(source: 1, register: 1, mask: Nft.native(mask), xor: Nft.native(0)),
            .compare(op: op, register: 1, bytes: Nft.native(0)),
        ]
    }

    /// xt_conntrack_mtinfo1…3, of which states, states of translation, status and direction are understood.
    private static func conntrack(_ info: Info, _ revision: UInt8) -> [FirewallExpression]? {
        let (wanted, inverted) = (info.u16(146), info.u16(148))
        let states = UInt32(revision == 1 ? UInt16(info.u8(150)) : info.u16(150))
        let status = UInt32(revision == 1 ? UInt16(info.u8(151)) : info.u16(152))
        var result: [FirewallExpression] = []
        if wanted & 1 != 0 {
            // 64 and 128 are translations of source and destination, 256 is untracked.
            let translated = (states & 64) >> 2 | (states & 128) >> 2
            let plain = states & 15 | (states & 256) >> 2
            guard translated == 0 || (plain == 0 && inverted & 1 == 0) else { return nil }
            result +=
                translated == 0
                ? state(plain, inverted: inverted & 1 != 0)
                : [.conntrack(key: Nft.Conntrack.status, register: 1)] + anyBit(translated, false)
        }
        if wanted & 1 << 6 != 0 {
            result += [.conntrack(key: Nft.Conntrack.status, register: 1)] + anyBit(status, inverted & 1 << 6 != 0)
        }
        if wanted & 1 << 12 != 0 {
            let direction: UInt8 = inverted & 1 << 12 != 0 ? 1 : 0
            result += [
                .conntrack(key: Nft.Conntrack.direction, register: 1),
                .compare(op: Nft.Compare.equal, register: 1, bytes: [direction]),
            ]
        }
        // The state's alias changes nothing.
        let others = wanted & ~(1 | 1 << 6 | 1 << 12 | 1 << 13)
        return others == 0 ? result : result + [.condition("match conntrack")]
    }

    /// xt_addrtype: masks of `1 << RTN_*` for source and destination.
    private static func addressTypes(
        _ info: Info, sourceOther: Bool, destinationOther: Bool, _ limits: UInt32 = 0
    ) -> [FirewallExpression] {
        let sides = [(info.u16(0), Nft.Fib.source, sourceOther), (info.u16(2), Nft.Fib.destination, destinationOther)]
        return sides.flatMap { (mask, side, inverted) -> [FirewallExpression] in
            if mask == 0 { return [] }
            let types = (0..<16).filter { mask & 1 << $0 != 0 }.map { ByteRange(Nft.native(UInt32($0))) }
            return [
                .fib(result: Nft.Fib.addressType, flags: side | limits, register: 1),
                .ranges(register: 1, types, inverted: inverted),
            ]
        }
    }

    /// xt_mark_mtinfo1, xt_connmark_mtinfo1: value, mask, inversion.
    private static func mark(_ load: FirewallExpression, _ info: Info) -> [FirewallExpression] {
        let op = info.u8(8) != 0 ? Nft.Compare.notEqual : Nft.Compare.equal
        return [
            load, .bitwise(source: 1, register: 1, mask: Nft.native(info.u32(4)), xor: Nft.native(0)),
            .compare(op: op, register: 1, bytes: Nft.native(info.u32(0))),
        ]
    }

    /// xt_iprange_mtinfo: source from and to, destination from and to, and which of them count.
    private static func addressRanges(_ info: Info, _ family: Family) -> [FirewallExpression] {
        let flags = info.u8(64)
        return [(Side.source, 0, UInt8(1)), (.destination, 32, 2)].flatMap { (side, at, flag) -> [FirewallExpression] in
            if flags & flag == 0 { return [] }
            let size = Int(family.size)
            let range = ByteRange(info.bytes(at, size), info.bytes(at + 16, size))
            return [
                .payload(
                    base: Nft.Payload.network, offset: family.offset(side), length: family.size, register: 1),
                .ranges(register: 1, [range], inverted: flags & flag << 4 != 0),
            ]
        }
    }

    /// A match's or target's own data, in host order. What is behind its end is zero.
    private struct Info {
        let bytes: [UInt8]

        func u8(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
        func u16(_ offset: Int) -> UInt16 { number(offset) }
        func u32(_ offset: Int) -> UInt32 { number(offset) }
        func bytes(_ offset: Int, _ count: Int) -> [UInt8] { (offset..<offset + count).map(u8) }

        private func number<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> Number {
            bytes(offset, MemoryLayout<Number>.size).withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
        }
    }
}
