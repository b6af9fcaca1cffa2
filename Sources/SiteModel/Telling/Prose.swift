/// Words for people, in which remedies stand as values: whoever shows them says how each is told, the command line as a command and
/// a page as a button.
///
///     let words: Prose = "there is no revision 7; see \(.look(.history))"
public struct Prose: Hashable, Sendable, ExpressibleByStringInterpolation {
    private enum Piece: Hashable {
        case words(String)
        case remedy(Remedy)
    }

    /// Words and remedies in turn.
    private var pieces: [Piece]

    /// Words without a remedy.
    public init(_ words: String) { pieces = [.words(words)] }

    /// The same.
    public init(stringLiteral words: String) { self.init(words) }

    /// Words with what stands between them.
    public init(stringInterpolation parts: StringInterpolation) { self = parts.prose }

    /// What is in a literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var prose = Prose("")

        /// Nothing yet.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Words.
        public mutating func appendLiteral(_ words: String) { prose.append(words) }

        /// A value in words of its own.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            prose.append(value.description)
        }

        /// A remedy.
        public mutating func appendInterpolation(_ remedy: Remedy) { prose.pieces.append(.remedy(remedy)) }

        /// What has remedies in it.
        public mutating func appendInterpolation(_ other: Prose) { prose += other }
    }

    /// The one behind the other.
    public static func += (prose: inout Prose, other: Prose) {
        for piece in other.pieces {
            switch piece {
            case .words(let words): prose.append(words)
            case .remedy: prose.pieces.append(piece)
            }
        }
    }

    /// Words behind words are one piece, so that what reads alike is equal.
    private mutating func append(_ words: String) {
        if words.isEmpty { return }
        if case .words(let before)? = pieces.last {
            pieces[pieces.count - 1] = .words(before + words)
        } else {
            pieces.append(.words(words))
        }
    }

    /// The remedies in them, in their order.
    public var remedies: [Remedy] { pieces.compactMap { if case .remedy(let remedy) = $0 { remedy } else { nil } } }

    /// All of it as text; `say` tells a remedy.
    public func told(by say: (Remedy) -> String) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .words(let words): text += words
            case .remedy(let remedy): text += say(remedy)
            }
        }
        return text
    }
}

extension Prose: CustomStringConvertible {
    /// For whoever develops: remedies by the names of their cases.
    public var description: String { told { "(\($0))" } }
}

/// What is told in words with what helps.
public protocol ToldInProse: CustomStringConvertible {
    /// What is wrong, and what would help.
    var prose: Prose { get }
}

extension ToldInProse {
    /// For whoever develops.
    public var description: String { prose.description }
}
