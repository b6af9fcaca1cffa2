/// A column in which a store keeps a field, or a part of it: its name, what is in it, and how the value gets in and out.
public struct FieldColumn<Owner: Sendable>: Sendable {
    /// `listen_port`
    public let name: String
    /// What is in it, unless it is NULL.
    public let kind: StoredValue.Kind
    /// What an owner has in it.
    public let get: @Sendable (Owner) -> StoredValue
    /// Puts what is of this kind into an owner, who is as without the field so far. Whether it makes sense.
    public let set: @Sendable (inout Owner, StoredValue) -> Bool

    init<Value>(
        _ name: String, _ form: StoredForm<Value>, get: @escaping @Sendable (Owner) -> Value?,
        set: @escaping @Sendable (inout Owner, Value?) -> Void
    ) {
        let (write, read) = (form.write, form.read)
        self.name = name
        kind = form.kind
        self.get = { get($0).map(write) ?? .null }
        self.set = { owner, stored in
            guard let value = read(stored) else { return false }
            set(&owner, value)
            return true
        }
    }
}

/// A value as a store has it: SQLite's kinds, and nothing else of a database.
public enum StoredValue {
    /// What there may be in a column.
    public enum Kind: Sendable {
        /// UTF-8.
        case text
        /// 64 bits, signed.
        case integer
        /// Of any number.
        case bytes
    }

    /// NULL.
    case null
    /// Of kind `text`.
    case text(String)
    /// Of kind `integer`.
    case integer(Int)
    /// Of kind `bytes`, to be written.
    case bytes([UInt8])
    /// Of kind `bytes`, as they are read: where the database has them, valid until the next row.
    case borrowed(UnsafeRawBufferPointer)
}

/// How values of one type stand in a column. `read` takes what `write` gives, and the same borrowed; nil is no such value.
struct StoredForm<Value: Sendable>: Sendable {
    let kind: StoredValue.Kind
    let write: @Sendable (Value) -> StoredValue
    let read: @Sendable (StoredValue) -> Value?

    static func text(
        write: @escaping @Sendable (Value) -> String, read: @escaping @Sendable (String) -> Value?
    ) -> Self {
        StoredForm(
            kind: .text, write: { .text(write($0)) }, read: { if case .text(let text) = $0 { read(text) } else { nil } }
        )
    }

    static func integer(
        write: @escaping @Sendable (Value) -> Int, read: @escaping @Sendable (Int) -> Value?
    ) -> Self {
        StoredForm(
            kind: .integer, write: { .integer(write($0)) },
            read: { if case .integer(let number) = $0 { read(number) } else { nil } })
    }

    static func bytes(
        write: @escaping @Sendable (Value) -> [UInt8], read: @escaping @Sendable (UnsafeRawBufferPointer) -> Value?
    ) -> Self {
        StoredForm(
            kind: .bytes, write: { .bytes(write($0)) },
            read: { stored in
                switch stored {
                case .borrowed(let bytes): read(bytes)
                case .bytes(let bytes): bytes.withUnsafeBytes(read)
                default: nil
                }
            })
    }
}
