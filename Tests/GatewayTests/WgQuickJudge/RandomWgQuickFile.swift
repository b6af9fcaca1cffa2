import NetTypes

/// A file of wg-quick out of a grammar of what people write: good and bad settings, in every form, with comments of every kind.
struct RandomWgQuickFile {
    /// As it goes to the disk.
    private(set) var bytes: [UInt8] = []
    /// Lines, from 1, on which something is wrong to wg, to wg-quick or to the `ip` that it calls.
    private(set) var badLines: Set<Int> = []
    /// Lines that wg takes for something that nobody means, and wggw refuses: a port beyond 65535, of which it takes the rest.
    private(set) var strangeLines: Set<Int> = []

    private var random: SplitMix
    private var line = 1
    /// In 1,000, of a bad setting.
    private var badness = 0
    private let end: String
    private let keys: [String]

    init(seed: UInt64) {
        var random = SplitMix(seed: seed)
        end = Bool.random(using: &random) ? "\n" : "\r\n"
        keys = (0..<9).map { _ in Self.key(&random) }
        self.random = random
        badness = chance(60) ? 0 : 60
        if chance(30) { comment() }
        interface()
        for _ in 0..<number(0, 5) { peer() }
        if chance(5) { interface() }
        if chance(20) { bytes.removeLast(end.utf8.count) }
    }

    // MARK: Sections

    private mutating func interface() {
        let isQuick = !chance(6)
        put(
            pick(isQuick ? ["[Interface]", "[interface]", "[INTERFACE]"] : ["[ Interface ]", "[Inter face]"])
                + trailer())
        for _ in 0..<number(1, 6) {
            if chance(25) { comment() }
            switch number(0, 9) {
            case 0, 1: set("PrivateKey", good: [pick(keys)] + (chance(4) ? [Self.zero] : []), bad: Self.badKeys)
            case 2, 3:
                set(
                    "ListenPort", good: ["51820", "0", "https", "0053", "domain"],
                    bad: ["x", "-1", "0x50", "", "HTTPS"])
                if chance(2) { strange("ListenPort = \(pick(["70000", "65536", "+5"]))") }
            case 4:
                set("FwMark", good: ["off", "0", "0xca6c", "51820", "OFF", "0x00000000ff", "010"], bad: Self.badMarks)
            case 5, 6:
                quick(
                    "Address", isQuick, addressList(), bad: ["10.9.0.300", "10.9.0.1/33", "x", "10.9.0.1/255.0.255.0"])
            case 7: quick("DNS", isQuick, pick(["1.1.1.1", "1.1.1.1,fd00::53 lan.example", "", "a_b"]))
            case 8: quick("MTU", isQuick, pick(["1420", "", "0x5dc", "1280"]), bad: ["big", "-1", "1e3"])
            default:
                quick("SaveConfig", isQuick, pick(["true", "false", "TRUE"]), bad: ["yes", ""])
                quick(
                    pick(["PostUp", "postdown", "Table", "PreUp"]), isQuick,
                    pick(["iptables -A FORWARD -i %i; a=b", "off"]))
            }
        }
    }

    private mutating func peer() {
        if chance(30) { comment() }
        let head = line
        if bad() {
            mark(pick(["[Peers]", "[Peer", "[Peer]x", "[Server]"]) + trailer())
            for _ in 0..<number(0, 2) { put("Nonsense here") }
            return
        }
        put(pick(["[Peer]", "[peer]", "[ Peer ]", "[PEER]"]) + trailer())
        var settings = Array(repeating: 0, count: 1) + (0..<number(0, 5)).map { _ in number(1, 4) }
        settings.shuffle(using: &random)
        if bad() { settings.removeAll { $0 == 0 } }
        for setting in settings {
            if chance(20) { comment() }
            switch setting {
            case 0: set("PublicKey", good: [pick(keys)], bad: Self.badKeys)
            case 1: set("PresharedKey", good: [pick(keys), Self.zero], bad: Self.badKeys)
            case 2: set("AllowedIPs", good: [networkList()], bad: Self.badNetworks)
            case 3:
                set("Endpoint", good: Self.endpoints, bad: Self.badEndpoints)
                if chance(3) { strange("Endpoint = 203.0.113.7:\(pick(["0", "70000", "+5"]))") }
            default:
                set(
                    "PersistentKeepalive", good: ["off", "25", "0", "025", "65535"],
                    bad: ["65536", "0x19", "-1", "", "Off5"])
            }
        }
        if bad() { mark(pick(["Nonsense here", "Address = 10.9.0.1/24", "Public Kex = \(pick(keys))", "= 5"])) }
        if !settings.contains(0) { badLines.insert(head) }
    }

    // MARK: Values

    private static let zero = String(repeating: "A", count: 43) + "="
    private static let badKeys = [
        "", "abc", String(repeating: "A", count: 44), String(repeating: "A", count: 42) + "B=",
    ]
    private static let badMarks = ["", "0X1", "-1", "0x", "0x1ffffffff", "4294967296", "on"]
    private static let badNetworks = [
        "10.20.0.0/33", "10.9.0.2,", "10.9.0.2,,10.9.0.3", "x", "10.9.0.2 10.9.0.3", "10.9.0.02", "10.9.0.2/",
        "fd00::1/129",
        "10.9.0.2/-1", "1::2::3",
    ]
    static let endpoints = [
        "203.0.113.7:51820", "[2001:db8::7]:51820", "2001:db8::7:51820", "vpn.example.org:51820",
        "VPN.example.org.:https",
        "wg_server.example.org:domain", "[vpn.example.org]:5", "127.1:5", "0x7f.0.0.1:5", "[fe80::7%9]:5",
        "[203.0.113.7]:0051",
        "[fe80::7]:5", "fe80::7%lo:5",
    ]
    private static let badEndpoints = [
        "", "vpn.example.org", "http://vpn.example.org:5", ":5", "[2001:db8::7]", "203.0.113.7:", "203.0.113.256:5",
        "vpn.example.org:5/x", "203.0.113.7:HTTPS", "nowhere.example:x", "203.0.113.7%lo:5", "[2001:db8::7]5:6",
    ]

    private mutating func addressList() -> String {
        let all = ["10.9.0.1/24", "fd00:9::1/64", "10.10.0.1/32", "10.11.0.1", "fe80::1/64", "10.12.0.0/24"]
        let some = (0..<number(1, 3)).map { _ in pick(all) }
        return some.joined(separator: pick([",", " ", ", ", " , ", "\t", ",,"])) + pick(["", "", ",", " "])
    }

    private mutating func networkList() -> String {
        let ends = ["", "/32", "/24", "/31", "/024", " / 32"]
        let some = (0..<number(1, 4)).map { _ -> String in
            switch number(0, 4) {
            case 0: return "fd00:9::\(number(2, 5))" + pick(["", "/128", "/64"])
            case 1: return "10.\(number(20, 24)).\(number(0, 1)).0" + pick(["/16", "/24"])
            case 2: return pick(["fd00:20::/48", "0.0.0.0/0", "224.0.0.5/32", "fe80::2/128", "::/0"])
            default: return "10.9.0.\(number(2, 9))" + (chance(70) ? "/32" : pick(ends))
            }
        }
        return some.joined(separator: pick([",", ", ", " ,\t"]))
    }

    private static func key(_ random: inout SplitMix) -> String {
        PublicKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })!.description
    }

    // MARK: Lines

    private mutating func put(_ text: String) {
        bytes += Array((text + end).utf8)
        line += 1
    }

    private mutating func mark(_ text: String) {
        badLines.insert(line)
        put(text)
    }

    private mutating func strange(_ text: String) {
        strangeLines.insert(line)
        put(text)
    }

    /// A setting of wg's, with blanks anywhere.
    private mutating func set(_ key: String, good: [String], bad list: [String]) {
        let isBad = bad()
        let value = pick(isBad ? list : good)
        if isBad { badLines.insert(line) }
        put(blank() + spread(cased(key)) + blank() + "=" + blank() + spread(value) + trailer())
    }

    /// A setting of wg-quick's: to wg, which gets it in a section that wg-quick does not know, it is none.
    private mutating func quick(_ key: String, _ isQuick: Bool, _ good: String, bad list: [String] = []) {
        let isBad = !list.isEmpty && bad()
        if isBad || !isQuick { badLines.insert(line) }
        put(blank() + cased(key) + blank() + "=" + blank() + (isBad ? pick(list) : good) + trailer())
    }

    private mutating func comment() {
        let comments = [
            "# laptop", "### Client laptop", "# Name = Anna's phone", "#[Peer]", "# PublicKey = x", "", "", "\t", "#",
            "### end x ###",
            "# \(pick(keys))", "#\u{301} x", "# Name = \(pick(keys))", "# 10.9.0.2/32 = x # y",
        ]
        if chance(5) {
            bytes += [0x23, 0x20, 0x62, 0xfc, 0x72, 0x6f] + Array(end.utf8)
            line += 1
        } else {
            put(blank() + pick(comments))
        }
    }

    private mutating func trailer() -> String {
        pick(["", "", "", " ", "\t# default", " # laptop", "# = \(pick(keys))"])
    }

    private mutating func blank() -> String { pick(["", " ", " ", "\t", "  "]) }

    private mutating func spread(_ text: String) -> String {
        guard chance(5), text.count > 2 else { return text }
        let at = text.index(text.startIndex, offsetBy: number(1, text.count - 1))
        return text[..<at] + pick([" ", "\t", "\u{b}"]) + text[at...]
    }

    private mutating func cased(_ key: String) -> String {
        chance(80) ? key : chance(50) ? key.lowercased() : key.uppercased()
    }

    // MARK: Chance

    private mutating func number(_ low: Int, _ high: Int) -> Int { Int.random(in: low...high, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(0, 99) < percent }
    private mutating func bad() -> Bool { number(0, 999) < badness }
    private mutating func pick<T>(_ list: [T]) -> T { list[number(0, list.count - 1)] }
}

struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
