public import NetTypes

/// One attribute of a site or of a peer, `Owner`: what a profile calls it, how it is read there and written, what an option's words
/// make of it, and where a store keeps it.
///
/// `Peer.fields` and `Site.tables` list them all. Whoever reads or writes a site goes through these lists and names no attribute
/// itself: the profile's parser, its writer and its list of keys; the rows of the database; the options of `add-peer` and `set-peer`.
///
/// A new one is a member of `Peer` or `Site`, a line in the list, and a column in Storage's `Schema`; a test reminds of the
/// column and of the manual page.
public struct Field<Owner: Sendable>: Sendable {
    /// In a profile: `listen-port`. Of a list or table of its own, that one's name.
    public let key: String
    /// Where a store keeps it; several if it has several parts.
    public let columns: [FieldColumn<Owner>]
    /// Out of a table of a profile. What is not there, or is noted as wrong, becomes what the owner has without it.
    var read: @Sendable (inout ProfileReader, ProfileReader.Section, inout Owner) -> Void
    /// As lines of a profile; none for what goes without saying.
    let write: @Sendable (Owner, inout ProfileWriter) -> Void
    private let edit: @Sendable ([String]) throws(ParseError) -> @Sendable (inout Owner) -> Void

    /// What the words after an option do to an owner: `["vpn.example.org:51820"]`, `["none"]`. Throws for words that are no such value.
    public func edit(_ words: [String]) throws(ParseError) -> @Sendable (inout Owner) -> Void { try edit(words) }

    /// A field of several parts, or of a shape of its own; no option sets it.
    init(
        _ key: String, columns: [FieldColumn<Owner>],
        read: @escaping @Sendable (inout ProfileReader, ProfileReader.Section, inout Owner) -> Void,
        write: @escaping @Sendable (Owner, inout ProfileWriter) -> Void
    ) {
        self.key = key
        self.columns = columns
        self.read = read
        self.write = write
        edit = { words throws(ParseError) in throw ParseError(key, "is not set by an option") }
    }

    /// A field with one value.
    ///
    /// - form: how such a value is written everywhere.
    /// - column: where it is not called as the key, with `_` for `-`.
    /// - note: a comment behind the line in a profile.
    /// - get: nil if there is no value: no line, and NULL.
    /// - set: nil is what the owner has without it.
    /// - goesWithoutSaying: whether a profile says the same without the line.
    /// - clear: the word of an option that takes it away.
    /// - edit: what an option does beyond `set`.
    init<Value>(
        _ key: String, _ form: FieldForm<Value>, column: String? = nil, note: String? = nil,
        get: @escaping @Sendable (Owner) -> Value?, set: @escaping @Sendable (inout Owner, Value?) -> Void,
        goesWithoutSaying: @escaping @Sendable (Owner) -> Bool = { _ in false }, clear: String? = nil,
        edit: (@Sendable (inout Owner, Value?) -> Void)? = nil
    ) {
        self.key = key
        columns = [
            FieldColumn(column ?? String(key.map { $0 == "-" ? "_" : $0 }), form.stored, get: get, set: set)
        ]
        read = { reader, section, owner in set(&owner, form.read(&reader, key, section)) }
        write = { owner, writer in
            guard let value = get(owner), !goesWithoutSaying(owner) else { return }
            form.write(&writer, key, value, note)
        }
        let edit = edit ?? set
        self.edit = { words throws(ParseError) in
            let value = words == [clear] ? nil : try form.words(words)
            return { owner in edit(&owner, value) }
        }
    }
}

/// A column in which a store keeps a field, or a part of it: its name, and how the value gets in and out. SQLite's kinds, and nothing
/// else of a database.
public struct FieldColumn<Owner: Sendable>: Sendable {
    /// The kinds of values. Each gives nil for NULL, and says whether what it takes makes sense; it is called only for what is not NULL:
    /// the owner is as it would be without the field before.
    public enum Content: Sendable {
        /// UTF-8.
        case text(get: @Sendable (Owner) -> String?, set: @Sendable (inout Owner, String) -> Bool)
        /// 64 bits, signed.
        case integer(get: @Sendable (Owner) -> Int?, set: @Sendable (inout Owner, Int) -> Bool)
        /// Bytes, which are read where the database has them.
        case bytes(get: @Sendable (Owner) -> [UInt8]?, set: @Sendable (inout Owner, UnsafeRawBufferPointer) -> Bool)
    }

    /// `listen_port`
    public let name: String
    /// What is in it.
    public let content: Content

    init<Value>(
        _ name: String, _ form: StoredForm<Value>, get: @escaping @Sendable (Owner) -> Value?,
        set: @escaping @Sendable (inout Owner, Value?) -> Void
    ) {
        @Sendable func take(_ value: Value?, _ owner: inout Owner) -> Bool {
            guard let value else { return false }
            set(&owner, value)
            return true
        }
        self.name = name
        content =
            switch form {
            case .text(let write, let read):
                .text(get: { get($0).map(write) }, set: { take(read($1), &$0) })
            case .integer(let write, let read):
                .integer(get: { get($0).map(write) }, set: { take(read($1), &$0) })
            case .bytes(let write, let read):
                .bytes(get: { get($0).map(write) }, set: { take(read($1), &$0) })
            }
    }
}
