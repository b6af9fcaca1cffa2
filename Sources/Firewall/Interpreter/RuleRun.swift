/// One rule on one packet: registers, and expressions one after another.
struct RuleRun {
    /// The packet as the rule leaves it.
    private(set) var packet: KnownPacket
    private(set) var outcome: RuleOutcome
    /// What counted it: a set by its name, nil for the rule itself.
    private(set) var counted: [String?] = []
    private(set) var translations: [Translation.Kind] = []

    private let filter: PacketFilter
    private let table: FirewallTable
    private let hook: FirewallChain.Hook
    private var registers = Registers()

    init(
        _ filter: PacketFilter, _ table: FirewallTable, _ hook: FirewallChain.Hook, _ packet: KnownPacket,
        named: Set<PacketField>
    ) {
        self.filter = filter
        self.table = table
        self.hook = hook
        self.packet = packet
        outcome = RuleOutcome(named: named)
    }

    /// Runs them up to a verdict, or to the first that certainly does not match.
    mutating func run(_ expressions: [FirewallExpression]) {
        for expression in expressions {
            step(expression)
            if outcome.isMatch == false || isOver { break }
        }
        if outcome.isMatch == false {
            outcome.verdicts = [.continue]
        } else if outcome.isMatch == nil {
            outcome.verdicts.insert(.continue)
        }
    }

    private var isOver = false
    /// Of a map that nobody knows.
    private static let anyVerdict: Set<Verdict> = [.accept, .drop, .return, .continue]

    private mutating func step(_ expression: FirewallExpression) {
        switch expression {
        case .meta(let key, let register):
            let (value, field) = packet.meta(key, hook)
            registers.store(value, register, field)
        case .payload(let base, let offset, let length, let register): load(base, Int(offset), Int(length), register)
        case .conntrack(let key, let register, let direction): loadConntrack(key, register, direction)
        case .fib(let result, let flags, let register):
            registers.store(packet.fib(result, flags), register, .route)
        case .bitwise(let source, let register, let mask, let xor):
            registers.change(source, register, mask.count) { $0.masked(mask, xor: xor) }
        case .byteorder(let source, let register, _, let length, let size):
            registers.change(source, register, Int(length)) { $0.reversed(by: Int(size)) }
        case .data(let register, let bytes): registers.store(KnownBytes(bytes), register, .other)
        case .compare(let op, let register, let bytes):
            let answer = registers.load(register, bytes.count).compares(op, bytes)
            decide(answer, by: register, bytes.count, otherwise: op == Nft.Compare.notEqual)
            if op == Nft.Compare.equal { name(register, bytes.count) }
        case .ranges(let register, let ranges, let inverted): compare(register, ranges, inverted)
        case .lookup(let set, let register, let inverted, let verdictMap):
            lookUp(set, register, inverted, verdictMap: verdictMap)
        case .map(let set, let source, let register):
            lookUp(set, source, false, verdictMap: false)
            registers.forget(register)
        case .verdict(let verdict): end([verdict])
        case .reject:
            outcome.rejects = true
            end([.drop])
        case .counter: counted.append(nil)
        case .limit(let over): doubt(.limit(over: over))
        case .effect: break
        case .condition(let name):
            doubt(.expression(name))
            registers = Registers()
        case .opaque(let name):
            doubt(.expression(name))
            registers = Registers()
            packet.forgetMarks()
            outcome.verdicts = [.accept, .drop, .continue]
            isOver = true
        case .chance(_, let register): registers.forget(register)
        case .extensionHeader(let register, let isPresent): loadExtension(register, isPresent: isPresent)
        case .route(_, let register): registers.store(KnownBytes(unknown: 16), register, .route)
        case .tcpOption(_, _, let length, let register, let write):
            // It may not have that option.
            doubt(.field(.header))
            if !write { registers.store(KnownBytes(unknown: Int(length)), register, .header) }
        case .masquerade, .translate, .setMeta, .setConntrack, .setPayload, .notrack: change(expression)
        }
    }

    /// What does something to the packet. If it is not certain that the rule came this far, both are possible.
    private mutating func change(_ expression: FirewallExpression) {
        let before = packet
        switch expression {
        case .masquerade: translate(Translation(.masquerade))
        case .translate(let translation): translate(translation)
        case .setMeta(Nft.Meta.mark, let register): packet.mark = registers.load(register, 4)
        case .setConntrack(Nft.Conntrack.mark, let register): packet.connection.mark = registers.load(register, 4)
        case .setPayload(let base, let offset, let length):
            packet.overwrite(base: base, Int(offset)..<Int(offset + length))
        case .notrack: packet.connection = KnownPacket.Connection(Nft.ConnectionState.untracked, isReply: nil)
        default: break
        }
        if outcome.isMatch == nil { packet.join(before) }
    }

    private mutating func translate(_ translation: Translation) {
        let size = Int(packet.family.size)
        let address = translation.address.map { registers.load($0, size) }
        let port = translation.port.map { registers.load($0, 2) }
        let isSource = translation.kind == .source || translation.kind == .masquerade
        packet.translate(isSource ? .source : .destination, address: address, port: port)
        translations.append(translation.kind)
        end([.accept])
    }

    private mutating func end(_ verdicts: Set<Verdict>) {
        outcome.verdicts = verdicts
        isOver = true
    }

    private mutating func load(_ base: UInt32, _ offset: Int, _ length: Int, _ register: UInt32) {
        let range = offset..<offset + length
        switch base {
        case Nft.Payload.network:
            registers.store(packet.network[range], register, packet.field(network: range))
        case Nft.Payload.transport:
            let field: PacketField = range == 0..<2 ? .sourcePort : range == 2..<4 ? .destinationPort : .header
            registers.store(packet.transportHeader[range], register, field)
        default: registers.store(KnownBytes(unknown: length), register, .header)
        }
    }

    private mutating func loadConntrack(_ key: UInt32, _ register: UInt32, _ direction: UInt8?) {
        // Before connection tracking has seen a packet there is nothing but its state, and that is invalid.
        let isEarly =
            hook.priority < Nft.conntrackPriority && (hook.point == .prerouting || hook.point == .output)
        let state = packet.connection.state
        let early = KnownBytes(Nft.native(Nft.ConnectionState.invalid))
        let isExempt = state.equals(Nft.native(Nft.ConnectionState.untracked)) == true
        if key == Nft.Conntrack.state {
            return registers.store(isEarly && !isExempt ? early : state, register, .connection)
        }
        // What is invalid or not tracked belongs to no connection.
        let belongs = Nft.ConnectionState.established | Nft.ConnectionState.related | Nft.ConnectionState.new
        let isAlone = isEarly ? true : state.masked(Nft.native(belongs), xor: [0, 0, 0, 0]).equals([0, 0, 0, 0])
        if isAlone == true { return outcome.isMatch = false }
        if isAlone == nil { doubt(.field(.connection)) }
        registers.store(packet.conntrack(key, direction), register, .connection)
    }

    private mutating func loadExtension(_ register: UInt32?, isPresent: Bool) {
        if packet.isPlain == true {
            guard isPresent, let register else { return outcome.isMatch = false }
            return registers.store(KnownBytes([0]), register, .header)
        }
        if !isPresent { doubt(.field(.header)) }
        if let register { registers.store(KnownBytes(unknown: 16), register, .header) }
    }

    private mutating func compare(_ register: UInt32, _ ranges: [ByteRange], _ inverted: Bool) {
        let length = ranges.first?.lower.count ?? 0
        let value = registers.load(register, length)
        var isIn: Bool? = false
        for range in ranges where isIn != true {
            let lies = value.lies(in: range)
            isIn = lies == true ? true : isIn == nil || lies == nil ? nil : false
        }
        decide(isIn.map { $0 != inverted }, by: register, length, otherwise: inverted)
        if !inverted { name(register, length) }
    }

    private mutating func lookUp(_ name: String, _ register: UInt32, _ inverted: Bool, verdictMap: Bool) {
        let setName = SetName(table.family, table.name, name)
        guard let contents = filter.sets[setName] else {
            // Where nothing of the key is known, what is in the set does not help.
            let field = registers.field(register)
            let isUnknown = registers.isUnknown(register)
            doubt(isUnknown ? .field(field) : .elements(of: setName), otherwise: inverted)
            if verdictMap { end(Self.anyVerdict) }
            return
        }
        let finding = contents.find(registers.load(register, contents.keyLength))
        decide(finding.isMember.map { $0 != inverted }, by: register, contents.keyLength, otherwise: inverted)
        if outcome.isMatch == false { return }
        if !inverted { self.name(register, contents.keyLength) }
        if table.sets.contains(where: { $0.name == name && $0.hasCounters }) { counted.append(name) }
        if verdictMap {
            if finding.verdicts.count > 1 { causes(of: register, contents.keyLength) }
            let unforeseen = finding.isMember == nil ? Self.anyVerdict : [.continue]
            end(finding.verdicts.isEmpty ? unforeseen : finding.verdicts)
        }
    }

    /// Goes on, stops, or may do either because of what is in a register.
    /// `otherwise` is the answer for values that the rule does not name.
    private mutating func decide(_ matches: Bool?, by register: UInt32, _ length: Int, otherwise: Bool) {
        switch matches {
        case true?: break
        case false?: outcome.isMatch = false
        case nil:
            outcome.isMatch = nil
            outcome.matchesOthers = outcome.matchesOthers && otherwise
            causes(of: register, length)
        }
    }

    /// Where all of a value is known, and still no answer, an element of a set asks for more: a rate.
    private mutating func causes(of register: UInt32, _ length: Int) {
        let fields = registers.unknownFields(register, length)
        outcome.causes.formUnion(fields.isEmpty ? [.limit(over: false)] : fields.map { .field($0) })
    }

    private mutating func doubt(_ cause: Unknown, otherwise: Bool = false) {
        outcome.isMatch = nil
        outcome.matchesOthers = outcome.matchesOthers && otherwise
        outcome.causes.insert(cause)
    }

    /// What is in a register was found to be what the rule asks for.
    private mutating func name(_ register: UInt32, _ length: Int) {
        if outcome.isMatch == false { return }
        outcome.named.formUnion(registers.knownFields(register, length))
    }
}
