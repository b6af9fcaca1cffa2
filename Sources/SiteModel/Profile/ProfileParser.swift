public import NetTypes
import TOMLKit

extension Site {
    /// Reads a site profile (TOML). `file` is only for the messages.
    ///
    /// Throws everything that is wrong in one go, each with line and column: what is no TOML, unknown keys, wrong types, bad
    /// values, and what `problems()` finds.
    public static func parse(_ text: String, file: String) throws(ProfileErrors) -> Site {
        try ProfileParser(text, file: file).site()
    }
}

/// A profile on its way to a site: text, TOML, and then what `Site.tables` and `Site.ownTables` find in it.
struct ProfileParser {
    private var text: PlacedText
    private let root: TOMLTableNode
    private var reader = ProfileReader()

    init(_ whole: String, file: String) throws(ProfileErrors) {
        text = PlacedText(whole, file: file)
        // TOMLKit gets the text as a C string, which would end here.
        if let zero = text.bytes.firstIndex(of: 0) {
            throw ProfileErrors([text.error(at: zero, .toml(.zeroByte))])
        }
        var scanner = TOMLScanner(text.bytes)
        do { root = try scanner.document() } catch {
            throw ProfileErrors([text.error(at: error.offset, .toml(error.fault))])
        }
        do { _ = try TOMLTable(string: whole) } catch {
            let fault = error as? TOMLParseError
            let (line, column) = (fault?.source.begin.line ?? 1, fault?.source.begin.column ?? 1)
            let words = fault?.description ?? "\(error)"
            throw ProfileErrors([
                ProfileError(file: file, line: max(line, 1), column: max(column, 1), .toml(.library(words)))
            ])
        }
    }

    consuming func site() throws(ProfileErrors) -> Site {
        let top = ProfileReader.Section(path: [], offset: 0, node: root)
        reader.refuseUnknown(in: top, keys: ProfileKeys.top)
        var site = Site.unsaid
        // Backwards, so that what a field goes by is read before it: the endpoint's port may be the tunnel's.
        for table in Site.tables.reversed() {
            let section = reader.section(table.name, in: top, keys: table.fields.map(\.key))
            for field in table.fields { field.read(&reader, section, into: &site) }
        }
        for field in Site.ownTables { field.read(&reader, top, into: &site) }
        let problems = site.problems(incomplete: reader.incomplete)
        if problems.isEmpty && reader.found.isEmpty { return site }
        throw errors(adding: problems)
    }

    // MARK: Places

    private mutating func errors(adding problems: [SiteProblem]) -> ProfileErrors {
        var all = reader.found
        var places = TOMLPlaces(root)
        for problem in problems { all.append((places.offset(of: problem.path), .problem(problem))) }
        return ProfileErrors(all.sorted { $0.offset < $1.offset }.map { text.error(at: $0.offset, $0.fault) })
    }
}

extension PresharedKeyChoice: ParsedText, LosslessStringConvertible {
    /// `auto`, `none` or `sealed:` and 16 hex digits. Throws `ParseError`; it does not repeat what may be a key.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        switch text {
        case "auto": self = .auto
        case "none": self = .none
        default:
            guard text.hasPrefix("sealed:"), let id = SecretID(String(text.dropFirst(7))) else {
                throw ParseError("(preshared key)", .presharedKeyChoice)
            }
            self = .sealed(id)
        }
    }

    /// As in the profile: `auto`, `none`, `sealed:1f0c…`.
    public var description: String {
        switch self {
        case .none: "none"
        case .auto: "auto"
        case .sealed(let id): "sealed:\(id)"
        }
    }
}
