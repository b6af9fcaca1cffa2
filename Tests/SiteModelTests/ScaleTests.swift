import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// A text that is four times as long takes four times as long to read, or little more, whatever is wrong with it.
@Suite(.serialized) struct ScaleTests {
    struct Shape: CustomTestStringConvertible {
        let testDescription: String
        /// How many pieces the shorter text has.
        let count: Int
        let text: @Sendable (Int) -> String

        init(_ name: String, _ count: Int, _ text: @escaping @Sendable (Int) -> String) {
            testDescription = name
            self.count = count
            self.text = text
        }
    }

    private static let head = """
        [lan]
        interface = "eth0"
        subnets = ["192.168.1.0/24"]
        [tunnel]
        addresses = ["10.0.0.1/8"]

        """

    private static func lines(_ count: Int, _ line: (Int) -> String) -> String { (0..<count).map(line).joined() }
    private static func address(_ i: Int) -> String { "10.\(i >> 16 & 255).\(i >> 8 & 255).\(i & 255)" }
    private static func key(_ i: Int) -> String {
        PublicKey(bytes: (0..<32).map { UInt8(truncatingIfNeeded: $0 < 8 ? i >> ($0 * 8) : 7) })!.description
    }

    static let profiles: [Shape] = [
        Shape("lists of tables", 2000) { lines($0) { _ in "[[x]]\n" } },
        Shape("equal networks", 500) { n in "[lan]\nsubnets = [" + lines(n) { _ in "\"10.0.0.0/8\", " } + "]\n" },
        Shape("addresses in a line", 250) { n in
            head + "[peers.a]\naddresses = [" + lines(n) { "\"\(address($0))x\", " } + "]\n"
        },
        Shape("addresses that are outside", 60) { n in
            head + "[peers.a]\naddresses = [" + lines(n) { "\"11.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)\", " } + "]\n"
        },
        Shape("the gateway's addresses", 150) { n in
            "[tunnel]\naddresses = [" + lines(n) { "\"\(address($0 + 2))/8\", " } + "]\n"
                + lines(n) { "[peers.p\($0)]\naddresses = [\"\(address($0))\"]\n" }
        },
        Shape("DNS servers", 400) { n in head + "[dns]\nservers = [" + lines(n) { "\"\(address($0))\", " } + "]\n" },
        Shape("unknown keys", 150) { n in head + lines(n) { "k\($0) = 1\n" } },
        Shape("a long key", 20_000) { n in head + String(repeating: "k", count: n) + " = 1\n" },
        Shape("faults below a long key", 300) { n in
            head + "[peers." + String(repeating: "k", count: 10 * n) + "]\naddresses = [" + lines(n) { _ in "0," }
                + "]\n"
        },
        Shape("unknown groups", 30) { n in
            head
                + lines(n) {
                    "[groups.g\($0)]\nallow = [\"192.168.1.1\"]\n[peers.p\($0)]\naddresses = [\"\(address($0 + 9))\"]\ngroup = \"x\($0)\"\n"
                }
        },
        Shape("peers", 60) { n in
            head + lines(n) { "[peers.p\($0)]\naddresses = [\"\(address($0 + 9))\"]\npublic-key = \"\(key($0))\"\n" }
        },
        Shape("peers with routes that overlap", 80) { n in
            head + lines(n) { "[peers.p\($0)]\nroutes = [\"172.16.0.0/12\", \"172.16.\($0 & 255).0/24\"]\n" }
        },
        Shape("routes of a peer", 300) { n in
            head + "[peers.a]\nroutes = [" + lines(n) { "\"172.\($0 >> 8 & 255).\($0 & 255).0/24\", " } + "]\n"
        },
        Shape("rules of a policy", 250) { n in
            head + "[groups.a]\nallow = [" + lines(n) { "\"192.168.1.1:\($0 % 60000 + 1)/tcp\", " } + "]\n"
        },
        Shape("dotted keys", 240) { n in head + lines(n) { "p.a\($0).b = 1\n" } + lines(n) { "p.a\($0).c = 1\n" } },
        Shape("tables without a header", 240) { n in lines(n) { "[a\($0).b]\n" } + lines(n) { "[a\($0)]\n" } },
        Shape("comments", 2500) { n in lines(n) { "# comment \($0)\n" } + head },
        Shape("a comment", 20_000) { n in "#" + String(repeating: "é", count: n) + "\n" + head },
        Shape("a string", 20_000) { n in head + "[site]\nname = \"" + String(repeating: "é\\n", count: n / 4) + "\"\n"
        },
        Shape("quotes", 12_000) { n in head + "[site]\nname = '''" + String(repeating: "''x", count: n / 3) + "'''\n"
        },
        Shape("brackets that are not closed", 20_000) { n in "a = " + String(repeating: "[", count: n) },
        Shape("names in another case", 100) { n in head + lines(n) { "[peers.a\($0)]\n[peers.A\($0)]\n" } },
    ]

    static let wgQuickFiles: [Shape] = [
        Shape("addresses in a line", 1000) { n in "[Interface]\nAddress = " + lines(n) { "\(address($0)), " } + "\n" },
        Shape("allowed IPs in a line", 500) { n in
            "[Interface]\nAddress = 10.0.0.1/8\n[Peer]\nPublicKey = \(key(1))\nAllowedIPs = "
                + lines(n) { "172.\($0 >> 8 & 255).\($0 & 255).0/24, " } + "\n"
        },
        Shape("addresses on many lines", 150) { n in
            "[Interface]\n" + lines(n) { "Address = 10.\($0 >> 8).\($0 & 255).1/24\n" }
                + "[Peer]\nPublicKey = \(key(1))\n"
                + lines(n) { "AllowedIPs = 11.\($0 >> 8).\($0 & 255).7/32\n" }
        },
        Shape("one network for all", 300) { n in
            "[Interface]\nAddress = 10.0.0.1\n"
                + lines(n) { "[Peer]\nPublicKey = \(key($0))\nAllowedIPs = 10.1.0.1, 10.2.\($0 >> 8).\($0 & 255)\n" }
        },
        Shape("one peer in many sections", 300) { n in
            "[Interface]\nAddress = 10.0.0.1\n"
                + lines(n) { "[Peer]\nPublicKey = \(key(1))\nAllowedIPs = 10.2.\($0 >> 8).\($0 & 255), 10.1.0.1\n" }
        },
        Shape("commands in a hook", 300) { n in
            "[Interface]\nAddress = 10.0.0.1\nPostUp = " + lines(n) { "x\($0) || true; || iptables -A FORWARD " } + "\n"
        },
        Shape("peers of one name", 350) { n in
            "[Interface]\nAddress = 10.0.0.1/8\n"
                + lines(n) { "[Peer] # laptop\nPublicKey = \(key($0))\n" }
        },
        Shape("unknown keys", 100) { n in "[Interface]\n" + lines(n) { "k\($0) = 1\n" } },
        Shape("comments", 300) { n in "[Interface]\n" + lines(n) { "# comment \($0)\n" } },
        Shape("a line", 8_000) { n in "[Interface]\n" + String(repeating: "é ", count: n) + "\n" },
    ]

    @Test(arguments: profiles) func profile(shape: Shape) { expectLinear(shape) { _ = try? Site.parse($0, file: "f") } }

    @Test(arguments: wgQuickFiles) func wgQuickFile(shape: Shape) {
        let lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
        expectLinear(shape) { text in
            guard let config = try? WgQuickConfig.parse(text, file: "f") else { return }
            _ = try? config.gatewaySite(interface: "wg0", lan: lan) { $0.withBytes { PublicKey(loading: $0) } }
        }
    }

    private func expectLinear(_ shape: Shape, _ read: (String) -> Void) {
        let ratio = growth(small: shape.text(shape.count), large: shape.text(4 * shape.count), limit: 9, read)
        #expect(ratio < 9, "\(shape.testDescription)")
    }
}
