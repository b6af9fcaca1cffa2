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
        var directory: Substring { path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "" }
    }

    /// A file, and what was made of it or is wrong with it.
    struct Parsed<Value: Sendable>: Sendable {
        let file: File
        let result: Result<Value, ProfileErrors>

        var value: Value? { try? result.get() }
    }

    /// Sorted by path.
    public let files: [File]
    /// Those that a file of wg-quick looks like.
    let configurations: [Parsed<WgQuickConfig>]
    /// Those that begin as JSON.
    let json: [Parsed<JSONNode>]
    /// Makes a public key of a private one (X25519).
    let publicKey: @Sendable (PrivateKey) -> PublicKey

    /// `services` finds ports by name, `publicKey` makes a public key of a private one.
    public init(
        _ files: [File], services: @escaping @Sendable (_ name: String) -> UInt16?,
        publicKey: @escaping @Sendable (PrivateKey) -> PublicKey
    ) {
        self.files = files.sorted { $0.path < $1.path }
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
