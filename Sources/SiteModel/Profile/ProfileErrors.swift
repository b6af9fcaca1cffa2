/// One thing that is wrong in a file, and where.
public struct ProfileError: Error, Hashable, Sendable, ToldInProse {
    /// The file's name as it was given.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    /// What is wrong.
    public let fault: ProfileFault

    /// Makes an error.
    public init(file: String, line: Int, column: Int, _ fault: ProfileFault) {
        self.file = file
        self.line = line
        self.column = column
        self.fault = fault
    }

    var place: WgQuickConfig.Place { WgQuickConfig.Place(line: line, column: column, file: file) }

    /// What is wrong and what would be right.
    public var message: String { fault.description }

    /// `site.toml:14:14: peers.laptop.addresses: 10.0.0.0/40: an IPv4 prefix is at most /32`, with its advice.
    public var prose: Prose {
        var prose = Prose("\(file):\(line):\(column): \(message)")
        if let advice = fault.advice { prose += "; \(advice)" }
        return prose
    }
}

/// Everything that is wrong in a file, or in several, in the order of the file; at least one.
public struct ProfileErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// Sorted by file, line and column.
    public let errors: [ProfileError]

    /// Makes a list; it is sorted here.
    public init(_ errors: [ProfileError]) {
        self.errors = errors.sorted {
            let (first, second) = (($0.file, $0.line, $0.column), ($1.file, $1.line, $1.column))
            // Words are made only where they decide.
            return first == second ? $0.message < $1.message : first < second
        }
    }

    /// One line each, of so many as `abridged` tells.
    public var description: String { lines.joined(separator: "\n") }

    /// The lines of the description, each with what was quoted in it as it is.
    public var lines: [String] { abridged(errors.map(\.description), "fault") }
}

/// How many of a list that may be long are told: who mends these comes for the others.
public let maximumTold = 20

/// The first twenty of a list that may be long, and how many more there are: never one, which is told in the time that it takes to
/// say so.
public func shortened<Item>(_ items: [Item]) -> (first: ArraySlice<Item>, more: Int) {
    let more = items.count - maximumTold
    return more <= 1 ? (items[...], 0) : (items.prefix(maximumTold), more)
}

/// The same in words: a line each, and one for those that are more.
public func abridged<Words: ExpressibleByStringLiteral>(_ items: [Words], _ noun: String) -> [Words]
where Words.StringLiteralType == String {
    let (first, more) = shortened(items)
    return more == 0 ? items : first + [Words(stringLiteral: "and \(more) \(noun)s more")]
}
