internal import Glibc
internal import SiteModel
internal import System

/// Bytes that a file may have, or files that are read together: enough for 100,000 peers.
let inputLimit = 64 << 20

/// The bytes of a file, or of standard input for `-`; at most 64 MB, which is enough for 100,000 peers. Throws `.file`.
public func readInput(_ path: String) throws(GatewayError) -> [UInt8] {
    let fd = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .unread(path, errno) }
    defer { close(fd) }
    guard let bytes = readToEnd(fd, upTo: inputLimit + 1) else { throw .unread(path, errno) }
    guard bytes.count <= inputLimit else { throw .file(.unread(UnreadFile(path, .tooLarge))) }
    return bytes
}

/// The text of a file, or of standard input for `-`; at most 64 MB of UTF-8. Throws `.file`.
public func readTextFile(_ path: String) throws(GatewayError) -> String {
    guard let text = String(validating: try readInput(path), as: UTF8.self) else {
        throw .file(.noText(path: path))
    }
    return text
}

extension GatewayError {
    /// A system call on a file said this errno.
    static func unread(_ path: String, _ code: Int32) -> GatewayError {
        .file(.unread(UnreadFile(path, .system(code, name: errnoText(code)))))
    }
}
