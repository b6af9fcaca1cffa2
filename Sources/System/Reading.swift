import Glibc

/// What is left to be read until the end, but no more than `limit` bytes; nil with `errno` set if it cannot be read.
public func readToEnd(_ descriptor: Int32, upTo limit: Int = .max) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < limit {
        var got = 0
        let more = [UInt8](unsafeUninitializedCapacity: min(limit - bytes.count, max(4096, bytes.count))) {
            got = read(descriptor, $0.baseAddress, $0.count)
            $1 = max(got, 0)
        }
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { return nil }
        if got == 0 { break }
        bytes += more
    }
    return bytes
}

/// The same of a file.
public func readFile(_ path: String, upTo limit: Int = .max) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    let bytes = readToEnd(file, upTo: limit)
    let code = errno
    close(file)
    errno = code
    return bytes
}

/// The names in a directory, in no order, those that start with a dot if they are asked for, never `.` and `..`; nil with `errno`
/// set if it cannot be read.
public func names(in path: String, hidden: Bool = false) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") || hidden && name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Which boot this is.
public enum Boot {
    /// Where the kernel tells.
    public static let path = "/proc/sys/kernel/random/boot_id"

    /// A UUID, 36 characters; nil with `errno` set if it cannot be told.
    public static func id() -> String? {
        guard let bytes = readFile(path, upTo: 36) else { return nil }
        if bytes.count == 36 { return String(decoding: bytes, as: UTF8.self) }
        errno = EIO
        return nil
    }
}
