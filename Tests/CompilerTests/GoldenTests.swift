import Foundation
import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// Every profile that people start from, compiled. `WGGW_RECORD=1 swift test --filter GoldenTests` writes `.state` and `.nft`.
///
/// `.netlink` is what nft itself makes of the `.nft` file, and is recorded in a network namespace of its own by
/// `unshare -n nft --debug=netlink -f NAME.nft | awk '/^inet wggw/ && NF == 3 || /^  \[/ || /^$/'`.
struct GoldenTests {
    static let here = URL(filePath: #filePath).deletingLastPathComponent()
    static let profiles = here.deletingLastPathComponent().deletingLastPathComponent().appending(path: "profiles")
    static let names = try! FileManager.default.contentsOfDirectory(atPath: profiles.path)
        .filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }.sorted()

    private func site(_ name: String) throws -> Site {
        let text = try String(contentsOf: Self.profiles.appending(path: "\(name).toml"), encoding: .utf8)
        return try Site.parse(text, file: "\(name).toml")
    }

    private func compiled(_ name: String) throws -> DesiredState {
        let site = try site(name)
        let key = try #require(site.tunnel.publicKey)
        return try compile(site, secrets: Secrets(privateKeys: [key: Lab.privateKey(0)]), surroundings: Surroundings())
    }

    private func expect(_ text: String, isGolden file: String) throws {
        let golden = Self.here.appending(path: "Goldens/\(file)")
        if ProcessInfo.processInfo.environment["WGGW_RECORD"] == "1" {
            try text.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(try text == String(contentsOf: golden, encoding: .utf8), "\(file) differs")
    }

    @Test(arguments: names) func stateText(name: String) throws {
        let state = try compiled(name)
        try expect(state.text, isGolden: "\(name).state")
        try expect(state.firewall.nftText, isGolden: "\(name).nft")
    }

    @Test(arguments: names) func kernelExpressionsAreThoseOfNft(name: String) throws {
        let golden = try String(contentsOf: Self.here.appending(path: "Goldens/\(name).netlink"), encoding: .utf8)
        let rules = golden.components(separatedBy: "\n\n").filter { !$0.allSatisfy(\.isWhitespace) }
        let ours = try compiled(name).firewall.chains.flatMap { chain in
            chain.rules.map { (text: $0.text, dump: $0.netlinkDump(chain: chain.name)) }
        }
        #expect(ours.count == rules.count)
        for (rule, nft) in zip(ours, rules) {
            // What nft 1.0.6 does to the one byte of a transport's number does nothing, and newer kernels refuse it.
            let lines = nft.split(separator: "\n").filter { !$0.hasSuffix(", 2, 1) ]") }
            #expect(rule.dump == lines.joined(separator: "\n"), "\(rule.text)")
        }
    }

    @Test(arguments: names) func appliedOnceThereIsNothingToDo(name: String) throws {
        let state = try compiled(name)
        let names = ["branch.example.org": IPAddress("203.0.113.9")!]
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls), names: names)
        let plan = try diff(state, box.observe(state.scope()))
        for change in plan.changes { try box.perform(change) }
        #expect(try diff(state, box.observe(state.scope()), previous: state).isEmpty)
        #expect(try diff(state, box.observe(state.scope())).isEmpty)
    }
}

extension FirewallRule {
    /// The rule as libnftnl prints it.
    fileprivate func netlinkDump(chain: String) -> String {
        (["inet wggw \(chain)"] + expressions.map { "  [ \($0.netlinkDump) ]" }).joined(separator: "\n")
    }
}

extension FirewallExpression {
    fileprivate var netlinkDump: String {
        switch self {
        case .meta(let key, let register):
            let names: [UInt32: String] = [6: "iifname", 7: "oifname", 15: "nfproto", 16: "l4proto"]
            return "meta load \(names[key]!) => reg \(register)"
        case .compare(let op, let register, let bytes):
            return "cmp \(op == 0 ? "eq" : "neq") reg \(register) \(words(bytes))"
        case .payload(let base, let offset, let length, let register):
            let header = base == 1 ? "network" : "transport"
            return "payload load \(length)b @ \(header) header + \(offset) => reg \(register)"
        case .bitwise(let source, let register, let mask, let xor):
            return "bitwise reg \(register) = ( reg \(source) & \(words(mask)) ) ^ \(words(xor))"
        case .conntrack(let key, let register, _):
            return key == 0 ? "ct load state => reg \(register)" : "ct load \(key)"
        case .lookup(let set, let register, let inverted, let verdictMap):
            return "lookup reg \(register) set \(set)" + (verdictMap ? " dreg 0" : "") + (inverted ? " 0x1" : "")
        case .verdict(let verdict):
            return "immediate reg 0 "
                + verdict.nftText.replacing("jump ", with: "jump -> ").replacing("goto ", with: "goto -> ")
        case .masquerade: return "masq"
        case .data(let register, let bytes): return "immediate reg \(register) \(words(bytes))"
        case .translate(let translation):
            return "nat \(translation.kind.rawValue) inet proto_min reg \(translation.port!) flags 0x2"
        case .fib(let result, _, let register):
            return "fib daddr \(result == 2 ? "oifname" : "type") => reg \(register)"
        case .route(_, let register): return "rt load tcpmss => reg \(register)"
        case .tcpOption(let type, let offset, let length, let register, _):
            return "exthdr write tcpopt reg \(register) => \(length)b @ \(type) + \(offset)"
        case .byteorder(let source, let register, _, let length, let size):
            return "byteorder reg \(register) = hton(reg \(source), \(size), \(length))"
        case .rate(let perSecond, let burst):
            return "limit rate \(perSecond)/second burst \(burst) type packets flags 0x0"
        case .log(let group, let bytes): return "log group \(group) snaplen \(bytes) qthreshold 0"
        default: return "\(self)"
        }
    }

    /// As libnftnl prints data: 4-byte words in host order, the last one short of bytes filled with zeros.
    private func words(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 4).map { at in
            let word = bytes[at..<min(at + 4, bytes.count)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let hex = String(word, radix: 16)
            return "0x" + String(repeating: "0", count: 8 - hex.count) + hex
        }.joined(separator: " ")
    }
}
