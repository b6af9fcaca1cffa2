/// Reads the answer to a request as it comes in, so that it is read while the other side still writes.
public struct AnswerReader {
    private var reader: SectionReader
    private var number: Int32?
    /// Whether the empty line at the end was seen.
    public private(set) var isComplete = false

    /// What ends the answer: 0, or an errno, which some write negative. Known when it is complete.
    public var errorNumber: Int32 { Int32(clamping: (number ?? 0).magnitude) }
    /// What was read of the interface.
    public var interface: InterfaceSection { reader.interface }

    /// Nothing yet.
    public init(names: InterfaceNames) { reader = SectionReader(isRequest: false, names: names) }

    /// Takes all lines that are whole, and returns how many bytes they are; the rest comes again with what comes then. Each peer
    /// is told when all its lines are there.
    public mutating func take(
        _ text: UnsafeRawBufferPointer, _ tell: (PeerSection) -> Void
    ) throws(UAPIError) -> Int {
        var start = 0
        while !isComplete, let end = text.place(of: UInt8(ascii: "\n"), from: start) {
            if end > start {
                try take(line: UnsafeRawBufferPointer(rebasing: text[start..<end]), tell)
            } else {
                guard number != nil else {
                    throw UAPIError(line: reader.count + 1, .endWithoutErrno)
                }
                reader.finish(tell)
                isComplete = true
            }
            start = end + 1
        }
        return start
    }

    private mutating func take(line: UnsafeRawBufferPointer, _ tell: (PeerSection) -> Void) throws(UAPIError) {
        let (key, value) = try reader.split(line)
        if key.is("errno") {
            number = Int32(String(decoding: value, as: UTF8.self))
            if number == nil { throw reader.fault(.errnoNoNumber) }
        } else {
            try reader.take(key, value, tell)
        }
    }
}
