import BoxModel
import Firewall
import NetTypes
import SiteModel

extension Flow.Service {
    /// `IPPROTO_*`
    func number(_ family: Family) -> UInt8 {
        switch transport {
        case .tcp: 6
        case .udp: 17
        case .icmp: family == .v4 ? 1 : 58
        }
    }
}

/// The two packets that are followed: the one that opens a flow, and its answer. Ports that nobody named are unknown.
extension KnownPacket {
    /// The packet that opens a flow: TCP's SYN, an echo request, a datagram.
    init(opening service: Flow.Service?, from source: IPPrefix, to destination: IPPrefix) {
        self.init(followed: source, destination)
        connection = .new
        connection.mark = KnownBytes([0, 0, 0, 0])
        put(service, isAnswer: false)
    }

    /// What comes back: SYN and ACK, an echo reply, a datagram.
    init(answering service: Flow.Service?, from source: IPPrefix, to destination: IPPrefix, mark: KnownBytes) {
        self.init(followed: source, destination)
        connection = KnownPacket.Connection(Nft.ConnectionState.established, isReply: true)
        connection.mark = mark
        put(service, isAnswer: true)
    }

    /// A peer's datagram to the tunnel's port.
    init(datagramTo port: UInt16, from source: IPAddress?, _ family: Family) {
        self.init(family)
        setUsual()
        if let source { set(source: IPPrefix(host: source)) }
        connection = .new
        set(transport: 17)
        set(destinationPort: port)
    }

    private init(followed source: IPPrefix, _ destination: IPPrefix) {
        self.init(source.isV6 ? .v6 : .v4)
        setUsual()
        set(source: source)
        set(destination: destination)
    }

    private mutating func setUsual() {
        isPlain = true
        packetType = 0
        mark = KnownBytes([0, 0, 0, 0])
    }

    private mutating func put(_ service: Flow.Service?, isAnswer: Bool) {
        guard let service else { return }
        set(transport: service.number(family))
        switch service.transport {
        case .icmp:
            let types: [UInt8] = family == .v4 ? [8, 0] : [128, 129]
            set(transportHeader: [types[isAnswer ? 1 : 0], 0], at: 0)
        case .tcp, .udp:
            if let port = service.port { if isAnswer { set(sourcePort: port) } else { set(destinationPort: port) } }
            if service.transport == .tcp { set(transportHeader: [0x50, isAnswer ? 0x12 : 0x02], at: 12) }
        }
    }

    /// Its mark, as a number; nil if it is not known.
    var markNumber: UInt32? {
        mark.isKnown ? mark.value.reversed().reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}

/// What a flow says of its packets. Where it does not, as of a port that nobody named, the answer hangs on it.
private let decidingFields: PacketFields = [
    PacketFields(.source), PacketFields(.destination), PacketFields(.transport), PacketFields(.mark),
    PacketFields(.connection),
    PacketFields(.input), PacketFields(.output),
]

/// The rest of what a rule may ask, which nobody said: the usual packet is none of those that a rule names, and comes in no flood.
/// nil: nobody can say what the rule does.
func isMatchOfUsual(_ doubt: Doubt) -> Bool? {
    for cause in doubt.causes {
        switch cause {
        case .expression, .elements: return nil
        case .limit(over: true): return false
        case .field(let field) where decidingFields.contains(PacketFields(field)): return nil
        case .limit(over: false), .field: break
        }
    }
    return doubt.matchesOthers || doubt.causes == [.limit(over: false)]
}
