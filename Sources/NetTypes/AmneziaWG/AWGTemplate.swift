/// How a signature packet is made, as `I1`…`I5` say: tags, one after another. `<b 0x0102><r 16><t>`
///
/// Receivers never look inside. Text outside of tags is sent by nobody, so it is refused, but for spaces.
public struct AWGTemplate: Equatable, Sendable, CustomStringConvertible {
    /// What one tag stands for.
    public enum Piece: Equatable, Sendable {
        /// `<b 0xHEX>`: as written.
        case bytes([UInt8])
        /// `<r N>`: random bytes.
        case random(Int)
        /// `<rc N>`: random letters a–zA–Z.
        case letters(Int)
        /// `<rd N>`: random digits.
        case digits(Int)
        /// `<t>`: Unix time in seconds, four bytes, big-endian.
        case time
        /// `<dz N>`: zeros.
        case zeros(Int)
        /// `<d>`, `<ds>`: nothing, by what anybody makes of them today.
        case nothing(String)

        /// Bytes.
        public var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .random(let count), .letters(let count), .digits(let count), .zeros(let count): count
            case .time: 4
            case .nothing: 0
            }
        }
    }

    /// What is wrong with a template, and in which column, from 1.
    public struct Fault: Error, Hashable, Sendable {
        /// What is wrong.
        public enum Kind: Error, Hashable, Sendable {
            /// Something that is in no tag.
            case textOutside
            /// `<` without `>`.
            case unfinished
            /// No tag of AmneziaWG 2.0 or later.
            case unknownTag
            /// `<c>` and `<wt>`, which were tags of 1.5.
            case formerTag
            /// `<b>` without whole bytes in hexadecimal digits.
            case noBytes
            /// A tag that needs a number from 0 on, and has none.
            case noNumber
            /// Something behind a tag that needs nothing.
            case needless
            /// More bytes in all than fit into a datagram.
            case tooLong
        }

        /// What is wrong.
        public let kind: Kind
        /// In bytes, from 1.
        public let column: Int
    }

    /// Bytes that a template may make: what goes through wherever WireGuard does.
    public static let mostBytes = 1400

    /// In order.
    public let pieces: [Piece]

    /// None: no packet is sent.
    public init() { pieces = [] }

    /// Of these; together no more than fits into a datagram.
    public init(_ pieces: [Piece]) { self.pieces = pieces }

    /// Bytes of the packet.
    public var count: Int { pieces.reduce(0) { $0 + $1.count } }

    /// Whether it stands for no packet.
    public var isEmpty: Bool { pieces.isEmpty }

    /// Reads a template; an empty text is none.
    public init(parsing text: some StringProtocol) throws(Fault) {
        let bytes = Array(text.utf8)
        var pieces: [Piece] = []
        var count = 0
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: " ") {
                at += 1
                continue
            }
            guard bytes[at] == UInt8(ascii: "<") else { throw Fault(kind: .textOutside, column: at + 1) }
            guard let end = bytes[at...].firstIndex(of: UInt8(ascii: ">")) else {
                throw Fault(kind: .unfinished, column: at + 1)
            }
            let words = bytes[(at + 1)..<end].split(separator: UInt8(ascii: " "))
            do throws(Fault.Kind) { pieces.append(try Self.piece(words)) } catch {
                throw Fault(kind: error, column: at + 1)
            }
            count += pieces[pieces.count - 1].count
            guard count <= Self.mostBytes else { throw Fault(kind: .tooLong, column: at + 1) }
            at = end + 1
        }
        self.pieces = pieces
    }

    private static func piece(_ words: [ArraySlice<UInt8>]) throws(Fault.Kind) -> Piece {
        guard let first = words.first else { throw .unknownTag }
        let name = String(decoding: first, as: UTF8.self)
        switch name {
        case "b": return .bytes(try hexadecimal(words))
        case "r": return .random(try number(words))
        case "rc": return .letters(try number(words))
        case "rd": return .digits(try number(words))
        case "dz": return .zeros(try number(words))
        case "t", "d", "ds":
            guard words.count == 1 else { throw .needless }
            return name == "t" ? .time : .nothing(name)
        case "c", "wt": throw .formerTag
        default: throw .unknownTag
        }
    }

    private static func number(_ words: [ArraySlice<UInt8>]) throws(Fault.Kind) -> Int {
        guard words.count == 2, let number = words[1].withUnsafeBytes({ UInt32(digits: $0) }) else { throw .noNumber }
        return Int(number)
    }

    private static func hexadecimal(_ words: [ArraySlice<UInt8>]) throws(Fault.Kind) -> [UInt8] {
        guard words.count == 2 else { throw .noBytes }
        let digits = words[1].starts(with: "0x".utf8) ? words[1].dropFirst(2) : words[1]
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { throw .noBytes }
        var bytes: [UInt8] = []
        for (number, digit) in digits.enumerated() {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { throw .noBytes }
            if number.isMultiple(of: 2) {
                bytes.append(UInt8(value))
            } else {
                bytes[bytes.count - 1] = bytes[bytes.count - 1] << 4 | UInt8(value)
            }
        }
        return bytes
    }

    /// As every implementation reads it.
    public var description: String { pieces.map(\.description).joined() }
}

extension AWGTemplate.Piece: CustomStringConvertible {
    /// `<r 16>`
    public var description: String {
        switch self {
        case .bytes(let bytes):
            "<b 0x\(bytes.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined())>"
        case .random(let count): "<r \(count)>"
        case .letters(let count): "<rc \(count)>"
        case .digits(let count): "<rd \(count)>"
        case .time: "<t>"
        case .zeros(let count): "<dz \(count)>"
        case .nothing(let name): "<\(name)>"
        }
    }
}
