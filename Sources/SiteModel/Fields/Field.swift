public import NetTypes

/// One attribute of a site or of a peer, `Owner`: what a profile calls it, how it is read there and written, what an option's words
/// make of it, and where a store keeps it.
///
/// `Peer.fields` and `Site.tables` list them all. Whoever reads or writes a site goes through these lists and names no attribute
/// itself: the profile's parser, its writer and its list of keys; the rows of the database; the options of `add-peer` and `set-peer`.
///
/// A new one is a member of `Peer` or `Site`, a line in the list, and a column in Storage's `Schema`; a test reminds of the
/// column and of the manual page.
///
/// A class, since a list of them is gone through for each of 10,000 peers. Unchecked, since it has heirs; nothing in them changes.
public class Field<Owner: Sendable>: @unchecked Sendable {
    /// In a profile: `listen-port`. Of a list or table of its own, that one's name.
    public let key: String
    /// Where a store keeps it; several if it has several parts.
    public let columns: [FieldColumn<Owner>]
    /// As lines of a profile; none for what goes without saying.
    let write: @Sendable (Owner, inout ProfileWriter) -> Void

    fileprivate init(
        _ key: String, _ columns: [FieldColumn<Owner>],
        write: @escaping @Sendable (Owner, inout ProfileWriter) -> Void
    ) {
        self.key = key
        self.columns = columns
        self.write = write
    }

    /// Out of a table of a profile. What is not there, or is noted as wrong, becomes what the owner has without it.
    func read(_ reader: inout ProfileReader, _ section: ProfileReader.Section, into owner: inout Owner) {}

    /// What the words after an option do to an owner: `["vpn.example.org:51820"]`, `["none"]`. Throws for words that are no such
    /// value, and where no option sets the field.
    public func edit(_ words: [String]) throws(ParseError) -> @Sendable (inout Owner) -> Void {
        throw ParseError(key, .noOption)
    }
}

/// A field with one value.
final class ValueField<Owner: Sendable, Value: Sendable>: Field<Owner>, @unchecked Sendable {
    private let form: FieldForm<Value>
    private let set: @Sendable (inout Owner, Value?) -> Void
    private let clear: String?
    private let editing: (@Sendable (inout Owner, Value?) -> Void)?

    /// - form: how such a value is written everywhere.
    /// - column: where it is not called as the key, with `_` for `-`.
    /// - note: a comment behind the line in a profile.
    /// - get: nil if there is no value: no line, and NULL.
    /// - set: nil is what the owner has without it.
    /// - goesWithoutSaying: whether a profile says the same without the line.
    /// - clear: the word of an option that takes it away.
    /// - edit: what an option does beyond `set`.
    init(
        _ key: String, _ form: FieldForm<Value>, column: String? = nil, note: String? = nil,
        get: @escaping @Sendable (Owner) -> Value?, set: @escaping @Sendable (inout Owner, Value?) -> Void,
        goesWithoutSaying: (@Sendable (Owner) -> Bool)? = nil, clear: String? = nil,
        edit: (@Sendable (inout Owner, Value?) -> Void)? = nil
    ) {
        self.form = form
        self.set = set
        self.clear = clear
        editing = edit
        let column = column ?? String(key.map { $0 == "-" ? "_" : $0 })
        super.init(key, [FieldColumn(column, form.stored, get: get, set: set)]) { owner, writer in
            guard let value = get(owner), goesWithoutSaying?(owner) != true else { return }
            form.write(&writer, key, value, note)
        }
    }

    override func read(_ reader: inout ProfileReader, _ section: ProfileReader.Section, into owner: inout Owner) {
        set(&owner, form.read(&reader, key, section))
    }

    override func edit(_ words: [String]) throws(ParseError) -> @Sendable (inout Owner) -> Void {
        let value = words == [clear] ? nil : try form.words(words)
        return { [self] owner in (editing ?? set)(&owner, value) }
    }
}

/// A field of several parts, of a shape of its own, or that is read by what another one says.
final class OwnField<Owner: Sendable>: Field<Owner>, @unchecked Sendable {
    private let reading: @Sendable (inout ProfileReader, ProfileReader.Section, inout Owner) -> Void

    init(
        _ key: String, columns: [FieldColumn<Owner>],
        read: @escaping @Sendable (inout ProfileReader, ProfileReader.Section, inout Owner) -> Void,
        write: @escaping @Sendable (Owner, inout ProfileWriter) -> Void
    ) {
        reading = read
        super.init(key, columns, write: write)
    }

    override func read(_ reader: inout ProfileReader, _ section: ProfileReader.Section, into owner: inout Owner) {
        reading(&reader, section, &owner)
    }
}
