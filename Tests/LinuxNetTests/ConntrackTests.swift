import CMnl
import CNftnl
import BoxModel
import Compiler
import Firewall
import Glibc
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet
public import Netlink

/// Connection tracking: messages byte by byte, and the kernel of this machine with Debian's `conntrack` as the witness.
@Suite struct ConntrackTests {
    /// `conntrack -I -p tcp -s 192.168.2.1 -d 192.168.1.10 --sport 40000 --dport 443 -g 192.168.1.127 …`: a port forwarding.
    static let forwarded = [
        "02000000",  // nfgenmsg: AF_INET
        "34000180", "14000180", "08000100", "c0a80201", "08000200", "c0a8010a",  // TUPLE_ORIG: IP
        "1c000280", "0500010006000000", "060002009c400000", "0600030001bb0000",  // PROTO: TCP, ports
        "34000280", "14000180", "08000100", "c0a8017f", "08000200", "c0a80201",  // TUPLE_REPLY
        "1c000280", "0500010006000000", "0600020001bb0000", "060003009c400000",
        "08000300", "000001ae", "08000800", "00000000", "08000c00", "e2717f0c",  // STATUS, MARK, ID
    ]
    /// `conntrack -I -p udp -s fd02::1 -d fd01::10 --sport 40000 --dport 53 -w 7 …`: a zone.
    static let zoned = [
        "0a000000",  // AF_INET6
        "4c000180", tuple6, "4c000280", "2c000180",  // TUPLE_ORIG, TUPLE_REPLY
        "14000300", "fd010000000000000000000000000010", "14000400", "fd020000000000000000000000000001",
        "1c000280", "0500010011000000", "0600020000350000", "060003009c400000", "06001200", "00070000",  // ZONE
        "08000300", "00000008", "08000800", "00000000", "08000c00", "a59a60b6",
    ]
    static let tuple6 = [
        "2c000180", "14000300", "fd020000000000000000000000000001", "14000400", "fd010000000000000000000000000010",
        "1c000280", "0500010011000000", "060002009c400000", "0600030000350000",
    ].joined()

    static func entry(_ hex: [String]) -> ConntrackEntry? {
        let digits = Array(hex.joined())
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
        return bytes.withUnsafeBytes { ConntrackEntry($0) { _, _ in true } }
    }

    @Test func `what the kernel says is read`() throws {
        let first = try #require(Self.entry(Self.forwarded))
        #expect(
            first.connection
                == Connection(
                    client: IPAddress("192.168.2.1")!, server: IPAddress("192.168.1.127")!, transport: 6,
                    clientPort: 40_000,
                    port: 443))
        #expect(first.name.zone == 0 && first.id == 0xe271_7f0c && first.main == nil)
        let second = try #require(Self.entry(Self.zoned))
        #expect(
            second.connection
                == Connection(
                    client: IPAddress("fd02::1")!, server: IPAddress("fd01::10")!, transport: 17, clientPort: 40_000,
                    port: 53, isAnswered: false))
        #expect(second.name.zone == 7 && second.name.family == UInt8(AF_INET6))
        for cut in 1..<Self.forwarded.count { _ = Self.entry(Array(Self.forwarded[..<cut])) }
        #expect(Self.entry(Array(Self.forwarded[..<8])) == nil)
    }

    /// `conntrack -D` says the same of each, and much else that the kernel does not look at.
    @Test func `a deletion names its entry`() throws {
        let entries = [try #require(Self.entry(Self.forwarded)), try #require(Self.entry(Self.zoned))]
        let message = ConntrackEntry.deletion(of: entries)
        let expected = [
            "50000000", "0201", "0100", "00000000", "00000000", "02000000",  // CT_DELETE, REQUEST, number 0; AF_INET
            Self.forwarded[1...10].joined(), "08000c00", "e2717f0c",  // TUPLE_ORIG, ID
            "70000000", "0201", "0100", "01000000", "00000000", "0a000000", "4c000180", Self.tuple6,
            "06001200", "00070000", "08000c00", "a59a60b6",  // ZONE, ID
        ]
        #expect(KernelWireGuardTests.hex(message.bytes) == expected.joined())
    }

    /// FTP's data by its control connection, which somebody forwarded elsewhere; and one whose control connection is gone.
    @Test func `what is related is judged by what it is related to`() throws {
        let tuple = Self.forwarded[2...10].joined()
        let control = try #require(Self.entry(Self.forwarded))
        // By other ports at both ends.
        let ports = [
            "060002009c400000": "060002009c410000", "060003009c400000": "060003009c410000",
            "0600020001bb0000": "0600020099990000",
        ]
        let data = Self.forwarded.map { ports[$0] ?? $0 } + ["34000e80", tuple]
        let related = try #require(Self.entry(data))
        #expect(related.main?.connection.server == IPAddress("192.168.1.10"))
        func ending(_ rule: String, _ entries: [ConntrackEntry]) throws -> [ConntrackEntry] {
            let site = Lab.site { $0.peers[0].policy = Policy(allow: [AccessRule(rule)!]) }
            let change = try #require(try Self.narrowing(to: site))
            return try Conntrack.judge(entries, by: ConnectionSelector(change, local: [], networks: [])) { name in
                entries.first { $0.name == name }
            }.filter { $0.fate != .goesOn }.map(\.entry)
        }
        #expect(try ending("192.168.1.127:443/tcp", [control, related]) == [])
        #expect(try ending("192.168.1.10:443/tcp", [control, related]) == [control, related])
        #expect(try ending("192.168.1.10:443/tcp", [related]) == [])
        #expect(try ending("192.168.1.127:443/tcp", [related]) == [related])
    }

    /// What follows when the peer of `Lab.site` may reach less than the LAN.
    static func narrowing(to site: Site) throws -> ConnectionCut? {
        let previous = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        let observed = ObservedState(firewall: previous.firewall)
        for case .cutConnections(let cut) in try diff(state, observed, previous: previous).changes { return cut }
        return nil
    }

    static func insert(_ client: String, _ server: String, _ port: Int, _ more: String...) throws {
        try run(
            ["conntrack", "-I", "-p", "tcp", "-s", client, "-d", server, "--sport", "40000", "--dport", "\(port)"]
                + ["--state", "ESTABLISHED", "-t", "600", "-u", "SEEN_REPLY,ASSURED"] + more)
    }

    static func listed() throws -> [String] {
        try ["ipv4", "ipv6"].flatMap { try run("conntrack", "-L", "-f", $0).split(separator: "\n") }
            .filter { $0.contains("src=") }
            .map { line in
                let words = line.split(separator: " ")
                return ["src=", "dst=", "dport="].compactMap { key in
                    words.first { $0.hasPrefix(key) }?.dropFirst(key.count)
                }.joined(separator: " ")
            }.sorted()
    }

    @Test func `the kernel ends what is cut and nothing else`() throws {
        let site = Lab.site { $0.peers[0].policy = Policy(allow: [AccessRule("192.168.1.10:443/tcp")!]) }
        let change = Change.cutConnections(try #require(try Self.narrowing(to: site)))
        try inNetworkNamespace {
            try run("ip", "address", "add", "192.168.1.127/32", "dev", "lo")
            try Self.insert("192.168.2.1", "192.168.1.10", 443, "-g", "192.168.1.10")
            try Self.insert("192.168.2.1", "192.168.1.10", 22)
            try Self.insert("192.168.2.1", "192.168.1.10", 23, "-w", "7")
            try Self.insert("192.168.2.1", "192.168.1.127", 22)
            try Self.insert("192.168.1.127", "192.168.2.1", 22)
            try Self.insert("192.168.1.50", "192.168.2.1", 22)
            try Self.insert("192.168.2.9", "192.168.1.10", 22)
            try Self.insert("10.0.0.1", "192.168.1.10", 22)
            try Self.insert("fd02::1", "fd01::10", 22)
            #expect(try Self.listed().count == 9)
            for _ in 1...2 { try LinuxBox().perform(change) }
            #expect(
                try Self.listed() == [
                    "10.0.0.1 192.168.1.10 22", "192.168.1.127 192.168.2.1 22", "192.168.1.50 192.168.2.1 22",
                    "192.168.2.1 192.168.1.10 443", "192.168.2.9 192.168.1.10 22", "fd02::1 fd01::10 22",
                ])
        }
    }

    /// They are dropped until they are old, also by the table that comes next, and nobody takes them for drift.
    @Test func `answers of UDP that is ended are barred`() throws {
        let site = Lab.site { $0.peers[0].policy = Policy(allow: [AccessRule("192.168.1.10:443/udp")!]) }
        let change = Change.cutConnections(try #require(try Self.narrowing(to: site)))
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        func insert(_ client: String, _ server: String, _ port: Int) throws {
            try run(
                "conntrack", "-I", "-p", "udp", "-s", client, "-d", server, "--sport", "40000", "--dport", "\(port)",
                "-t",
                "600", "-u", "SEEN_REPLY")
        }
        func barred() throws -> [String] {
            try ["ended4", "ended6"].map { set in
                let text = try run("nft", "list", "set", "inet", "wggw", set)
                return text.split(separator: "\n").filter { $0.contains(" . ") }.dropFirst()
                    .map { line in line.split { "{}= \t,".contains($0) }.filter { $0 != "elements" && $0 != "." } }
                    .flatMap { $0.prefix(4) }.joined(separator: " ")
            }
        }
        try inNetworkNamespace {
            let box = LinuxBox()
            // Where there is no table nothing is shut, and that is no failure.
            try insert("192.168.2.1", "192.168.1.10", 22)
            try box.perform(change)
            #expect(try Self.listed().isEmpty)
            try box.perform(.firewall(.replace(state.firewall, carrying: nil)))
            try insert("192.168.2.1", "192.168.1.10", 22)
            try insert("192.168.2.1", "192.168.1.10", 443)
            try insert("192.168.1.50", "192.168.2.1", 22)
            try insert("fd02::1", "fd01::10", 53)
            for _ in 1...2 { try box.perform(change) }
            try box.perform(
                .cutConnections(ConnectionCut(released: [.init(Lab.publicKey(9), [IPPrefix("fd02::/64")!])])))
            #expect(try Self.listed() == ["192.168.1.50 192.168.2.1 22", "192.168.2.1 192.168.1.10 443"])
            let expected = ["192.168.1.10 22 192.168.2.1 40000", "fd01::10 53 fd02::1 40000"]
            #expect(try barred() == expected)
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            let firewall = try #require(try socket.firewall())
            #expect(firewall == state.firewall)
            #expect(firewall.sets.filter { $0.timeout != nil }.map(\.elements.count) == [1, 1])
            try box.perform(.firewall(.replace(state.firewall, carrying: firewall)))
            #expect(try barred() == expected)
        }
    }

    /// One that no reply was seen of may have been taken up from the middle.
    @Test func `what is not answered ends, whoever opened it`() throws {
        let cut = try #require(try Self.narrowing(to: Lab.site { $0.peers[0].policy = Policy(allow: []) }))
        try inNetworkNamespace {
            try Self.insert("192.168.1.50", "192.168.2.1", 40_000)
            try run(
                "conntrack", "-I", "-p", "tcp", "-s", "192.168.1.10", "-d", "192.168.2.1", "--sport", "443", "--dport",
                "40000", "--state", "ESTABLISHED", "-t", "600")
            try LinuxBox().perform(.cutConnections(cut))
            #expect(try Self.listed() == ["192.168.1.50 192.168.2.1 40000"])
        }
    }

    @Test func `what was somebody's ends in both directions`() throws {
        let cut = ConnectionCut(released: [
            .init(Lab.publicKey(1), [IPPrefix("192.168.2.1/32")!, IPPrefix("fd02::/64")!])
        ])
        try inNetworkNamespace {
            try Self.insert("192.168.2.1", "192.168.1.10", 22)
            try Self.insert("192.168.1.10", "192.168.2.1", 22)
            try Self.insert("192.168.1.10", "192.168.2.10", 22)
            try Self.insert("fd01::10", "fd02::1", 22)
            try LinuxBox().perform(.cutConnections(cut))
            #expect(try Self.listed() == ["192.168.1.10 192.168.2.10 22"])
        }
    }

    /// An entry of the same name that is not the one that was read is another connection.
    @Test func `another connection in its place stays`() throws {
        let entry = try #require(Self.entry(Self.forwarded))
        try inNetworkNamespace {
            try Self.insert("192.168.2.1", "192.168.1.10", 443, "-g", "192.168.1.127")
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            try socket.delete([entry])
            #expect(try Self.listed().count == 1)
            try socket.delete(try socket.conntrackEntries { connection, _ in connection == entry.connection })
            #expect(try Self.listed().isEmpty)
        }
    }

    @Test func `more than go into one message`() throws {
        try inNetworkNamespace {
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            for part in 0..<4 {
                var message = MessageBuffer()
                for number in 0..<300 { Self.putEntry(part * 300 + number, into: &message) }
                try socket.batch(message, .init(.add, .connections))
            }
            #expect(try socket.conntrackEntries { _, _ in true }.count == 1200)
            let cut = ConnectionCut(released: [.init(Lab.publicKey(1), [IPPrefix("10.1.0.0/16")!])])
            try LinuxBox().perform(.cutConnections(cut))
            #expect(try socket.conntrackEntries { _, _ in true }.count == 0)
        }
    }

    /// A UDP flow of 10.1.x.x, not heard from yet, for ten minutes.
    static func putEntry(_ number: Int, into message: inout MessageBuffer) {
        message.begin(
            type: UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(IPCTNL_MSG_CT_NEW.rawValue),
            flags: NLM_F_REQUEST | NLM_F_CREATE, sequence: UInt32(number), header: Nft.header(family: UInt8(AF_INET)))
        let ends: [UInt32] = [0x0a01_0000 + UInt32(number), 0xc0a8_010a]
        for (tuple, order) in [(CTA_TUPLE_ORIG, [0, 1]), (CTA_TUPLE_REPLY, [1, 0])] {
            message.nest(tuple) {
                $0.nest(CTA_TUPLE_IP) {
                    $0.putBig(CTA_IP_V4_SRC, ends[order[0]])
                    $0.putBig(CTA_IP_V4_DST, ends[order[1]])
                }
                $0.nest(CTA_TUPLE_PROTO) {
                    $0.put(CTA_PROTO_NUM, UInt8(17))
                    $0.putBig(CTA_PROTO_SRC_PORT, UInt16(order[0] == 0 ? 4000 : 53))
                    $0.putBig(CTA_PROTO_DST_PORT, UInt16(order[0] == 0 ? 53 : 4000))
                }
            }
        }
        message.putBig(CTA_TIMEOUT, UInt32(600))
    }

    @Test func `without the right to it that is said`() throws {
        let change = Change.cutConnections(
            ConnectionCut(released: [.init(Lab.publicKey(1), [IPPrefix("10.1.0.0/16")!])]))
        try inNetworkNamespace {
            try giveUpCapabilities()
            let error = #expect(throws: BoxError.self) { try LinuxBox().perform(change) }
            #expect(error?.code == EPERM && error?.remedy?.description.contains("CAP_NET_ADMIN") == true)
        }
    }
}

extension ctattr_tuple: AttributeNumber {}
extension ctattr_ip: AttributeNumber {}
extension ctattr_l4proto: AttributeNumber {}
