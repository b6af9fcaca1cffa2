import Foundation
import NetTypes
import Testing

/// Debian's wg-quick and wg, which say what files mean: in namespaces of their own, on an interface of wggw's own datapath.
struct WgJudge {
    /// What they make of one file.
    enum Verdict {
        case refused
        case taken(Meaning)
    }

    /// Of a file that is taken.
    struct Meaning {
        /// Words of `Address`, as wg-quick gives them to `ip`.
        var addresses: [String] = []
        var mtu = ""
        /// Of `DNS`, resolvers and domains.
        var dns: [String] = []
        var privateKey: String?
        var listenPort = ""
        var mark = ""
        /// By the public key.
        var peers: [String: Peer] = [:]
    }

    struct Peer {
        var presharedKey: String?
        var allowedIPs: Set<String> = []
        var endpoint: String?
        var keepalive = "0"
    }

    /// nil where they are there, and whoever runs this may use them; else what is missing.
    static let missing: String? = {
        if geteuid() != 0 { return "only root can make an interface to ask wg about" }
        let programs = ["/usr/bin/wg", "/usr/bin/wg-quick", "/usr/bin/unshare"]
        return programs.first { !FileManager.default.isExecutableFile(atPath: $0) }.map { "there is no \($0)" }
    }()

    /// Of each file in order. One shell for all of them: wg-quick's own functions read a file, and only wg is started for each.
    static func verdicts(_ files: [[UInt8]]) throws -> [Verdict] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "wggw-judge-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (i, bytes) in files.enumerated() { try Data(bytes).write(to: directory.appending(path: "\(i).conf")) }
        let script = directory.appending(path: "judge.sh")
        try Data(shell.utf8).write(to: script)
        let program = try Program(
            ["\(files.count)"], before: ["unshare", "--net", "--mount", "bash", script.path, directory.path])
        let words = program.words()
        try #require(program.end() == 0, "\(words)")
        return try files.indices.map { i in
            let status = try String(contentsOf: directory.appending(path: "\(i).status"), encoding: .utf8)
            if status != "taken\n" { return .refused }
            let quick = try Data(contentsOf: directory.appending(path: "\(i).quick"))
            let shown = try String(contentsOf: directory.appending(path: "\(i).shown"), encoding: .utf8)
            return .taken(meaning(String(decoding: quick, as: UTF8.self), shown))
        }
    }

    private static func meaning(_ quick: String, _ shown: String) -> Meaning {
        var meaning = Meaning()
        for item in quick.split(separator: "\0") {
            let (key, value) = (item.prefix { $0 != "=" }, item.drop { $0 != "=" }.dropFirst())
            // An empty list is one word without text.
            if value.isEmpty { continue }
            switch key {
            case "ADDRESS": meaning.addresses.append(String(value))
            case "DNS": meaning.dns.append(String(value))
            default: meaning.mtu = String(value)
            }
        }
        var key = ""
        for line in shown.split(separator: "\n") {
            guard let sign = line.firstRange(of: " = ") else { continue }
            let value = String(line[sign.upperBound...])
            switch line[..<sign.lowerBound] {
            case "PrivateKey": meaning.privateKey = value
            case "ListenPort": meaning.listenPort = value
            case "FwMark": meaning.mark = value
            case "PublicKey":
                key = value
                meaning.peers[key] = Peer()
            case "PresharedKey": meaning.peers[key]?.presharedKey = value
            case "AllowedIPs":
                meaning.peers[key]?.allowedIPs = Set(
                    value.replacing(" ", with: "").split(separator: ",").map(String.init))
            case "Endpoint": meaning.peers[key]?.endpoint = value
            case "PersistentKeepalive": meaning.peers[key]?.keepalive = value
            default: break
            }
        }
        return meaning
    }

    /// The address that every name has there.
    static let address = "203.0.113.7"

    /// Arguments: the directory, wggw, how many files. Names are looked up in a file of its own, nothing is left on the box.
    private static let shell = #"""
        set -e
        directory=$1 wggw=$2 count=$3
        cd "$directory"
        mount -t tmpfs none /run
        mkdir -p /run/wireguard
        printf 'hosts: files\nservices: files\n' > nsswitch
        echo '203.0.113.7 vpn.example.org vpn.example.org. wg_server.example.org' > hosts
        mount --bind nsswitch /etc/nsswitch.conf
        mount --bind hosts /etc/hosts
        ip link set lo up
        "$wggw" datapath wgjudge
        trap 'ip link delete wgjudge' EXIT
        export WG_ENDPOINT_RESOLUTION_RETRIES=0
        sed '/^# ~~ function override insertion point/,$d' /usr/bin/wg-quick > wg-quick.functions
        grep -q '^parse_options()' wg-quick.functions
        . ./wg-quick.functions
        set +e
        die() { exit 1; }
        stat() { echo 0600; }
        readlink() { echo "$2"; }
        for ((i = 0; i < count; i++)); do
            if (
                parse_options "./$i.conf" 2>&1 || exit 1
                printf 'ADDRESS=%s\0' "${ADDRESSES[@]}" > "$i.quick"
                printf 'DNS=%s\0' "${DNS[@]}" "${DNS_SEARCH[@]}" >> "$i.quick"
                printf 'MTU=%s\0' "$MTU" >> "$i.quick"
                echo "$WG_CONFIG" > "$i.strip"
            ) && wg setconf wgjudge "$i.strip" > "$i.said" 2>&1; then
                wg showconf wgjudge > "$i.shown" && echo taken > "$i.status"
            else
                echo refused > "$i.status"
            fi
        done
        """#
}
