import Glibc
import NetTypes
import Storage
import Testing

@testable import Gateway

/// `wggw lint` as scripts see it: real keys, real files, their permissions.
@Suite struct LintCommandTests {
    /// A directory of its own with files that fit, deleted with it.
    private final class Yard {
        let path: String
        private var names: [String] = []

        init() {
            var template = Array("/tmp/wggw-lint-XXXXXX".utf8CString)
            path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        }

        deinit {
            for name in names { unlink("\(path)/\(name)") }
            rmdir(path)
        }

        func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
            let file = "\(path)/\(name)"
            names.append(name)
            let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            try #require(descriptor >= 0)
            let bytes = Array(text.utf8)
            #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
            fchmod(descriptor, mode)
            close(descriptor)
            return file
        }
    }

    private static let keys = (1...2).map { number in
        PrivateKey { bytes in for i in bytes.indices { bytes[i] = UInt8(number * 19 + i) } }
    }

    private static let gateway = """
        [Interface]
        Address = 10.8.0.1/24
        PrivateKey = \(keys[0].exposedBase64)
        ListenPort = 51820

        [Peer]
        PublicKey = \(PublicKey(of: keys[1]))
        AllowedIPs = 10.8.0.2/32
        """
    private static let laptop = """
        [Interface]
        Address = 10.8.0.2/32
        PrivateKey = \(keys[1].exposedBase64)

        [Peer]
        PublicKey = \(PublicKey(of: keys[0]))
        AllowedIPs = 10.8.0.0/24
        Endpoint = vpn.example.org:51820
        PersistentKeepalive = 25
        """

    private func lint(_ arguments: String...) throws -> (status: Int32, output: String) {
        try Program.run(["lint"] + arguments)
    }

    @Test func bothSides() throws {
        let yard = Yard()
        let (gateway, laptop) = (try yard.write("wg0.conf", Self.gateway), try yard.write("l.conf", Self.laptop))
        var done = try lint(gateway, laptop)
        #expect(done.status == 0 && done.output == "nothing found in 2 files\n", "\(done)")
        done = try lint("--quiet", gateway, gateway)
        #expect(done.status == 0 && done.output.isEmpty, "\(done)")
        let wrong = try yard.write("w.conf", Self.laptop.replacing("org:51820", with: "org:51821"))
        done = try lint(gateway, wrong)
        #expect(
            done.status == 3
                && done.output == """
                    \(wrong)
                      8:12  error  Endpoint vpn.example.org:51821: \(gateway) listens on 51820; write vpn.example.org:51820, unless a router forwards the one to the other
                    1 error in 2 files

                    """,
            "\(done)")
        done = try lint("--json", gateway, wrong)
        #expect(done.status == 3)
        for line in ["\"line\": 8,", "\"severity\": \"error\",", "\"kind\": \"wrong-port\","] {
            #expect(done.output.contains(line), "\(done)")
        }
        #expect(try lint("--json", gateway).output == "[]\n")
    }

    /// The mode of a file, and of the directory that it is in.
    @Test func permissions() throws {
        let yard = Yard()
        let file = try yard.write("wg0.conf", Self.gateway, mode: 0o640)
        for (mode, directory, words) in [
            (0o600, 0o755, nil), (0o644, 0o700, nil), (0o644, 0o755, "everybody may read it (mode 644)"),
            (0o644, 0o710, nil), (0o666, 0o711, "everybody may write it (mode 666)"),
            (0o600, 0o777, "everybody may write to the directory \(yard.path), and"), (0o600, 0o1777, nil),
        ] as [(mode_t, mode_t, String?)] {
            chmod(file, mode)
            chmod(yard.path, directory)
            let done = try lint(file)
            #expect(done.status == (words == nil ? 0 : 3), "\(String(mode, radix: 8)) \(done)")
            if let words { #expect(done.output.contains(words), "\(done)") }
        }
        chmod(yard.path, 0o700)
    }

    /// Of many findings a person is told the first twenty.
    @Test func many() throws {
        let yard = Yard()
        let file = try yard.write("wg0.conf", Self.gateway + String(repeating: "\nx = 1", count: 30))
        let (status, output) = try lint(file)
        #expect(status == 3 && output.contains("\n  and 10 more; --json has all\n30 errors in 1 file\n"), "\(output)")
        #expect(try lint("--json", file).output.split(separator: "\n").count { $0.contains("\"line\"") } == 30)
    }

    @Test func whatCannotBeRead() throws {
        let yard = Yard()
        let done = try lint("\(yard.path)/none", try yard.write("wg0.conf", Self.gateway), "\(yard.path)/nor this")
        #expect(done.status == 1, "\(done)")
        #expect(done.output.contains("none: No such file") && done.output.contains("nor this: No such file"))
        let odd = try lint(try yard.write("odd\u{1b}[31m.conf", "\u{1b}[2J = \u{7}\n"))
        #expect(odd.status == 3 && !odd.output.contains("\u{1b}") && !odd.output.contains("\u{7}"), "\(odd)")
    }

    /// More than 64 MB, in one file or together, in sparse files.
    @Test func size() throws {
        let yard = Yard()
        let files = try (1...2).map { number in
            let file = try yard.write("\(number).conf", "")
            #expect(truncate(file, 40 << 20) == 0)
            return file
        }
        let done = try lint(files[0], files[1])
        #expect(done.status == 1 && done.output.contains("together more than 64 MB"), "\(done)")
        #expect(truncate(files[0], (64 << 20) + 1) == 0)
        let large = try lint(files[0])
        #expect(large.status == 1 && large.output.contains("is larger than 64 MB"), "\(large)")
    }
}
