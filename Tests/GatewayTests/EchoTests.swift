import GatewaySamples
import Glibc
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// Whatever is in names, messages, files and the environment, a terminal gets characters that it shows, and line ends of wggw's own.
@Suite struct EchoTests {
    /// Every character that a terminal obeys, that turns the text around, or that is not seen, each after a letter.
    static let evil: String = {
        let scalars =
            Array(0...0x20) + Array(0x7f...0xa0) + [0xad, 0x61c, 0x180e] + Array(0x200b...0x200f)
            + Array(0x2028...0x202e) + Array(0x2060...0x206f) + [0xfeff, 0xfff9, 0xfffb, 0xe0001, 0xe0041]
        return "x" + scalars.map { "\(Unicode.Scalar(UInt32($0))!)x" }.joined()
    }()
    /// The same as an argument or a name of a file can be.
    static let word = evil.filter { $0 != "\0" }.split(separator: "/").joined()

    /// The same without what ends a line or a column of the database's list of groups.
    static let label = evil.filter { $0 != "\n" && $0 != "\t" && $0 != "\0" }

    let bench = Workbench()

    private func run(_ arguments: [String], _ environment: [String] = []) throws -> (status: Int32, output: String) {
        try Program.run(arguments, environment: environment + ["WGGW_STATE_DIR=\(bench.path)"])
    }

    private func expectPrintable(_ output: String, _ command: [String], lines: ClosedRange<Int>) {
        let bad = output.unicodeScalars.filter { !$0.isPrintable && $0 != "\n" }
        #expect(bad.isEmpty, "\(command.map(\.printable)): \(output.printable)")
        let count = output.split(separator: "\n").count
        #expect(lines.contains(count), "\(command.map(\.printable)): \(count) lines: \(output)")
    }

    /// A site that no command would take; somebody may have written it all the same.
    private func draftEvilSite() throws {
        let control = try bench.draft()
        let newest = try control.newest()
        var site = newest.site
        site.name = Self.evil
        site.groups[Self.label] = Policy(allow: [AccessRule(IPPrefix("192.168.1.0/24")!)])
        site.peers.append(
            Peer(
                name: "y" + Self.evil, addresses: [IPAddress("10.77.0.9")!],
                publicKey: PublicKey(bytes: [UInt8](repeating: 9, count: 32)), group: Self.label))
        _ = try control.revisions.append(site, RevisionNote(who: Self.evil, why: Self.evil, at: 0), after: newest)
    }

    /// What is in the database, wherever it came from.
    @Test(arguments: [
        ["history"], ["history", "--json"], ["list"], ["list", "--json"], ["list", "--names"], ["show"],
        ["show", "--json"],
        ["profile", "export"], ["diff", "1", "2"], ["diff", "1", "2", "--json"], ["export", "laptop", "--json"],
    ]) func ofTheDatabase(command: [String]) throws {
        try draftEvilSite()
        let (status, output) = try run(command)
        #expect(status == 0)
        expectPrintable(output, command, lines: 1...80)
    }

    /// What is a file's content goes into a file as it is, and onto a terminal so that it does nothing there.
    @Test(arguments: ["--state", "--nft"]) func ofContent(option: String) throws {
        try draftEvilSite()
        let command = ["show", option]
        let environment = ["WGGW_STATE_DIR=\(bench.path)"]
        #expect(try run(command).output.contains(Self.label))
        let onTerminal = try Program.run(command, environment: environment, output: .terminal)
        #expect(onTerminal.status == 0)
        expectPrintable(onTerminal.output.split(separator: "\r\n").joined(separator: "\n"), command, lines: 20...400)
    }

    /// What arguments and the environment say, in what is refused.
    @Test(arguments: [
        [word], ["--" + word], ["-" + word], ["init", "--lan", word], ["init", "--tunnel6", word],
        ["init", "--mtu", word],
        ["init", "--endpoint", word, "--lan-interface", "eth0"], ["init", "--reply-path=" + word], ["add-peer", word],
        ["add-peer", "a", "--address", word], ["add-peer", "a", "--allow", word], ["add-peer", "a", "--group", word],
        ["add-peer", "a", "--preshared-key", word], ["set-peer", word], ["set-peer", "laptop", "--name", word],
        ["remove-peer", word], ["export", word], ["show", word], ["diff", word], ["profile", word],
        ["import", word], ["import", "/dev/null", "--from", word], ["import", "/dev/null", "--interface", word],
        ["profile", "import", word], ["profile", "import", "/dev/null", "--lan-interface", word],
        ["--state-dir", word, "list"],
        ["export", "laptop", "--png", word + "/"], ["export", "laptop", "--png", "/dev/null/" + word],
        ["datapath", "--workers", word],
    ]) func ofArguments(command: [String]) throws {
        try bench.draft()
        let (status, output) = try run(command)
        #expect(status != 0)
        expectPrintable(output, command, lines: 1...6)
    }

    @Test func ofMessagesAndTheEnvironment() throws {
        try bench.draft()
        let command = ["set-peer", "laptop", "--keepalive", "9", "-m", Self.word]
        let (status, output) = try run(command, ["SUDO_USER=\(Self.word)"])
        #expect(status == 0, "\(output)")
        expectPrintable(output, command, lines: 1...4)
        // It is kept as it was said, and only shown so.
        let revision = try bench.control().newest().revision
        #expect(revision.note.who == Self.word && revision.note.why == Self.word)
        expectPrintable(try run(["history"]).output, ["history"], lines: 4...4)
        let (_, refused) = try run(["list"], ["WGGW_STATE_DIR=/tmp/\(Self.word)/x"])
        expectPrintable(refused, ["list"], lines: 1...1)
        let (_, key) = try run(["export", "laptop"], ["CREDENTIALS_DIRECTORY=/tmp/\(Self.word)"])
        expectPrintable(key, ["export"], lines: 1...12)
    }

    /// Files with something wrong in them: as a value, a key, a name, a section, and where nothing is understood.
    @Test(arguments: [
        "[site]\nname = \"\u{0}\"", "[site]\nname = \u{0}", "[\"\u{0}\"]", "[peers.\"\u{0}\"]\n",
        "[lan]\n\"\u{0}\" = 1",
        "[lan]\nsubnets = [\"\u{0}\"]", "[lan]\nreply-path = \"\u{0}\"", "[peers.a]\ngroup = \"\u{0}\"", "\u{0}",
        "a\u{0}",
        "[interface]\n\u{0}", "[interface]\nDNS = \u{0}", "[interface]\nAddress = \u{0}", "[interface]\n\u{0} = 1",
        "[interface]\nPostUp = \u{0}\nMTU = x", "[interface]\nTable = \u{0}\nMTU = x", "[\u{0}]\n[interface]",
        "[interface]\n# \u{0}",
        "[interface]\nMTU = \u{0}", "[interface]\n[peer]\nAllowedIPs = \u{0}", "[interface]\n[peer]\nEndpoint = \u{0}",
    ]) func ofFiles(pattern: String) throws {
        // Raw, and as TOML can write each of them.
        let raw = Self.evil.filter { !$0.isNewline && $0 != "\0" }
        let written = Self.evil.unicodeScalars.map { $0.isPrintable ? "\($0)" : $0.escaped }.joined()
        for text in [raw, written] {
            let path = "\(bench.path)/key"
            try writePrivateFile(path, Array(pattern.replacing("\0", with: text).utf8), replacing: true)
            let command = ["profile", "import", path]
            let (status, output) = try run(command)
            #expect(status != 0)
            expectPrintable(output, command, lines: 1...24)
        }
    }

    /// What is taken over from wg-quick, and what is not.
    @Test func ofNotices() throws {
        let path = "\(bench.path)/key"
        let raw = Self.evil.filter { !$0.isNewline && $0 != "\0" && $0 != "#" }
        let text = """
            [Interface]
            Address = 10.9.0.1/24
            PostUp = \(raw)
            Table = \(raw)
            [Peer] # \(raw)
            PublicKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=
            AllowedIPs = 10.9.0.2/32
            """
        try writePrivateFile(path, Array(text.utf8), replacing: true)
        let state = TemporaryState()
        let command = [
            "profile", "import", path, "--lan", "192.168.1.0/24", "--lan-interface", "eth0", "-m", Self.word,
        ]
        let (status, output) = try Program.run(command, environment: ["WGGW_STATE_DIR=\(state.path)"])
        #expect(status == 0, "\(output)")
        expectPrintable(output, command, lines: 6...16)
    }

    /// What other programs let people write, and what is not taken of it.
    @Test func ofInstallations() throws {
        let path = "\(bench.path)/key"
        let name = Self.evil.unicodeScalars.map {
            $0.value < 32 ? "\\u00\($0.value < 16 ? "0" : "")\(String($0.value, radix: 16))" : "\($0)"
        }.joined()
        let key = "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ="
        let server = "{\"server\": {\"privateKey\": \"\(key)\", \"address\": \"10.9.0.1\"}, \"clients\": {"
        let client =
            "\"1\": {\"name\": \"\(name)\", \"publicKey\": \"\(key)\", \"expiredAt\": \"z\(name)\", \"enabled\": true,"
        for (address, status) in [("10.9.0.2", Int32(0)), (name, 78)] {
            let text = "\(server)\(client) \"address\": \"\(address)\"}}}"
            try writePrivateFile(path, Array(text.utf8), replacing: true)
            let command = ["import", path, "--lan", "192.168.1.0/24", "--lan-interface", "eth0", "--dry-run"]
            let (found, output) = try Program.run(command, environment: ["WGGW_STATE_DIR=/var/empty/none"])
            #expect(found == status, "\(output)")
            expectPrintable(output, command, lines: 1...60)
        }
    }

    /// Whoever holds the lock has written who he is.
    @Test func ofTheLockFile() throws {
        let control = try bench.draft()
        let lock = try control.records.lock(purpose: Self.evil, waitingMilliseconds: 0)
        #expect { try bench.control(lockWait: 0).apply() } throws: { error in
            guard let error = error as? GatewayError else { return false }
            // As lines, each of which Console makes printable.
            return error.lines.count == 1 && "\(error)".contains("\u{1b}") && "\(error)".contains("\n")
        }
        withExtendedLifetime(lock) {}
    }
}
