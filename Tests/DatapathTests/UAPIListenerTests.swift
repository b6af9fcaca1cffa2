import Glibc
import System
import Testing

@testable import Datapath

/// A socket is there as long as somebody listens at it, under one name, and nothing else ever is.
@Suite struct UAPIListenerTests {
    private func inDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/wggw-listener-XXXXXX".utf8CString)
        let directory = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        defer { rmdir(directory) }
        try body(directory)
    }

    private func files(_ directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    @Test func itGoesWithItsOwner() throws {
        try inDirectory { directory in
            let listener = try UAPIListener(path: "\(directory)/wg0.sock")
            #expect(files(directory) == ["wg0.sock"])
            #expect(UnixSocket.isListenedAt("\(directory)/wg0.sock"))
            #expect(throws: DatapathError.self) { try UAPIListener(path: "\(directory)/wg0.sock") }
            listener.remove()
            #expect(files(directory) == [])
        }
    }

    @Test func itGoesUnderTheNameThatItHasGot() throws {
        try inDirectory { directory in
            let listener = try UAPIListener(path: "\(directory)/wg0-next.sock")
            rename("\(directory)/wg0-next.sock", "\(directory)/wg0.sock")
            listener.follow(interface: "wg0")
            listener.remove()
            #expect(files(directory) == [])
        }
    }

    @Test func whatIsSomebodyElsesStays() throws {
        try inDirectory { directory in
            let path = "\(directory)/wg0.sock"
            let listener = try UAPIListener(path: path)
            unlink(path)
            let other = try UAPIListener(path: path)
            listener.remove()
            #expect(files(directory) == ["wg0.sock"])
            other.remove()
            #expect(files(directory) == [])
        }
    }

    /// A directory has the name, so the last step fails.
    @Test func aStartThatFailsLeavesNothing() throws {
        try inDirectory { directory in
            mkdir("\(directory)/wg0.sock", 0o700)
            #expect(throws: DatapathError.self) { try UAPIListener(path: "\(directory)/wg0.sock") }
            #expect(files(directory) == ["wg0.sock"])
            rmdir("\(directory)/wg0.sock")
        }
    }
}
