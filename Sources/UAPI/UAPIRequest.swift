public import NetTypes

/// One operation of a connection.
public enum UAPIRequest: Equatable, Sendable {
    /// `get=1`
    case get
    /// `set=1`
    case set(SetRequest)
}

/// What `set=1` asks for.
public struct SetRequest: Equatable, Sendable {
    /// The interface's lines.
    public var interface = InterfaceSection()
    /// The peers' lines, in order.
    public var peers: [PeerSection] = []

    /// Nothing.
    public init() {}
}

extension UAPIRequest {
    /// Reads a request without the empty line that ends it, whole before anything of it is done.
    public init(_ text: UnsafeRawBufferPointer, names: InterfaceNames) throws(UAPIError) {
        var reader = SectionReader(isRequest: true, names: names)
        var peers: [PeerSection] = []
        var isSet: Bool?
        var at = 0
        while at < text.count {
            let end = text.place(of: UInt8(ascii: "\n"), from: at) ?? text.count
            let (key, value) = try reader.split(UnsafeRawBufferPointer(rebasing: text[at..<end]))
            at = end + 1
            switch isSet {
            case nil:
                isSet = key.is("set")
                guard isSet == true || key.is("get"), value.is("1") else {
                    throw reader.fault(.beginning)
                }
            case false: throw reader.fault(.linesAfterGet)
            case true: try reader.take(key, value) { peers.append($0) }
            }
        }
        guard let isSet else { throw UAPIError(line: 1, .beginning) }
        self = .get
        guard isSet else { return }
        reader.finish { peers.append($0) }
        var change = SetRequest()
        change.interface = reader.interface
        change.peers = peers
        self = .set(change)
    }

    /// The request with the empty line that ends it.
    public func text(names: InterfaceNames) -> SecretBuffer {
        guard case .set(let change) = self else {
            var text = SecretBuffer()
            text.append("get=1\n\n")
            return text
        }
        var writer = LineWriter(isRequest: true, peers: change.peers.count, names: names)
        writer.text.append("set=1\n")
        writer.write(change.interface)
        for peer in change.peers { writer.write(peer) }
        writer.text.append("\n")
        return writer.text
    }
}
