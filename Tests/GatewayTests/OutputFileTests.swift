import Glibc
import Testing

@testable import Gateway

/// What a person names is written to, and nothing else, and stays what it is.
@Suite final class OutputFileTests {
    private let directory: String

    init() {
        var template = Array("/tmp/wggw-output-XXXXXX".utf8CString)
        directory = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["a", "link", "target", "pipe"] { unlink("\(directory)/\(name)") }
        rmdir("\(directory)/inner")
        rmdir(directory)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func info(_ path: String) -> stat {
        var info = stat()
        #expect(lstat(path, &info) == 0)
        return info
    }

    private func refuses(_ path: String, _ words: String) {
        #expect { try writePrivateFile(path, [1, 2, 3]) } throws: { "\($0)".contains(words) }
    }

    @Test func aFileIsTheOwnersAlone() throws {
        let old = umask(0)
        defer { umask(old) }
        for text in ["first", "second"] { try writePrivateFile(path("a"), Array(text.utf8), replacing: true) }
        #expect(try readTextFile(path("a")) == "second")
        #expect(info(path("a")).st_mode == S_IFREG | 0o600)
    }

    /// Whoever had the old one open, or another name for it, sees nothing of the new one.
    @Test func aFileIsReplacedAndNotWrittenInto() throws {
        try writePrivateFile(path("a"), [1])
        chmod(path("a"), 0o644)
        link(path("a"), path("target"))
        try writePrivateFile(path("a"), [2, 2], replacing: true)
        #expect(info(path("a")).st_mode == S_IFREG | 0o600 && info(path("a")).st_size == 2)
        #expect(info(path("target")).st_size == 1)
    }

    @Test func aFileThatIsThereStaysUnlessSaidOtherwise() throws {
        try writePrivateFile(path("a"), [1])
        refuses(path("a"), "is there already")
        #expect(info(path("a")).st_size == 1)
    }

    @Test func aLinkIsNeitherLostNorFollowed() throws {
        try writePrivateFile(path("target"), [1])
        for target in ["target", "nowhere", "/dev/null"] {
            symlink(target, path("link"))
            refuses(path("link"), "is a symbolic link")
            #expect(info(path("link")).st_mode & S_IFMT == S_IFLNK)
            unlink(path("link"))
        }
        #expect(info(path("target")).st_size == 1)
        #expect(access(path("nowhere"), F_OK) != 0)
    }

    @Test func aDeviceTakesItAndStays() throws {
        let before = info("/dev/null")
        try writePrivateFile("/dev/null", [1, 2, 3])
        #expect(info("/dev/null").st_rdev == before.st_rdev && info("/dev/null").st_ino == before.st_ino)
        refuses("/dev/full", "No space left on device")
    }

    @Test func aPipeTakesIt() throws {
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        // Both ends, so that nobody has to wait for the other.
        let pipe = open(path("pipe"), O_RDWR)
        defer { close(pipe) }
        try writePrivateFile(path("pipe"), [1, 2, 3])
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(read(pipe, &bytes, 8) == 3 && bytes[..<3] == [1, 2, 3])
        #expect(info(path("pipe")).st_mode & S_IFMT == S_IFIFO)
    }

    @Test func aDescriptorIsTakenIfItWasGiven() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        for directory in ["/dev/fd", "/proc/self/fd"] {
            try writePrivateFile("\(directory)/\(ends[1])", [7])
            var byte: UInt8 = 0
            #expect(read(ends[0], &byte, 1) == 1 && byte == 7)
        }
        // wggw's own files, the database for one, do not go through exec.
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        refuses("/dev/fd/\(ends[1])", "nothing was given")
        refuses("/dev/fd/9999", "nothing was given")
    }

    @Test func whatIsNoPlaceForAFileIsRefused() {
        mkdir(path("inner"), 0o700)
        refuses(path("inner"), "is a directory")
        for name in ["inner/", "inner/.", ".."] { refuses(path(name), "names no file") }
        refuses(path("none/a"), "No such file or directory")
        refuses("", "names no file")
    }

    @Test func nothingIsLeftBeside() throws {
        try writePrivateFile(path("a"), [1])
        mkdir(path("inner"), 0o700)
        refuses(path("inner"), "is a directory")
        let entries = opendir(directory)!
        defer { closedir(entries) }
        var count = 0
        while readdir(entries) != nil { count += 1 }
        // ., .., a, inner
        #expect(count == 4)
    }

    @Test func filesThatAreNotThereAreNamed() {
        #expect(throws: GatewayError.self) { try readTextFile(path("none")) }
    }
}
