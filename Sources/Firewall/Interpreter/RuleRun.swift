/// Rules on one packet, one after another: registers, and the expressions of each.
struct RuleRun {
    /// The packet as the last rule left it.
    var packet: KnownPacket
    /// The packet before that rule; nil if it did not change it.
    private(set) var before: KnownPacket?
    private(set) var outcome = RuleOutcome(named: [])
    /// What counted it: a set by its name, nil for the rule itself.
    private(set) var counted: [String?] = []
    private(set) var translations: [Translation.Kind] = []

    private let filter: PacketFilter
    /// The table's number.
    private var table = 0
    private var hook = FirewallChain.Hook(kind: .filter, point: .forward, priority: 0, drops: false)
    private var registers = Registers()

    init(_ filter: PacketFilter, _ packet: KnownPacket) {
        self.filter = filter
        self.packet = packet
    }

    /// Whether what a rule compares before it does anything says that it certainly does not match: interface, family, protocol.
    /// So it is with most rules, and this is much quicker than to run them.
    func refuses(_ expressions: [FirewallExpression], _ hook: FirewallChain.Hook) -> Bool {
        var index = 0
        while index + 1 < expressions.count, case .meta(let key, let loaded) = expressions[index],
            case .compare(let op, let compared, let bytes) = expressions[index + 1], loaded == compared
        {
            if packet.meta(key, hook).0.compares(op, bytes) == false { return true }
            index += 2
        }
        return false
    }

    /// Runs a rule's expressions up to a verdict, or to the first that certainly does not match.
    mutating func run(_ expressions: [FirewallExpression], _ base: PacketFilter.BaseChain, named: PacketFields) {
        (table, hook, isOver, before) = (base.table, base.hook, false, nil)
        outcome = RuleOutcome(named: named)
        counted.removeAll(keepingCapacity: true)
        translations.removeAll(keepingCapacity: true)
        registers.reset()
        for expression in expressions {
            step(expression)
            if outcome.isMatch == false || isOver { break }
        }
        if outcome.isMatch == false {
            outcome.verdicts = Verdicts(.continue)
        } else if outcome.isMatch == nil {
            outcome.verdicts.insert(.continue)
        }
    }

    private var isOver = false
    /// Of a map that nobody knows.
    private static let anyVerdict = Verdicts(.accept, .drop, .return, .continue)

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
            registers.mask(source, register, mask, xor: xor)
        case .byteorder(let source, let register, _, let length, let size):
            // What is shorter than a piece stays as it is.
            if source == register && length < size { break }
            registers.change(source, register, Int(length)) { $0.reversed(by: Int(size)) }
        case .data(let register, let bytes): registers.store(KnownBytes(bytes), register, .other)
        case .compare(let op, let register, let bytes):
            decide(
                registers.compares(op, register, bytes), by: register, bytes.count,
                otherwise: op == Nft.Compare.notEqual)
            if op == Nft.Compare.equal { name(register, bytes.count) }
        case .ranges(let register, let ranges, let inverted): compare(register, ranges, inverted)
        case .lookup(let set, let register, let inverted, let verdictMap):
            lookUp(set, register, inverted, verdictMap: verdictMap)
        case .map(let set, let source, let register):
            lookUp(set, source, false, verdictMap: false)
            registers.forget(register)
        case .verdict(let verdict): end(Verdicts(verdict))
        case .reject:
            outcome.rejects = true
            end(Verdicts(.drop))
        case .counter: counted.append(nil)
        case .rate: doubt(.limit(over: false))
        case .limit(let over): doubt(.limit(over: over))
        case .log, .effect: break
        case .condition(let name):
            doubt(.expression(name))
            registers = Registers()
        case .opaque(let name):
            doubt(.expression(name))
            registers = Registers()
            before = before ?? packet
            packet.forgetMarks()
            outcome.verdicts = Verdicts(.accept, .drop, .continue)
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
        let previous = packet
        before = before ?? previous
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
        if outcome.isMatch == nil { packet.join(previous) }
    }

    private mutating func translate(_ translation: Translation) {
        let size = Int(packet.family.size)
        let address = translation.address.map { registers.load($0, size) }
        let port = translation.port.map { registers.load($0, 2) }
        let isSource = translation.kind == .source || translation.kind == .masquerade
        packet.translate(isSource ? .source : .destination, address: address, port: port)
        translations.append(translation.kind)
        end(Verdicts(.accept))
    }

    private mutating func end(_ verdicts: Verdicts) {
        outcome.verdicts = verdicts
        isOver = true
    }

    private mutating func load(_ base: UInt32, _ offset: Int, _ length: Int, _ register: UInt32) {
        let range = offset..<offset + length
        switch base {
        case Nft.Payload.network:
            registers.store(packet.network, range, register, packet.field(network: range))
        case Nft.Payload.transport:
            let field: PacketField = range == 0..<2 ? .sourcePort : range == 2..<4 ? .destinationPort : .header
            registers.store(packet.transportHeader, range, register, field)
        default: registers.store(KnownBytes(unknown: length), register, .header)
        }
    }

    private mutating func loadConntrack(_ key: UInt32, _ register: UInt32, _ direction: UInt8?) {
        // Before connection tracking has seen a packet there is nothing but its state, and that is invalid.
        let isEarly =
            hook.priority < Nft.conntrackPriority && (hook.point == .prerouting || hook.point == .output)
        let state = packet.connection.state
        if key == Nft.Conntrack.state && !isEarly { return registers.store(state, register, .connection) }
        let early = KnownBytes(Nft.native(Nft.ConnectionState.invalid))
        let isExempt = state.equals(Nft.native(Nft.ConnectionState.untracked)) == true
        if key == Nft.Conntrack.state {
            return registers.store(isExempt ? state : early, register, .connection)
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
        guard let number = filter.setNumbers[table][name] else {
            // Where nothing of the key is known, what is in the set does not help.
            let field = registers.field(register)
            let owner = filter.tables[table]
            let set = Unknown.elements(of: SetName(owner.family, owner.name, name))
            doubt(registers.isUnknown(register) ? .field(field) : set, otherwise: inverted)
            if verdictMap { end(Self.anyVerdict) }
            return
        }
        let keyLength = filter.sets[number].contents.keyLength
        let finding = registers.look(in: filter.sets[number].contents, register)
        decide(finding.isMember.map { $0 != inverted }, by: register, keyLength, otherwise: inverted)
        if outcome.isMatch == false { return }
        if !inverted { self.name(register, keyLength) }
        if filter.sets[number].counts { counted.append(name) }
        if verdictMap {
            if finding.verdicts?.isOne == false { causes(of: register, keyLength) }
            end(finding.verdicts ?? (finding.isMember == nil ? Self.anyVerdict : Verdicts(.continue)))
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
        let fields = registers.unknownFields(register, length).all
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
