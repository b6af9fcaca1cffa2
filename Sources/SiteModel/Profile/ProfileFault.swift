public import NetTypes

/// What is wrong in a file from which a site is read.
public indirect enum ProfileFault: Hashable, Sendable {
    /// A profile that is no TOML.
    case toml(TOMLFault)
    /// A key that this table does not have, among those that it has.
    case unknownKey(String, in: SitePath, known: [String])
    case missing(SitePath)
    case wrongType(SitePath, TOMLType, Wanted)
    case outOfRange(SitePath, Int64, ClosedRange<Int64>)
    /// A list that has to name something.
    case emptyList(SitePath, Wanted)
    /// A list of ports whose first one another key names as well.
    case namedTwice(SitePath, leaveOut: String)
    /// A text that is not what should stand there.
    case value(SitePath, ParseError)
    /// The same of a parameter of a disguise.
    case parameter(SitePath, AWGFault)
    /// What makes no sense in a site, however it is written.
    case problem(SiteProblem)
    /// A setting of another program's that is not what it should be.
    case setting(String, ParseError)
    /// The same of a key, which is not repeated.
    case key(String, ParseError.Reason)
    /// Of a file of wg-quick's.
    case wgQuick(WgQuickFault)
    /// What is no fault of such a file, and worth saying.
    case remark(WgQuickConfig.Remark)
    /// What a site has otherwise than such a file.
    case imported(ImportRemark)
    /// Of another program's files.
    case foreign(ForeignFault)

    /// What should be there.
    public enum Wanted: Hashable, Sendable {
        case table, listOfTables, string, listOfStrings, boolean
        case integer(ClosedRange<Int64>)
        case ports
        case integerOrRange
    }
}

/// Of what type a value of TOML is.
public enum TOMLType: String, Sendable {
    case string = "a string"
    case integer = "a number"
    case boolean = "true or false"
    case list = "a list"
    case table = "a table"
    case moment = "a date or time"
    case fraction = "a fraction"
}

/// Why a text is no TOML, or more of it than is taken.
public enum TOMLFault: Hashable, Sendable {
    case zeroByte
    /// In place of what is there, or of an end.
    case expected(Unicode.Scalar)
    case noKey, noValue
    /// A key that is there already.
    case twice(String)
    /// The same, where a table has to be.
    case noTable(String)
    /// The same, where a list of tables has to be.
    case noListOfTables(String)
    /// `onItsLine`: another line begins before its end.
    case openString(onItsLine: Bool)
    case noEscape
    /// What TOMLKit says of it.
    case library(String)
    /// Bytes.
    case longKey(most: Int)
    case tooDeep(most: Int)
    /// Tables without a header of their own.
    case manyUnheaded(most: Int)
}

extension ProfileFault: CustomStringConvertible {
    /// `peers.laptop.addresses: 10.0.0.0/40: an IPv4 prefix is at most /32`
    public var description: String {
        switch self {
        case .toml(let fault): fault.isLimit ? fault.words : "this is not TOML: \(fault.words)"
        case .unknownKey(let key, let table, let known):
            "\(SitePath(table.keys + [key]).name): unknown key; \(Self.hint(key, table, known))"
        case .missing(let path): "\(path.name): is missing"
        case .wrongType(let path, let type, let wanted): "\(path.name): is \(type.rawValue); \(wanted.words(at: path))"
        case .outOfRange(let path, let value, let range):
            "\(path.name): \(value) is out of range; \(Wanted.words(of: range))"
        case .emptyList(let path, let wanted): "\(path.name): names none; \(wanted.words(at: path))"
        case .namedTwice(let path, let other): "\(path.name): names the first port as well; leave \(other) out"
        case .value(let path, let error): "\(path.name): \(error)"
        case .parameter(let path, let fault): "\(path.name): \(fault)"
        case .problem(let problem): problem.description
        case .setting(let name, let error): "\(name): \(error.description.quotable)"
        case .key(let name, let reason): "\(name): \(reason)"
        case .wgQuick(let fault): fault.words
        case .remark(let remark): remark.text
        case .imported(let remark): remark.words
        case .foreign(let fault): fault.words
        }
    }

    /// What can be done about it here, if that is something that wggw does.
    var advice: Prose? {
        switch self {
        case .imported(let remark): remark.advice
        case .foreign(let fault): fault.advice
        default: nil
        }
    }

    private static func hint(_ key: String, _ table: SitePath, _ known: [String]) -> String {
        if key == "private-key" { return "a profile holds no secrets, wggw keeps them sealed" }
        if let near = nearest(key, among: known) { return "did you mean \(near)?" }
        return
            "\(table.keys.isEmpty ? "at the top level" : "in \(table.name)") there are \(known.joined(separator: ", "))"
    }
}

extension ProfileFault.Wanted {
    fileprivate func words(at path: SitePath) -> String {
        switch self {
        case .table: "write a table, [\(path.name)]"
        case .listOfTables: "write [[\(path.name)]] above each"
        case .string: "write a string in quotes"
        case .listOfStrings: "write a list of strings, [\"…\", \"…\"]"
        case .boolean: "write true or false, without quotes"
        case .integer(let range): "\(Self.words(of: range)), without quotes"
        case .ports: "write whole numbers from 1 to 65535, [51820, 443]"
        case .integerOrRange: "write a whole number without quotes, or a range in quotes, \"LOW-HIGH\""
        }
    }

    fileprivate static func words(of range: ClosedRange<Int64>) -> String {
        "write a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}

extension TOMLFault {
    /// Whether it would make sense, and is more than is taken.
    fileprivate var isLimit: Bool {
        switch self {
        case .longKey, .tooDeep, .manyUnheaded: true
        default: false
        }
    }

    fileprivate var words: String {
        switch self {
        case .zeroByte: "a zero byte"
        case .expected(let scalar): "here should stand \(scalar)"
        case .noKey: "here should stand a key"
        case .noValue: "here should stand a value; text stands in quotes"
        case .twice(let key): "\(tomlKey(key)) is there already; keep one of them"
        case .noTable(let key): "\(tomlKey(key)) is there already, and is no table"
        case .noListOfTables(let key): "\(tomlKey(key)) is there already, and is no list of tables"
        case .openString(let onItsLine): "this string does not end\(onItsLine ? " on its line" : "")"
        case .noEscape: "a backslash in double quotes begins an escape; write \\\\ or use single quotes"
        case .library(let words): words
        case .longKey(let most): "a key is at most \(most) bytes long"
        case .tooDeep(let most): "this goes deeper than \(most) levels; a profile has three"
        case .manyUnheaded(let most): "more than \(most) tables have no [header] of their own; write one for each"
        }
    }
}
