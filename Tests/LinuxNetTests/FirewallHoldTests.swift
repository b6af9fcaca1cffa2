import CMnl
import BoxModel
import Compiler
import Glibc
import Repeats
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// The table in the service's hands, and forwarding while it is gone, on the kernel of this machine.
@Suite struct FirewallHoldTests {
    private static func table() throws -> Change {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        return .firewall(.replace(state.firewall, carrying: nil))
    }

    private static func isThere() -> Bool {
        (try? run("nft", "list", "table", "inet", "wggw"))?.contains("chain") == true
    }

    /// Linux 6.9.
    private static var canHold: Bool {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 9)
    }

    @Test func `nobody else removes a table that is held`() throws {
        try inNetworkNamespace {
            // Made by a command before there was a service.
            try LinuxBox().perform(Self.table())
            var hold = FirewallHold()
            #expect(FirewallHold() == nil)
            let service = LinuxBox(hold: hold)
            #expect(try service.holdFirewall() == Self.canHold)
            #expect(try service.holdFirewall() == Self.canHold)
            let before = try run("nft", "list", "table", "inet", "wggw")
            try run("nft", "flush", "ruleset")
            #expect(Self.isThere() == Self.canHold)
            guard Self.canHold else { return }
            #expect(try run("nft", "list", "table", "inet", "wggw") == before)
            #expect(throws: (any Error).self) { try run("nft", "delete", "table", "inet", "wggw") }

            // Commands ask for it, and it stays held.
            let command = LinuxBox()
            try command.perform(.firewall(.remove))
            #expect(!Self.isThere())
            try command.perform(Self.table())
            try run("nft", "flush", "ruleset")
            #expect(Self.isThere())

            // The service is gone, however: everybody may change it, and the next one takes it over.
            hold = nil
            _ = consume service
            try Self.eventually { try FirewallHold.socket() == nil && !Self.isOwned() }
            #expect(Self.isThere())
            let next = LinuxBox(hold: FirewallHold())
            #expect(try next.holdFirewall() && Self.isOwned())
            _ = consume next
            try Self.eventually { try !Self.isOwned() }
            try LinuxBox().perform(Self.table())
            try run("nft", "flush", "ruleset")
            #expect(!Self.isThere())
        }
    }

    @Test func `where the kernel cannot hold a table it is made all the same`() throws {
        try inNetworkNamespace {
            let socket = try NetlinkSocket(NETLINK_NETFILTER).duplicate()
            defer { close(socket) }
            // A flag that no kernel knows, as those before 6.9 do not know that of the hold.
            var writer = try FirewallWriter(held: socket, flags: 1 << 30)
            let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
            try writer.replace(with: state.firewall, carrying: nil)
            #expect(Self.isThere())
        }
    }

    private static func isOwned() throws -> Bool {
        try run("nft", "list", "tables", "inet").isEmpty == false
            && run("nft", "list", "table", "inet", "wggw").contains("owner")
    }

    private static func eventually(_ question: () throws -> Bool) throws {
        for _ in 0..<200 {
            if try question() { return }
            sched_yield()
            poll(nil, 0, 10)
        }
        Issue.record("it did not become so")
    }

    @Test func `forwarding is off only while the table is gone, and then as it was`() throws {
        try inNetworkNamespace {
            try run("sh", "-ec", SurroundingsTests.cards)
            try run(
                "sh", "-ec",
                "cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding; echo 0 >ipv4/conf/vb/forwarding"
            )
            let keys: Set<String> = [
                "net/ipv4/ip_forward", "net/ipv4/conf/*/forwarding", "net/ipv4/conf/all/accept_redirects",
                "net/ipv6/conf/all/forwarding", "net/ipv6/conf/*/forwarding",
            ]
            let before = try Sysctl.read(keys)
            let box = LinuxBox()
            try box.perform(Self.table())
            let pause = ForwardingPause()
            let service = LinuxBox(pause: pause)
            try service.resumeForwarding(needsTable: true)
            #expect(!pause.begin())
            #expect(try Sysctl.read(keys) == before)
            try run("nft", "flush", "ruleset")
            #expect(pause.begin() && pause.begin())
            #expect(
                try Sysctl.read(keys).filter { $0.key.hasSuffix("forward") || $0.key.contains("forwarding") }.values
                    .allSatisfy { $0 == 0 })
            // What is planned goes by what was.
            #expect(try service.observe(Scope(interface: "wg0", sysctls: keys)).sysctls == before)
            // As if it had been killed.
            let next = LinuxBox(pause: ForwardingPause())
            #expect(try next.observe(Scope(interface: "wg0", sysctls: keys)).sysctls == before)
            try next.perform(Self.table())
            try next.resumeForwarding(needsTable: true)
            #expect(try Sysctl.read(keys) == before)
            #expect(
                try LinuxBox(pause: ForwardingPause()).observe(Scope(interface: "wg0", sysctls: keys)).sysctls == before
            )
        }
    }
}
