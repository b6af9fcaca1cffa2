import NetTypes
import SiteSamples

@testable import Compiler

/// Runs the expressions of a table on a packet, as the kernel does: registers, lookups, jumps. So a wrong offset or a
/// missing drop shows here, without root.
struct PacketFilter {
    let table: Firewall
    private(set) var counted: [String] = []
    private(set) var isMasqueraded = false

    init(_ table: Firewall) { self.table = table }

    /// Whether the packet gets past the base chain of this kind and hook.
    mutating func passes(
        _ packet: Packet, _ point: FirewallChain.Hook.Point, _ kind: FirewallChain.Hook.Kind = .filter
    ) -> Bool {
        for chain in table.chains where chain.hook?.point == point && chain.hook?.kind == kind {
            switch run(chain, packet) {
            case .drop: return false
            case .accept: continue
            default: if chain.hook!.drops { return false }
            }
        }
        return true
    }

    /// Whether the packet gets past all filters on its way: to this host, or through it.
    mutating func passes(_ packet: Packet) -> Bool {
        guard passes(packet, .prerouting) else { return false }
        if packet.isForThisHost { return passes(packet, .input) }
        return passes(packet, .forward) && passes(packet, .postrouting)
    }

    /// The final verdict, or nil where the end of the chain is reached or `return` is said.
    private mutating func run(_ chain: FirewallChain, _ packet: Packet) -> Verdict? {
        for rule in chain.rules {
            switch run(rule, packet) {
            case nil: continue
            case .accept: return .accept
            case .drop: return .drop
            case .return: return nil
            case .jump(let name): if let verdict = run(named(name), packet) { return verdict }
            case .goto(let name): return run(named(name), packet)
            }
        }
        return nil
    }

    private func named(_ name: String) -> FirewallChain { table.chains.first { $0.name == name }! }

    private mutating func run(_ rule: FirewallRule, _ packet: Packet) -> Verdict? {
        var registers = [UInt8](repeating: 0, count: 64)
        func at(_ register: UInt32) -> Int { Int(register < 8 ? (register - 1) * 16 : (register - 8) * 4) }
        func store(_ bytes: [UInt8], _ register: UInt32) {
            registers.replaceSubrange(at(register)..<at(register) + bytes.count, with: bytes)
            let padding = (4 - bytes.count % 4) % 4
            for i in 0..<padding { registers[at(register) + bytes.count + i] = 0 }
        }
        for expression in rule.expressions {
            switch expression {
            case .meta(let key, let register): store(meta(key, packet), register)
            case .compare(let op, let register, let bytes):
                let isEqual = Array(registers[at(register)..<at(register) + bytes.count]) == bytes
                if isEqual != (op == 0) { return nil }
            case .payload(let base, let offset, let length, let register):
                let header = base == 1 ? networkHeader(packet) : transportHeader(packet)
                store(Array(header[Int(offset)..<Int(offset + length)]), register)
            case .bitwise(let source, let register, let mask, let xor):
                let bytes = mask.indices.map { registers[at(source) + $0] & mask[$0] ^ xor[$0] }
                store(bytes, register)
            case .conntrack(_, let register):
                store(withUnsafeBytes(of: packet.state.rawValue) { Array($0) }, register)
            case .lookup(let name, let register, let inverted, let verdictMap):
                let set = table.sets.first { $0.name == name }!
                let element = set.element(for: Array(registers[at(register)...]))
                if (element == nil) != inverted { return nil }
                if set.hasCounters { counted.append(name) }
                if verdictMap { return element!.verdict }
            case .verdict(let verdict): return verdict
            case .masquerade: isMasqueraded = true
            case .fib(result: 2, _, let register): store(name(packet.isForThisHost ? nil : packet.output), register)
            case .fib(_, _, let register):
                store(withUnsafeBytes(of: UInt32(packet.isForThisHost ? 2 : 1)) { Array($0) }, register)
            case .route, .byteorder, .tcpOption, .counter: break
            case .reject, .foreign: fatalError("never made")
            }
        }
        return nil
    }

    private func name(_ interface: String?) -> [UInt8] {
        let bytes = Array((interface ?? "").utf8)
        return bytes + Array(repeating: 0, count: 16 - bytes.count)
    }

    private func meta(_ key: UInt32, _ packet: Packet) -> [UInt8] {
        switch key {
        case 6: return name(packet.input)
        case 7: return name(packet.output)
        case 15: return [packet.source.isV6 ? 10 : 2]
        case 16: return [packet.transport]
        default: fatalError("unknown meta key \(key)")
        }
    }

    private func networkHeader(_ packet: Packet) -> [UInt8] {
        Array(repeating: 0, count: packet.source.isV6 ? 8 : 12) + packet.source.octets + packet.destination.octets
    }

    private func transportHeader(_ packet: Packet) -> [UInt8] {
        [packet.firstByte, 0, UInt8(packet.port >> 8), UInt8(packet.port & 255)] + Array(repeating: 0, count: 9)
            + [packet.flags] + Array(repeating: 0, count: 6)
    }
}

extension FirewallSet {
    fileprivate func element(for key: [UInt8]) -> SetElement? {
        elements.first { element in
            var at = 0
            return zip(keyTypes, element.fields).allSatisfy { type, field in
                let size = type == .ipv4 ? 4 : type == .ipv6 ? 16 : type == .transport ? 1 : 2
                defer { at += max(size, 4) }
                let bytes = key[at..<at + size]
                switch field {
                case .network(let network): return network.contains(IPAddress(octets: bytes)!)
                case .numbers(let range): return range.contains(bytes.reduce(0) { $0 << 8 | UInt16($1) })
                }
            }
        }
    }
}
