import NetTypes

/// Runs the expressions of a table on packets that open connections, as the kernel does: registers, look-ups, jumps.
///
/// An expression that the compiler never makes matches nothing.
struct FirewallInterpreter {
    /// The interfaces that rules name.
    let interfaces: Set<String>
    /// The base chains that filter, in the order in which they are asked.
    private let baseChains: [FirewallChain.Hook.Point: [FirewallChain]]
    private let chains: [String: FirewallChain]
    private let sets: [String: SetIndex]

    init(_ table: Firewall) {
        let filters = table.chains.filter { $0.hook?.kind == .filter }
        baseChains = Dictionary(grouping: filters) { $0.hook!.point }
            .mapValues { $0.sorted { $0.hook!.priority < $1.hook!.priority } }
        chains = Dictionary(table.chains.map { ($0.name, $0) }) { first, _ in first }
        sets = Dictionary(table.sets.map { ($0.name, SetIndex($0)) }) { first, _ in first }
        interfaces = Set(table.chains.lazy.flatMap(\.rules).flatMap(\.interfaces))
    }

    /// Whether no chain that it comes by drops it.
    func passes(_ packet: OpeningPacket) -> Bool {
        var registers = Registers()
        return packet.hooks.allSatisfy { point in
            (baseChains[point] ?? []).allSatisfy { chain in
                switch run(chain, packet, &registers) {
                case .accept: true
                case .drop: false
                default: !chain.hook!.drops
                }
            }
        }
    }

    /// The final verdict, or nil where the end of the chain is reached or `return` is said.
    private func run(_ chain: FirewallChain, _ packet: OpeningPacket, _ registers: inout Registers) -> Verdict? {
        for rule in chain.rules {
            switch run(rule, packet, &registers) {
            case nil: continue
            case .accept: return .accept
            case .drop: return .drop
            case .return: return nil
            case .jump(let name):
                if let verdict = chains[name].flatMap({ run($0, packet, &registers) }) { return verdict }
            case .goto(let name): return chains[name].flatMap { run($0, packet, &registers) }
            }
        }
        return nil
    }

    /// The verdict of a rule that matches and has one.
    private func run(_ rule: FirewallRule, _ packet: OpeningPacket, _ registers: inout Registers) -> Verdict? {
        for expression in rule.expressions {
            switch expression {
            case .compare(let op, let register, let bytes):
                if registers.hold(bytes, at: register) != (op == 0) { return nil }
            case .bitwise(let source, let register, let mask, let xor):
                let value = mask.indices.map { registers[source, $0] & mask[$0] ^ xor[$0] }
                registers.store(value, at: register)
            case .lookup(let name, let register, let inverted, let isMap):
                let element = sets[name]?.element(of: registers, at: register)
                if (element == nil) != inverted { return nil }
                if isMap { return element?.verdict }
            case .verdict(let verdict): return verdict
            case .masquerade: return .accept
            case .reject: return .drop
            // They decide nothing: one byte has no order, and what is written into a packet is not read again.
            case .byteorder, .route, .tcpOption, .counter: continue
            case .meta, .payload, .conntrack, .fib, .foreign:
                guard let (value, register) = packet.value(of: expression) else { return nil }
                registers.store(value, at: register)
            }
        }
        return nil
    }
}

extension FirewallRule {
    /// Those that it compares with.
    fileprivate var interfaces: [String] {
        zip(expressions, expressions.dropFirst()).compactMap { load, test in
            guard case .meta(6...7, _) = load, case .compare(_, _, let bytes) = test else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// 64 bytes: `NFT_REG_1`… are 16 of them each, `NFT_REG32_00`… are 4.
struct Registers {
    private var bytes = [UInt8](repeating: 0, count: 64)

    private static func offset(_ register: UInt32) -> Int {
        Int(register < 8 ? (register - 1) * 16 : (register - 8) * 4)
    }

    /// A byte of a register.
    subscript(_ register: UInt32, _ index: Int) -> UInt8 { bytes[Self.offset(register) + index] }

    /// From the start of a register on, filled with zeros to four bytes.
    mutating func store(_ value: some Collection<UInt8>, at register: UInt32) {
        var at = Self.offset(register)
        for byte in value {
            bytes[at] = byte
            at += 1
        }
        while at % 4 != 0 {
            bytes[at] = 0
            at += 1
        }
    }

    func hold(_ value: [UInt8], at register: UInt32) -> Bool { value.elementsEqual(load(register, 0, value.count)) }

    /// So many bytes of a register, from an offset on; what does not fit goes over into the next.
    func load(_ register: UInt32, _ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
        let at = Self.offset(register) + offset
        return bytes[at..<at + count]
    }
}

/// A set with its elements by the network that comes first in a key: a look-up asks once per length that there is.
struct SetIndex {
    private let keyTypes: [FirewallSet.KeyType]
    private let elements: [IPPrefix: [SetElement]]
    private let lengths: [Int]

    init(_ set: FirewallSet) {
        keyTypes = set.keyTypes
        var elements: [IPPrefix: [SetElement]] = Dictionary(minimumCapacity: set.elements.count)
        for element in set.elements {
            if case .network(let network)? = element.fields.first { elements[network, default: []].append(element) }
        }
        self.elements = elements
        lengths = Set(elements.keys.lazy.map(\.length)).sorted(by: >)
    }

    /// The element that holds the key which begins in a register.
    func element(of registers: Registers, at register: UInt32) -> SetElement? {
        guard let first = keyTypes.first, let address = IPAddress(octets: registers.load(register, 0, first.length))
        else { return nil }
        for length in lengths {
            let found = elements[IPPrefix(masking: address, length: length)]?.first { element in
                holds(element, registers, at: register)
            }
            if let found { return found }
        }
        return nil
    }

    /// Whether the fields behind the first one hold what is in the registers; each takes whole words.
    private func holds(_ element: SetElement, _ registers: Registers, at register: UInt32) -> Bool {
        var at = keyTypes[0].length
        return zip(keyTypes, element.fields).dropFirst().allSatisfy { type, field in
            let bytes = registers.load(register, at, type.length)
            at += (type.length + 3) & ~3
            switch field {
            case .network(let network): return IPAddress(octets: bytes).map(network.contains) ?? false
            case .numbers(let range): return range.contains(bytes.reduce(0) { $0 << 8 | UInt16($1) })
            }
        }
    }
}
