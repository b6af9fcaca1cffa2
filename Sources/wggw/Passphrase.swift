import Gateway
import Glibc
import NetTypes
import System

/// What opens a backup. Wiped when it goes.
final class Passphrase {
    private let bytes: UnsafeMutableRawBufferPointer

    private let count: Int

    private init(_ text: some Collection<UInt8>) {
        bytes = .allocate(byteCount: max(1, text.count), alignment: 1)
        bytes.copyBytes(from: text)
        count = text.count
    }

    deinit {
        wipe(bytes)
        bytes.deallocate()
    }

    /// The first line of a file (`-` is standard input), or what is typed at the terminal, there twice if it is a new one. Throws
    /// `GatewayError`, `CommandError`.
    static func get(file: String?, isNew: Bool) throws -> Passphrase {
        if let file { return try read(file) }
        guard isatty(0) == 1 else {
            throw CommandError("there is no terminal to ask for the passphrase; name a file with --passphrase-file")
        }
        let typed = try ask("passphrase: ")
        if isNew, !typed.equals(try ask("the same again: ")) {
            throw CommandError("the two are not the same; nothing was written")
        }
        return typed
    }

    private static func read(_ file: String) throws -> Passphrase {
        var line = try readInput(file)
        defer { line.withUnsafeMutableBytes { wipe($0) } }
        return Passphrase(line.prefix { $0 != UInt8(ascii: "\n") })
    }

    private static func ask(_ question: String) throws -> Passphrase {
        guard let typed = getpass(question) else {
            throw CommandError("the terminal gives nothing (\(errnoText()))")
        }
        let buffer = UnsafeMutableRawBufferPointer(start: typed, count: strlen(typed))
        defer { wipe(buffer) }
        return Passphrase(buffer)
    }

    private func equals(_ other: Passphrase) -> Bool {
        count == other.count && memcmp(bytes.baseAddress!, other.bytes.baseAddress!, count) == 0
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
}
