import Glibc

/// Bytes that may hold keys: grows as needed, and is erased where it was.
struct SecretBuffer: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer
    /// Bytes in use.
    private(set) var count = 0

    /// An empty buffer with room for `capacity` bytes.
    init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        explicit_bzero(memory.baseAddress!, count)
        memory.deallocate()
    }

    /// The bytes in use.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// The bytes in use, to be written to.
    var mutableBytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[..<count]) }

    /// Adds bytes.
    mutating func append(_ bytes: some Collection<UInt8>) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + bytes.count]).copyBytes(from: bytes)
        count += bytes.count
    }

    /// Adds text.
    mutating func append(_ text: String) { append(text.utf8) }

    /// Adds 64 lower-case hexadecimal digits.
    mutating func append(hex key: UnsafeRawBufferPointer) {
        reserve(key.count * 2)
        for byte in key {
            for digit in [byte >> 4, byte & 15] {
                // No table: the time does not depend on the key.
                memory[count] = 48 + digit + ((9 &- digit) >> 7) * 39
                count += 1
            }
        }
    }

    /// Lets `read` fill free room of at least `room` bytes; it returns how many it wrote, or what it failed with.
    mutating func fill(room: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        reserve(room)
        let got = read(UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        count += max(got, 0)
        return got
    }

    /// Takes the first `number` bytes away.
    mutating func removeFirst(_ number: Int) {
        guard number > 0 else { return }
        let rest = count - number
        memmove(memory.baseAddress!, memory.baseAddress! + number, rest)
        explicit_bzero(memory.baseAddress! + rest, number)
        count = rest
    }

    private mutating func reserve(_ room: Int) {
        guard count + room > memory.count else { return }
        let bigger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + room), alignment: 16)
        bigger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        explicit_bzero(memory.baseAddress!, count)
        memory.deallocate()
        memory = bigger
    }
}
