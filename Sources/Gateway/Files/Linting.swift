internal import Glibc
internal import NetTypes
public import SiteModel
internal import Storage
internal import System

/// Reads files of wg-quick and judges them. Nothing is changed, and nothing of this box is looked at but the files, and the directories
/// that they are in. `-` is standard input.
///
/// Throws `.unreadable` with all that cannot be read, `.file` if they have more than 64 MB together.
public func lint(_ paths: [String]) throws(GatewayError) -> Lint {
    var files: [LintFile] = []
    var failures: [GatewayError] = []
    var room = inputLimit
    var seen: Set<String> = []
    for path in paths where seen.insert(path).inserted {
        do throws(GatewayError) {
            let bytes = try readInput(path)
            room -= bytes.count
            files.append(LintFile(path, FileText(decoding: bytes), exposure: path == "-" ? nil : fileExposure(path)))
        } catch { failures.append(error) }
        if room < 0 { throw .file(.tooMuch(path: path)) }
    }
    if !failures.isEmpty { throw .unreadable(failures) }
    return Lint(files, services: udpPort) { PublicKey(of: $0) }
}

/// Who can get at a file; nil for what is no regular file.
private func fileExposure(_ path: String) -> FileExposure? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    let file = String(cString: real)
    guard let (permissions, kind) = Gateway.permissions(of: file), kind == S_IFREG else { return nil }
    var directories: [(String, FileExposure.Permissions)] = []
    for (i, character) in zip(file.indices, file) where character == "/" {
        let directory = i == file.startIndex ? "/" : String(file[..<i])
        guard let found = Gateway.permissions(of: directory) else { return nil }
        directories.append((directory, found.permissions))
    }
    return FileExposure(permissions, in: directories)
}

private func permissions(of path: String) -> (permissions: FileExposure.Permissions, kind: mode_t)? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return (
        FileExposure.Permissions(
            mode: UInt16(info.st_mode & 0o7777), owner: info.st_uid, group: info.st_gid), info.st_mode & S_IFMT
    )
}
