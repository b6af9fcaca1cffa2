import NetTypes

/// Takes the lines of a request or an answer into sections, one by one. Bytes all the way: about 10,000 peers there are 100,000.
struct SectionReader {
    private let context: LineContext
    /// Lines that were taken.
    private(set) var count = 0
    /// What was read of the interface.
    private(set) var interface = InterfaceSection()
    /// The peer whose lines come now.
    private var peer: PeerSection?

    init(isRequest: Bool, names: InterfaceNames) { context = LineContext(isRequest, names) }

    /// A fault of the line that was taken last.
    func fault(_ fault: UAPIError.Fault) -> UAPIError { UAPIError(line: count, fault) }

    /// Splits the next line, which has no newline, into key and value.
    mutating func split(
        _ line: UnsafeRawBufferPointer
    ) throws(UAPIError) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        count += 1
        guard let equals = line.place(of: UInt8(ascii: "="), from: 0) else {
            throw fault(.noKeyAndValue)
        }
        return (
            UnsafeRawBufferPointer(rebasing: line[..<equals]), UnsafeRawBufferPointer(rebasing: line[(equals + 1)...])
        )
    }

    /// Takes what was split, and tells the peer before if this line begins another. Keys that are not known are refused in a request,
    /// and passed over in an answer: the protocol grows by new ones.
    mutating func take(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ tell: (PeerSection) -> Void
    ) throws(UAPIError) {
        if key.is("public_key") {
            finish(tell)
            do throws(UAPIError.Kind) { peer = PeerSection(try PublicKey(value, context)) } catch {
                throw fault(.value(of: "public_key", PublicKey.form))
            }
            return
        }
        var line = LineReader(key: key, text: value, context: context)
        // In place: a second owner of the peer's list would make each line copy it.
        if peer?.visit(&line) == nil { interface.visit(&line) }
        switch line.outcome {
        case .taken: break
        case .unknown:
            if context.isRequest { throw fault(.unknownKey(ofPeer: peer != nil)) }
        case .refused(.noInterface, _): throw fault(.noInterface)
        case .refused(_, let type): throw fault(.value(of: String(decoding: key, as: UTF8.self), type.form))
        case .notMarked(let mark):
            throw fault(.mark(String(decoding: key, as: UTF8.self), only: "\(mark)"))
        }
    }

    /// Tells the peer whose lines are over, if there is one.
    mutating func finish(_ tell: (PeerSection) -> Void) {
        if let done = peer.take() { tell(done) }
    }
}

/// One line that looks for its place in a section.
private struct LineReader: SectionLines {
    enum Outcome {
        case unknown
        case taken
        /// It is of no such type.
        case refused(UAPIError.Kind, any LineValue.Type)
        /// It is not this.
        case notMarked(StaticString)
    }

    let key: UnsafeRawBufferPointer
    let text: UnsafeRawBufferPointer
    /// The section reader's, which outlives each line: counting references took a tenth of the time.
    unowned(unsafe) let context: LineContext
    var outcome = Outcome.unknown

    var isRequest: Bool { context.isRequest }
    var isWriting: Bool { false }

    // Inlined, so that the keys are constants there, and each that is not meant costs one comparison.

    @inline(__always)
    mutating func value<Value: LineValue>(_ key: StaticString, _ value: inout Value?) {
        if self.key.is(key), let read = read(Value.self) { value = read }
    }

    @inline(__always)
    mutating func values<Value: LineValue>(_ key: StaticString, _ values: inout [Value]) {
        if self.key.is(key), let read = read(Value.self) { values.append(read) }
    }

    @inline(__always)
    mutating func mark(_ key: StaticString, _ value: StaticString, _ isThere: inout Bool) {
        guard self.key.is(key) else { return }
        isThere = text.is(value)
        outcome = isThere ? .taken : .notMarked(value)
    }

    private mutating func read<Value: LineValue>(_ type: Value.Type) -> Value? {
        do throws(UAPIError.Kind) {
            let value = try Value(text, context)
            outcome = .taken
            return value
        } catch {
            outcome = .refused(error, type)
            return nil
        }
    }
}
