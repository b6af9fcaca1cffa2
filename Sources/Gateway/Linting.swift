internal import Glibc
public import SiteModel
internal import System

/// Reads files of wg-quick and judges them. Nothing is changed, and nothing of this box is looked at but the files, and the directories
/// that they are in. `-` is standard input.
///
/// Throws `.unreadable` with all that cannot be read, `.refused` if they have more than 64 MB together.
public func lint(_ paths: [String]) throws(GatewayError) -> Lint {
    var files: [LintFile] = []
    var failures: [String] = []
    var room = inputLimit
    var seen: Set<String> = []
    for path in paths where seen.insert(path).inserted {
        do throws(GatewayError) {
            let bytes = try readInput(path)
            room -= bytes.count
            files.append(LintFile(path, FileText(decoding: bytes), exposure: path == "-" ? nil : fileExposure(path)))
        } catch { failures.append(error.description) }
        if room < 0 { throw .refused("\(path): these files have together more than 64 MB; look at fewer at a time") }
    }
    if !failures.isEmpty { throw .unreadable(failures) }
    return Lint(files, services: udpPort) { KeyPair($0).publicKey }
}

/// Who can get at a file, by its permissions and those of the directories on the way to it; nil for what is no regular file. Access
/// lists are not looked at.
private func fileExposure(_ path: String) -> FileExposure? {
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    let mode = info.st_mode & 0o7777
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    var directory = String(cString: real)
    var reach: mode_t = 0o011
    var open: FileExposure.OpenDirectory?
    while let slash = directory.lastIndex(of: "/") {
        directory = String(directory[..<slash])
        let name = directory.isEmpty ? "/" : directory
        var info = stat()
        guard stat(name, &info) == 0 else { break }
        reach &= info.st_mode
        // In a sticky directory what lies there stays its owner's.
        if info.st_mode & S_ISVTX == 0, let writers = audience(info.st_mode >> 1 & info.st_mode & 0o011) {
            open = FileExposure.OpenDirectory(name, writers: writers)
        }
    }
    // Who may not go through a directory gets at nothing in it, unless by one that is open.
    return FileExposure(
        mode: UInt16(mode), readers: audience(mode >> 2 & reach), writers: audience(mode >> 1 & reach),
        openDirectory: open)
}

/// By the bits 0o010 and 0o001.
private func audience(_ bits: mode_t) -> FileExposure.Audience? {
    bits & 0o001 != 0 ? .everyone : bits & 0o010 != 0 ? .group : nil
}
