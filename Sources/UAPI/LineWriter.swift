import NetTypes

/// Writes sections, line by line.
struct LineWriter: ~Copyable, SectionLines {
    var text: SecretBuffer
    private let context: LineContext

    var isRequest: Bool { context.isRequest }
    var isWriting: Bool { true }

    /// Text with room for that many peers of some allowed IPs each.
    init(isRequest: Bool, peers: Int, names: InterfaceNames) {
        text = SecretBuffer(capacity: 512 + 512 * peers)
        context = LineContext(isRequest, names)
    }

    mutating func write(_ interface: InterfaceSection) {
        var interface = interface
        interface.visit(&self)
    }

    mutating func write(_ peer: PeerSection) {
        line("public_key", peer.publicKey)
        var peer = peer
        peer.visit(&self)
    }

    mutating func value<Value: LineValue>(_ key: StaticString, _ value: inout Value?) {
        if let value { line(key, value) }
    }

    mutating func values<Value: LineValue>(_ key: StaticString, _ values: inout [Value]) {
        for value in values { line(key, value) }
    }

    mutating func mark(_ key: StaticString, _ value: StaticString, _ isThere: inout Bool) {
        guard isThere else { return }
        start(key)
        text.append(value.bytes)
        text.append(UInt8(ascii: "\n"))
    }

    private mutating func line(_ key: StaticString, _ value: some LineValue) {
        start(key)
        value.write(to: &text, context)
        text.append(UInt8(ascii: "\n"))
    }

    private mutating func start(_ key: StaticString) {
        text.append(key.bytes)
        text.append(UInt8(ascii: "="))
    }
}
