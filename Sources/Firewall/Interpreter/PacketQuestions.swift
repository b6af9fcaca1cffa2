/// What expressions load, as far as it is known.
extension KnownPacket {
    /// `meta`.
    func meta(_ key: UInt32, _ hook: FirewallChain.Hook) -> (KnownBytes, PacketField) {
        // Nothing is routed yet before forward and output, and what is sent from here came in nowhere.
        let input = hook.point == .output ? Interface.none : input
        let output = hook.point == .prerouting || hook.point == .input ? Interface.none : output
        switch key {
        case Nft.Meta.etherType: return (KnownBytes(family == .v4 ? [0x08, 0x00] : [0x86, 0xdd]), .other)
        case Nft.Meta.mark: return (mark, .mark)
        case Nft.Meta.input: return (input.index, .input)
        case Nft.Meta.output: return (output.index, .output)
        case Nft.Meta.inputName: return (input.name, .input)
        case Nft.Meta.outputName: return (output.name, .output)
        case Nft.Meta.inputType: return (input.type, .input)
        case Nft.Meta.outputType: return (output.type, .output)
        case Nft.Meta.inputGroup: return (input.group, .input)
        case Nft.Meta.outputGroup: return (output.group, .output)
        case Nft.Meta.family: return (KnownBytes([family.number]), .other)
        case Nft.Meta.transport: return (transportNumber, .transport)
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
        case Nft.Conntrack.family: KnownBytes([family.number])
        case Nft.Conntrack.transport: transportNumber
        default: KnownBytes(unknown: 16)
        }
    }

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
