import BoxModel
import Glibc
import Testing

@testable import LinuxNet

/// What the kernel tells of, in a network namespace of its own.
@Suite struct BoxNewsTests {
    /// Each with what is there before.
    static let changes: [(before: [String], change: String)] = [
        ([], "ip link add va type veth peer name vb"),
        (["ip link add va type veth peer name vb"], "ip link set va name vc"),
        (["ip link add va type veth peer name vb"], "ip link delete va"),
        ([], "ip link set lo up"),
        ([], "ip address add 10.0.0.1/24 dev lo"),
        ([], "ip -6 address add fd00::1/64 dev lo"),
        (["ip link set lo up"], "ip route add 10.9.0.0/16 dev lo"),
        (["ip link set lo up", "ip route add 10.9.0.0/16 dev lo"], "ip route flush root 10.9.0.0/16"),
        (["ip link set lo up"], "ip -6 route add fd09::/16 dev lo"),
        ([], "ip rule add fwmark 7 table 7"),
        ([], "sysctl -w net.ipv4.ip_forward=1"),
        ([], "sysctl -w net.ipv6.conf.all.forwarding=1"),
        (["ip link add va type veth peer name vb"], "sysctl -w net.ipv4.conf.va.rp_filter=1"),
        (["ip link add va type veth peer name vb"], "sysctl -w net.ipv4.conf.va.proxy_arp=1"),
        ([], "nft add table inet wggw"),
        (["nft add table inet wggw"], "nft delete table inet wggw"),
        (["nft add table inet wggw"], "nft flush ruleset"),
        (["nft add table inet wggw"], "nft add chain inet wggw x"),
        (["nft add table inet wggw { chain x { accept; }; }"], "nft flush chain inet wggw x"),
        (["nft add table inet wggw { set x { type inet_service; }; }"], "nft add element inet wggw x { 7 }"),
    ]

    @Test(arguments: changes) func `a change is told of`(before: [String], change: String) throws {
        try inNetworkNamespace {
            for command in before { try Self.run(command) }
            let news = try BoxNews()
            expect(news, false)
            try Self.run(change)
            expect(news, true, change)
            expect(news, false)
        }
    }

    @Test func `other tables are none of the gateway's business`() throws {
        try inNetworkNamespace {
            let news = try BoxNews()
            try Self.run("nft add table inet other { set x { type inet_service; elements = { 7 }; }; }")
            try Self.run("nft flush ruleset")
            expect(news, false)
        }
    }

    @Test func `who changed the table is told by name, and this process is nobody`() throws {
        try inNetworkNamespace {
            try Self.run("nft add table inet wggw")
            let news = try BoxNews()
            // It is gone before anybody asks.
            try Self.run("nft delete table inet wggw")
            let changers = news.read().changers
            #expect(changers.count == 1)
            #expect(try #require(changers.first).wholeMatch(of: /nft \(pid \d+\)/) != nil, "\(changers)")
            try LinuxBox().perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            let own = news.read()
            #expect(own.kinds.contains(.any))
            #expect(own.changers == [])
        }
    }

    /// During a look nobody reads, and the service's own work on a large site is more than a socket has room for by itself.
    @Test func `who flushed is told also after all of a large site's table`() throws {
        try inNetworkNamespace {
            let table = """
                BEGIN {
                    printf "add table inet wggw; add set inet wggw s { type ipv4_addr; elements = { 10.0.0.0"
                    for (i = 1; i < 20000; i++) printf ", 10.0.%d.%d", i / 256, i % 256
                    print " }; }"
                }
                """
            let news = try BoxNews()
            try LinuxNetTests.run("sh", "-c", "awk '\(table)' | nft -f - && exec nft flush ruleset")
            let seen = news.read()
            #expect(seen.kinds.contains(.tableTaken) && seen.changers.count == 2, "\(seen)")
        }
    }

    @Test func `what was lost counts as news`() throws {
        try inNetworkNamespace {
            let news = try BoxNews()
            for descriptor in news.descriptors {
                var little: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &little, 4)
            }
            for number in 1...50 { try Self.run("ip address add 10.0.0.\(number)/32 dev lo") }
            expect(news, true)
            expect(news, false)
        }
    }

    private func expect(_ news: BoxNews, _ isNew: Bool, _ change: String = "") {
        let seen = news.read().kinds
        #expect(seen.contains(.any) == isNew, "\(change)")
        let isTaken = ["nft delete table inet wggw", "nft flush ruleset"].contains(change)
        #expect(seen.contains(.tableTaken) == isTaken, "\(change)")
    }

    private static func run(_ command: String) throws {
        try LinuxNetTests.run(command.split(separator: " ").map(String.init))
    }
}
