public import NetTypes

/// The files in which an installation is looked for, and what reading them takes besides.
public struct ForeignFiles: Sendable {
    /// A file of text.
    public struct File: Sendable {
        /// As it was named, or found in a directory that was.
        public let path: String
        /// What stands in it.
        public let text: FileText

        /// Makes a file.
        public init(path: String, text: FileText) {
            self.path = path
            self.text = text
        }

        /// What the directory calls it.
        var name: Substring { path.split(separator: "/").last ?? "" }
        /// With the slash; empty where the path has none.
        var directory: Substring { directoryPart(of: path) }
    }

    /// A file that is a database.
    public struct Database: Sendable {
        /// As it was named, or found in a directory that was.
        public let path: String
        private let tables: [String: ForeignTable]

        /// Makes a database.
        public init(path: String, tables: [ForeignTable]) {
            self.path = path
            self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }

        subscript(_ table: String) -> ForeignTable? { tables[table] }
        /// Sorted.
        var tableNames: [String] { tables.keys.sorted() }
        var directory: Substring { directoryPart(of: path) }

        /// None where there is no such table.
        func records(_ table: String) -> [ForeignRecord] { tables[table]?.records(in: "\(path)(\(table))") ?? [] }
    }

    /// A file, and what was made of it or is wrong with it.
    struct Parsed<Value: Sendable>: Sendable {
        let file: File
        let result: Result<Value, ProfileErrors>

        var value: Value? { try? result.get() }
    }

    /// Sorted by path.
    public let files: [File]
    /// Sorted by path.
    public let databases: [Database]
    /// Those that a file of wg-quick looks like.
    let configurations: [Parsed<WgQuickConfig>]
    /// Those that begin as JSON.
    let json: [Parsed<JSONNode>]
    /// Files that were found in a directory and not looked into, and why.
    let passedOver: [(path: String, cause: UnreadFile)]
    /// Reads a small file that one of these names, and that is not among them; nil where that cannot be.
    private let elsewhere: @Sendable (_ path: String) -> String?
    /// Makes a public key of a private one (X25519).
    let publicKey: @Sendable (PrivateKey) -> PublicKey

    /// `services` finds ports by name, `elsewhere` the text of a file that one of these names, `publicKey` makes a public key of a
    /// private one.
    public init(
        _ files: [File], databases: [Database] = [], passedOver: [(path: String, cause: UnreadFile)] = [],
        services: @escaping @Sendable (_ name: String) -> UInt16?,
        elsewhere: @escaping @Sendable (_ path: String) -> String? = { _ in nil },
        publicKey: @escaping @Sendable (PrivateKey) -> PublicKey
    ) {
        self.files = files.sorted { $0.path < $1.path }
        self.databases = databases.sorted { $0.path < $1.path }
        self.passedOver = passedOver
        self.elsewhere = elsewhere
        self.publicKey = publicKey
        configurations = self.files.filter { WgQuickConfig.isLikely($0.text.text) }.map { file in
            Parsed(
                file: file,
                result: Result { () throws(ProfileErrors) in
                    try WgQuickConfig.parse(file.text, file: file.path, services: services)
                })
        }
        json = self.files.filter { Substring($0.text.text.prefix(64)).trimmedOfBlanks.hasPrefix("{") }.map { file in
            Parsed(
                file: file,
                result: Result { () throws(ProfileErrors) in try JSONText.parse(file.text.text, file: file.path) })
        }
    }
}

extension ForeignFiles {
    /// The paths of those files of wg-quick that are so.
    func paths(where isOne: (Parsed<WgQuickConfig>) -> Bool) -> Set<String> {
        Set(configurations.filter(isOne).map(\.file.path))
    }

    /// The text of a file that another one names for a key, without blanks around it.
    func keyFile(_ path: String) -> String? {
        let text = files.first { $0.path == path }?.text.text ?? elsewhere(path)
        return text.map { String(Substring($0).trimmedOfBlanks) }
    }
}

/// The part of a path up to its last slash.
private func directoryPart(of path: String) -> Substring {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? ""
}
