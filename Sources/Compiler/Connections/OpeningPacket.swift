import NetTypes

/// The packet that opens a connection, as far as a rule can see it.
struct OpeningPacket {
    private let isV6: Bool
    private let isForThisHost: Bool
    private let inputName: [UInt8]
    private let outputName: [UInt8]
    private let transport: UInt8
    /// Zero up to the addresses.
    private let networkHeader: [UInt8]
    /// The first 20 bytes: the server's port, or the type of an ICMP message, and TCP's flag SYN.
    private let transportHeader: [UInt8]
    /// Where it comes by, in order.
    let hooks: [FirewallChain.Hook.Point]

    /// Without an input it is this host that sends it, without an output it is for this host.
    init(_ connection: Connection, input: String?, output: String?) {
        isV6 = connection.client.isV6
        isForThisHost = output == nil
        inputName = Clause.padded(input ?? "")
        outputName = Clause.padded(output ?? "")
        transport = connection.transport
        networkHeader =
            [UInt8](repeating: 0, count: isV6 ? 8 : 12) + connection.client.octets + connection.server.octets
        var header = [UInt8](repeating: 0, count: 20)
        header[0] = connection.icmpType
        header[2] = UInt8(connection.port >> 8)
        header[3] = UInt8(connection.port & 255)
        header[13] = 2
        transportHeader = header
        hooks =
            input == nil
            ? [.output, .postrouting] : output == nil ? [.prerouting, .input] : [.prerouting, .forward, .postrouting]
    }

    /// What an expression that loads something loads, and into which register; nil for what the packet does not have.
    func value(of expression: FirewallExpression) -> ([UInt8], UInt32)? {
        switch expression {
        case .meta(let key, let register): meta(key).map { ($0, register) }
        case .payload(let base, let offset, let length, let register):
            bytes(base == Payload.network ? networkHeader : transportHeader, Int(offset), Int(length)).map {
                ($0, register)
            }
        case .conntrack(Conntrack.state, let register): (Clause.native(ConnectionState.new.bit), register)
        case .fib(Fib.addressType, Fib.destination, let register):
            (Clause.native(isForThisHost ? Fib.local : Fib.unicast), register)
        // The route leads where the packet goes.
        case .fib(Fib.outputName, Fib.destination, let register): (outputName, register)
        default: nil
        }
    }

    private func meta(_ key: UInt32) -> [UInt8]? {
        switch key {
        case Meta.inputName: inputName
        case Meta.outputName: outputName
        case Meta.family: [(isV6 ? Family.v6 : .v4).number]
        case Meta.transport: [transport]
        default: nil
        }
    }

    private func bytes(_ header: [UInt8], _ offset: Int, _ length: Int) -> [UInt8]? {
        offset + length <= header.count ? Array(header[offset..<offset + length]) : nil
    }
}
