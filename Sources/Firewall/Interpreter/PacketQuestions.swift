/// What expressions load, as far as it is known.
extension KnownPacket {
    /// `meta`.
    func meta(_ key: UInt32, _ hook: FirewallChain.Hook) -> (KnownBytes, PacketField) {
        // Nothing is routed yet before forward and output, and what is sent from here came in nowhere.
        let hasInput = hook.point != .output
        let hasOutput = hook.point != .prerouting && hook.point != .input
        switch key {
        // What most rules ask comes first.
        case Nft.Meta.inputName: return (hasInput ? input.name : Interface.none.name, .input)
        case Nft.Meta.outputName: return (hasOutput ? output.name : Interface.none.name, .output)
        case Nft.Meta.family: return (Self.number(of: family), .other)
        case Nft.Meta.transport: return (transportNumber, .transport)
        case Nft.Meta.etherType: return (KnownBytes(family == .v4 ? [0x08, 0x00] : [0x86, 0xdd]), .other)
        case Nft.Meta.mark: return (mark, .mark)
        case Nft.Meta.input: return (hasInput ? input.index : Interface.none.index, .input)
        case Nft.Meta.output: return (hasOutput ? output.index : Interface.none.index, .output)
        case Nft.Meta.inputType: return (hasInput ? input.type : Interface.none.type, .input)
        case Nft.Meta.outputType: return (hasOutput ? output.type : Interface.none.type, .output)
        case Nft.Meta.inputGroup: return (hasInput ? input.group : Interface.none.group, .input)
        case Nft.Meta.outputGroup: return (hasOutput ? output.group : Interface.none.group, .output)
        case Nft.Meta.packetType: return (packetType.map { KnownBytes([$0]) } ?? KnownBytes(unknown: 1), .other)
        default: return (KnownBytes(unknown: 16), .other)
        }
    }

    /// `ct`, of a packet that is tracked.
    func conntrack(_ key: UInt32, _ direction: UInt8?) -> KnownBytes {
        switch key {
        case Nft.Conntrack.direction: connection.direction
        case Nft.Conntrack.status: connection.status
        case Nft.Conntrack.mark: connection.mark
        case Nft.Conntrack.family: Self.number(of: family)
        case Nft.Conntrack.transport: transportNumber
        default: KnownBytes(unknown: 16)
        }
    }

    /// `NFPROTO_*`, 1 byte.
    private static func number(of family: Family) -> KnownBytes { family == .v4 ? number4 : number6 }
    private static let number4 = KnownBytes([Family.v4.number])
    private static let number6 = KnownBytes([Family.v6.number])

    /// `fib`.
    func fib(_ result: UInt32, _ flags: UInt32) -> KnownBytes {
        let isOfSource = flags & Nft.Fib.source != 0
        if result == Nft.Fib.addressType {
            // What an address is to one interface alone is another question.
            let type = flags & (Nft.Fib.input | Nft.Fib.output) != 0 ? nil : isOfSource ? sourceType : destinationType
            return type.map { KnownBytes(Nft.native($0)) } ?? KnownBytes(unknown: 4)
        }
        if flags == Nft.Fib.destination { return result == Nft.Fib.outputName ? route.name : route.index }
        guard isOfSource, flags & Nft.Fib.input != 0, let hasRouteBack else { return KnownBytes(unknown: 16) }
        if !hasRouteBack { return KnownBytes(Array(repeating: 0, count: result == Nft.Fib.outputName ? 16 : 4)) }
        if flags & Nft.Fib.present != 0 { return KnownBytes([1, 0, 0, 0]) }
        return result == Nft.Fib.outputName ? input.name : input.index
    }

    /// What lies in some bytes of the network header.
    func field(network range: Range<Int>) -> PacketField {
        let size = Int(family.size)
        for (side, field) in [(Side.source, PacketField.source), (.destination, .destination)] {
            let offset = Int(family.offset(side))
            if range.lowerBound >= offset && range.upperBound <= offset + size { return field }
        }
        return range == (family == .v4 ? 9..<10 : 6..<7) ? .transport : .header
    }
}

extension KnownPacket.Connection {
    /// Whether this is its first packet; nil: cannot be told.
    var isNew: Bool? { state.equals(Nft.native(Nft.ConnectionState.new)) }
}
