import GatewaySamples
import Glibc
import SiteModel
import Storage
import Testing

@testable import Gateway

/// What a command has to say is not lost without a word.
@Suite struct LostOutputTests {
    let bench = Workbench()

    /// Every command that prints data and needs neither root nor a box, and what the parser prints.
    static let commands: [[String]] = [
        ["--help"], ["help", "apply"], ["--version"], ["--generate-completion-script", "bash"], [], ["profile"],
        ["list"], ["list", "--names"], ["list", "--json"], ["history"], ["history", "--json"], ["show"],
        ["show", "--state"],
        ["show", "--nft", "--json"], ["diff", "1", "2"], ["diff", "1", "2", "--json"], ["profile", "export"],
        ["export", "laptop"], ["export", "laptop", "--json"], ["export", "laptop", "--qr"],
        ["add-peer", "phone", "--conf"],
        ["add-peer", "phone", "--qr"],
    ]

    @Test(arguments: commands) func aFullDiskIsAFailure(command: [String]) throws {
        try bench.draft()
        let environment = ["WGGW_STATE_DIR=\(bench.path)"]
        let full = try Program.run(command, environment: environment, output: .file("/dev/full"))
        #expect(full.status == 1)
        #expect(full.output.contains("wggw: standard output: No space left on device"))
        let closed = try Program.run(
            command.map { $0 == "phone" ? "pad" : $0 }, environment: environment, output: .closed)
        #expect(closed.status == 1)
        #expect(closed.output.contains("wggw: standard output: Bad file descriptor"))
    }

    /// As `head` does, which has seen what it wanted.
    @Test(arguments: commands) func aReaderMayGo(command: [String]) throws {
        try bench.draft()
        let (status, output) = try Program.run(
            command, environment: ["WGGW_STATE_DIR=\(bench.path)"], output: .brokenPipe)
        #expect(status == 0)
        #expect(!output.contains("standard output"))
    }

    /// Without standard output, no file that is opened gets its number and what was meant for it.
    @Test func noFileTakesThePlaceOfAClosedOne() throws {
        try bench.draft()
        let newest = try bench.control().newest()
        let (status, _) = try Program.run(
            ["profile", "export"], environment: ["WGGW_STATE_DIR=\(bench.path)"], output: .closed)
        #expect(status == 1)
        #expect(try bench.control().newest().site == newest.site)
        // What prints no data lacks nothing.
        let quiet = try Program.run(
            ["set-peer", "laptop", "--keepalive", "7"], environment: ["WGGW_STATE_DIR=\(bench.path)"], output: .closed)
        #expect(quiet.status == 0, "\(quiet.output)")
        #expect(try bench.control().newest().site.peers[0].keepalive == 7)
    }
}
