/// Words for people, in which remedies stand as values: whoever shows them says how each is told, the command line as a command and
/// a page as a button.
///
///     let words: Prose = "there is no revision 7; see \(.look(.history))"
public struct Prose: Hashable, Sendable, ExpressibleByStringInterpolation {
    private struct Place: Hashable {
        /// In UTF-8 code units of the words.
        let offset: Int
        let remedy: Remedy
    }

    private var words: String
    private var places: [Place]

    /// Words without a remedy.
    public init(_ words: String) {
        self.words = words
        places = []
    }

    /// The same.
    public init(stringLiteral words: String) { self.init(words) }

    /// Words with what stands between them.
    public init(stringInterpolation parts: StringInterpolation) { self = parts.prose }

    /// What is in a literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var prose = Prose("")

        /// Nothing yet.
        public init(literalCapacity: Int, interpolationCount: Int) { prose.words.reserveCapacity(literalCapacity) }

        /// Words.
        public mutating func appendLiteral(_ words: String) { prose.words += words }

        /// A value in words of its own.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            prose.words += value.description
        }

        /// A remedy.
        public mutating func appendInterpolation(_ remedy: Remedy) {
            prose.places.append(Place(offset: prose.words.utf8.count, remedy: remedy))
        }

        /// What has remedies in it.
        public mutating func appendInterpolation(_ other: Prose) { prose += other }
    }

    /// The one behind the other.
    public static func += (prose: inout Prose, other: Prose) {
        let offset = prose.words.utf8.count
        prose.places += other.places.map { Place(offset: offset + $0.offset, remedy: $0.remedy) }
        prose.words += other.words
    }

    /// The remedies in them, in their order.
    public var remedies: [Remedy] { places.map(\.remedy) }

    /// All of it as text; `say` tells a remedy.
    public func told(by say: (Remedy) -> String) -> String {
        var text = ""
        var done = words.startIndex
        for place in places {
            let end = words.utf8.index(words.startIndex, offsetBy: place.offset)
            text += words[done..<end]
            text += say(place.remedy)
            done = end
        }
        return text + words[done...]
    }
}

extension Prose: CustomStringConvertible {
    /// For whoever develops: remedies by the names of their cases.
    public var description: String { told { "(\($0))" } }
}

/// The first twenty of a list that may be long, and how many more there are.
public func abridged(_ items: [Prose], _ noun: String) -> [Prose] {
    guard items.count > maximumTold + 1 else { return items }
    return items.prefix(maximumTold) + ["and \(items.count - maximumTold) \(noun)s more"]
}
