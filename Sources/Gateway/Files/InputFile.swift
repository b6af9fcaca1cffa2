internal import Glibc
internal import System

/// Bytes that a file may have, or files that are read together: enough for 100,000 peers.
let inputLimit = 64 << 20

/// The bytes of a file, or of standard input for `-`; at most 64 MB, which is enough for 100,000 peers. Throws `.refused`.
public func readInput(_ path: String) throws(GatewayError) -> [UInt8] {
    let fd = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .refused("\(path): \(errnoText())") }
    defer { close(fd) }
    guard let bytes = readToEnd(fd, upTo: inputLimit + 1) else { throw .refused("\(path): \(errnoText())") }
    guard bytes.count <= inputLimit else { throw .refused("\(path): is larger than 64 MB, which is no profile") }
    return bytes
}

/// The text of a file, or of standard input for `-`; at most 64 MB of UTF-8. Throws `.refused`.
public func readTextFile(_ path: String) throws(GatewayError) -> String {
    guard let text = String(validating: try readInput(path), as: UTF8.self) else {
        throw .refused("\(path): is no UTF-8 text")
    }
    return text
}
