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
    private let file: String
    private let bytes: [UInt8]
    private let root: TOMLTableNode
    private var reader = ProfileReader()

    init(_ text: String, file: String) throws(ProfileErrors) {
        self.file = file
        bytes = Array(text.utf8)
        func failure(_ line: Int, _ column: Int, _ fault: TOMLFault) -> ProfileErrors {
            ProfileErrors([ProfileError(file: file, line: line, column: column, .toml(fault))])
        }
        func failure(at offset: Int, _ fault: TOMLFault) -> ProfileErrors {
            let (line, column) = LineIndex(Array(text.utf8)).position(of: offset)
            return failure(line, column, fault)
        }
        // TOMLKit gets the text as a C string, which would end here.
        if let zero = bytes.firstIndex(of: 0) { throw failure(at: zero, .zeroByte) }
        var scanner = TOMLScanner(bytes)
        do { root = try scanner.document() } catch {
            throw failure(at: error.offset, error.fault)
        }
        do { _ = try TOMLTable(string: text) } catch {
            guard let error = error as? TOMLParseError else { throw failure(1, 1, .library("\(error)")) }
            let place = error.source.begin
            throw failure(max(place.line, 1), max(place.column, 1), .library(error.description))
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

    private func errors(adding problems: [SiteProblem]) -> ProfileErrors {
        var all = reader.found
        var places = TOMLPlaces(root)
        for problem in problems { all.append((places.offset(of: problem.path), .problem(problem))) }
        let positions = LineIndex(bytes).positions(of: all.map(\.offset))
        return ProfileErrors(
            zip(all, positions).map { found, place in
                ProfileError(file: file, line: place.line, column: place.column, found.fault)
            })
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
