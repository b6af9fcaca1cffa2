internal import Glibc
internal import System

/// Bytes that a file may have, or files that are read together: enough for 100,000 peers.
let inputLimit = 64 << 20

/// The bytes of a file, or of standard input for `-`; at most 64 MB, which is enough for 100,000 peers. Throws `.file`.
public func readInput(_ path: String) throws(GatewayError) -> [UInt8] {
    let fd = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .file(.system(path: path, errno)) }
    defer { close(fd) }
    guard let bytes = readToEnd(fd, upTo: inputLimit + 1) else { throw .file(.system(path: path, errno)) }
    guard bytes.count <= inputLimit else { throw .file(.tooLarge(path: path)) }
    return bytes
}

/// The text of a file, or of standard input for `-`; at most 64 MB of UTF-8. Throws `.file`.
public func readTextFile(_ path: String) throws(GatewayError) -> String {
    guard let text = String(validating: try readInput(path), as: UTF8.self) else {
        throw .file(.noText(path: path))
    }
    return text
}
