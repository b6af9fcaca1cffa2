internal import Glibc

/// Writes a file that may hold a private key: 0600, whole or not at all, over one that is there only if that is a file.
public func writePrivateFile(_ path: String, _ bytes: [UInt8]) throws(GatewayError) {
    func failure() -> GatewayError {
        .refused("\(path): \(String(cString: strerror(errno))); name a file in a directory that you may write to")
    }
    let aside = path + ".new.\(getpid())"
    let fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw failure() }
    let isWritten = bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(fd, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 { return false }
            rest = rest.dropFirst(count)
        }
        return fsync(fd) == 0
    }
    close(fd)
    guard isWritten, rename(aside, path) == 0 else {
        defer { unlink(aside) }
        throw failure()
    }
}

/// The text of a file, or of standard input for `-`; at most 64 MB of UTF-8. Throws `.refused`.
public func readTextFile(_ path: String) throws(GatewayError) -> String {
    let fd = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .refused("\(path): \(String(cString: strerror(errno)))") }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(fd, &chunk, chunk.count)
        guard count >= 0 else { throw .refused("\(path): \(String(cString: strerror(errno)))") }
        if count == 0 { break }
        bytes += chunk[..<count]
        guard bytes.count <= 64 << 20 else { throw .refused("\(path): is larger than 64 MB, which is no profile") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .refused("\(path): is no UTF-8 text") }
    return text
}
