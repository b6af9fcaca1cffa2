internal import BoxModel
import Glibc
internal import System

/// Settings under /proc/sys, by keys with slashes (`net/ipv4/conf/eth0.5/proxy_arp`).
enum Sysctl {
    /// The first number in the file; nil if there is no such file (the interface or the module is not there).
    static func read(_ key: String) throws(BoxError) -> Int? {
        let operation = BoxError.Operation(.read, .sysctl(key))
        guard let text = readFile(path(key), upTo: 64) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system(operation)
        }
        let word = text.drop { $0 == 32 }.prefix { $0 == 45 || (48...57).contains($0) }
        guard let value = Int(String(decoding: word, as: UTF8.self)) else {
            throw BoxError(operation, .noNumber)
        }
        return value
    }

    /// The values of several, by key; of patterns, those of all that match. What is not there is left out.
    static func read(_ keys: Set<String>) throws(BoxError) -> [String: Int] {
        var values: [String: Int] = [:]
        for key in keys {
            for key in try expand(SysctlPattern(key)) {
                if let value = try read(key) { values[key] = value }
            }
        }
        return values
    }

    /// The keys that match a pattern; a key by itself matches, there or not.
    private static func expand(_ pattern: SysctlPattern) throws(BoxError) -> [String] {
        guard let (before, after) = pattern.parts else { return [pattern.text] }
        guard let names = names(in: path(String(before))) else {
            if errno == ENOENT { return [] }
            throw .system(.init(.list, .sysctls(pattern: pattern.text)))
        }
        return names.map { String(before) + $0 + String(after) }.filter(pattern.matches)
    }

    /// Writes the file; one of an interface that has gone away meanwhile is nothing to write.
    static func writeIfThere(_ key: String, _ value: Int) throws(BoxError) {
        do throws(BoxError) { try write(key, value) } catch {
            let parts = key.split(separator: "/")
            guard error.code == ENOENT, parts.count == 5, parts[2] == "conf",
                access(path(parts.dropLast().joined(separator: "/")), F_OK) != 0
            else { throw error }
        }
    }

    /// Writes the file. Where nothing can be written it has to hold the value already, set from outside as for a container.
    static func write(_ key: String, _ value: Int) throws(BoxError) {
        let operation = BoxError.Operation(.set, .sysctl(key, to: value))
        let fd = open(path(key), O_WRONLY | O_CLOEXEC)
        guard fd >= 0 else {
            let code = errno
            if code == EROFS || code == EACCES, try read(key) == value { return }
            throw .system(operation, code: code)
        }
        defer { close(fd) }
        let text = Array("\(value)\n".utf8)
        guard Glibc.write(fd, text, text.count) == text.count else { throw .system(operation) }
    }

    private static func path(_ key: String) -> String { "/proc/sys/\(key)" }
}
