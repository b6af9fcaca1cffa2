import Glibc
import System
import Testing

@Suite struct ReadingTests {
    /// A pipe whose writer has written `bytes` and gone.
    private func pipe(_ bytes: [UInt8]) -> Int32 {
        var ends: [Int32] = [-1, -1]
        Glibc.pipe(&ends)
        #expect(write(ends[1], bytes, bytes.count) == bytes.count)
        close(ends[1])
        return ends[0]
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 20_000]) func `all is read, and no more than was asked for`(_ count: Int)
    {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for limit in [Int.max, 0, 1, 4096, 5000] {
            let end = pipe(bytes)
            defer { close(end) }
            #expect(readToEnd(end, upTo: limit) == Array(bytes.prefix(limit)))
        }
    }

    @Test func `what cannot be read is said by errno`() {
        #expect(readToEnd(-1) == nil && errno == EBADF)
        #expect(readFile("/nowhere/file") == nil && errno == ENOENT)
        #expect(readFile("/proc/self") == nil && errno == EISDIR)
        #expect(names(in: "/nowhere") == nil && errno == ENOENT)
        #expect(errnoText(ENOENT) == "No such file or directory")
    }

    @Test func `files and names`() {
        #expect(readFile("/proc/self/comm")?.last == UInt8(ascii: "\n"))
        #expect(names(in: "/proc/self")?.contains("comm") == true)
        #expect(names(in: "/proc/self")?.contains(".") == false)
    }

    @Test func `a boot has one id`() {
        guard let id = Boot.id() else {
            #expect(errno == ENOENT, "a container may hide it")
            return
        }
        #expect(id.utf8.count == 36 && id == Boot.id())
    }

    @Test(arguments: [nil, "no"]) func `the word that a process stands`(_ reason: String?) {
        var ends: [Int32] = [-1, -1]
        Glibc.pipe(&ends)
        defer { close(ends[0]) }
        ReadyWord(descriptor: ends[1]).say(reason)
        // It ends, so the writer has closed it.
        #expect(readToEnd(ends[0]) == Array((reason ?? "+").utf8))
    }
}
