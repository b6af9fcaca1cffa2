internal import Glibc

/// The bytes of a file, or of standard input for `-`; at most 64 MB, which is enough for 100,000 peers. Throws `.refused`.
public func readFile(_ path: String) throws(GatewayError) -> [UInt8] {
    let fd = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .refused("\(path): \(String(cString: strerror(errno)))") }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(fd, &chunk, chunk.count)
        guard count >= 0 else { throw .refused("\(path): \(String(cString: strerror(errno)))") }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
        guard bytes.count <= 64 << 20 else { throw .refused("\(path): is larger than 64 MB, which is no profile") }
    }
}

/// The text of a file, or of standard input for `-`; at most 64 MB of UTF-8. Throws `.refused`.
public func readTextFile(_ path: String) throws(GatewayError) -> String {
    guard let text = String(validating: try readFile(path), as: UTF8.self) else {
        throw .refused("\(path): is no UTF-8 text")
    }
    return text
}
