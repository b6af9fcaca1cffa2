/// A text that is read byte by byte, and what is wrong in it with line and column.
struct PlacedText {
    /// More would in the end overflow the stack.
    private static let maximumDepth = 64

    let bytes: [UInt8]
    /// Where it is read on.
    var at = 0
    private let file: String
    /// How far lines and columns were counted: the file may be one line.
    private var counted = (at: 0, line: 1, column: 1)
    private var depth = 0

    init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// The next byte; nil at the end.
    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    /// A column is a Unicode scalar, as in compilers.
    mutating func place() -> WgQuickConfig.Place {
        if at < counted.at { counted = (at: 0, line: 1, column: 1) }
        for c in bytes[counted.at..<at] {
            if c == 10 {
                (counted.line, counted.column) = (counted.line + 1, 1)
            } else if c & 0xc0 != 0x80 {
                counted.column += 1
            }
        }
        counted.at = at
        return WgQuickConfig.Place(line: counted.line, column: counted.column, file: file)
    }

    /// What is wrong somewhere; of many, the first come first.
    mutating func error(at offset: Int, _ fault: ProfileFault) -> ProfileError {
        at = min(offset, bytes.count)
        let place = place()
        return ProfileError(file: file, line: place.line, column: place.column, fault)
    }

    /// What is wrong here.
    mutating func failure(_ fault: ForeignFault) -> ProfileErrors { ProfileErrors([error(at: at, .foreign(fault))]) }

    /// Whether this comes next.
    func starts(_ text: StaticString) -> Bool {
        bytes[at...].starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Goes behind this if it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        guard starts(text) else { return false }
        at += text.utf8CodeUnitCount
        return true
    }

    /// Goes behind all that is so.
    @discardableResult mutating func take(while isTaken: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = bytes[at...].prefix(while: isTaken)
        at = taken.endIndex
        return taken
    }

    /// Goes into what may be nested.
    mutating func enter() throws(ProfileErrors) {
        guard depth < Self.maximumDepth else { throw failure(.tooDeep(most: Self.maximumDepth)) }
        depth += 1
    }

    mutating func leave() { depth -= 1 }
}
