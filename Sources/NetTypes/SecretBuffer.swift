/// Bytes that may hold keys: grows as needed, and is erased wherever it was.
public struct SecretBuffer: ~Copyable {
    @usableFromInline var memory: UnsafeMutableRawBufferPointer
    @usableFromInline var length = 0

    /// Bytes in use.
    @inlinable public var count: Int { length }

    /// An empty buffer with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        wipe(used)
        memory.deallocate()
    }

    /// The bytes in use; not to be kept past the next change.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(used) }

    /// The bytes in use, to be changed in place.
    public var mutableBytes: UnsafeMutableRawBufferPointer { mutating get { used } }

    private var used: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[..<length]) }

    /// Adds bytes.
    @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        fill(room: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Adds a byte.
    @inlinable public mutating func append(_ byte: UInt8) {
        fill(room: 1) { room in
            room[0] = byte
            return 1
        }
    }

    /// Adds text.
    public mutating func append(_ text: String) { text.withBytes { append($0) } }

    /// Lets `write` fill free room of at least `room` bytes; it returns how many it wrote, or what it failed with, below zero.
    @inlinable @discardableResult
    public mutating func fill(room: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        if length + room > memory.count { grow(by: room) }
        let got = write(UnsafeMutableRawBufferPointer(rebasing: memory[length...]))
        length += max(got, 0)
        return got
    }

    /// Takes the first `number` bytes away.
    public mutating func removeFirst(_ number: Int) {
        let rest = length - number
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[number..<length]))
        wipe(UnsafeMutableRawBufferPointer(rebasing: memory[rest..<length]))
        length = rest
    }

    @usableFromInline mutating func grow(by room: Int) { grow(by: room, wiping: wipe) }

    /// Moves to larger memory, with room for that many more bytes; `wiping` sees what is left behind.
    mutating func grow(by room: Int, wiping: (UnsafeMutableRawBufferPointer) -> Void) {
        let bigger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, length + room), alignment: 16)
        bigger.copyMemory(from: bytes)
        wiping(used)
        memory.deallocate()
        memory = bigger
    }
}
