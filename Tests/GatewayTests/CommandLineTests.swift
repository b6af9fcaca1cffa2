import Glibc
import Testing

/// Words, files and statuses of commands.
@Suite struct CommandLineTests {
    struct Call: CustomTestStringConvertible {
        let arguments: String
        let status: Int32
        let says: String
        var testDescription: String { arguments }

        init(_ arguments: String, _ status: Int32, _ says: String) {
            self.arguments = arguments
            self.status = status
            self.says = says
        }
    }

    /// None of these gets as far as the box or a state directory.
    static let calls: [Call] = [
        Call("", 0, "USAGE: wggw"),
        Call("--help", 0, "add-peer"),
        Call("--version", 0, "0."),
        Call("help status", 0, "last_handshake"),
        Call("--generate-completion-script bash", 0, "wggw"),
        Call("nonsense", 64, "nonsense"),
        Call("statsu --json", 64, "did you mean status?"),
        Call("apply -m reason", 64, "only of --file"),
        Call("init --lan 192.168.1.0/33", 64, "at most /32"),
        Call("init --lan 192.168.1.7/24", 64, "the network is 192.168.1.0/24"),
        Call("init --tunnel fd00::1/64", 64, "--tunnel6"),
        Call("init --tunnel6 10.0.0.0/8", 64, "auto, none or an IPv6 network"),
        Call("init --reply-path nat", 64, "masquerade, proxy-arp or routed"),
        Call("init --datapath fast", 64, "auto, kernel or userspace"),
        Call("init --listen-port 70000", 64, "listen-port"),
        Call("init --listen-port 0", 64, "1 to 65535"),
        Call("init --mtu big", 64, "mtu"),
        Call("init --dns dns.example", 64, "four numbers"),
        Call("init extra", 64, "extra"),
        Call("add-peer", 64, "name"),
        Call("add-peer a --public-key short", 64, "44 characters"),
        Call("add-peer a --address 10.0.0.300", 64, "four numbers"),
        Call("add-peer a --allow 192.168.1.10:443", 64, "/tcp"),
        Call("add-peer a --route 10.0.0.1/8", 64, "10.0.0.0/8"),
        Call("add-peer a --endpoint host", 64, "51820"),
        Call("add-peer a --keepalive 70000", 64, "keepalive"),
        Call("add-peer a --full-tunnel --split-tunnel", 64, "exclude each other"),
        Call("add-peer a --group g --allow 10.0.0.0/8", 64, "exclude each other"),
        Call("remove-peer", 64, "name"),
        Call("export", 64, "name"), Call("export --all", 64, "--zip"), Call("export a --all --zip f", 64, "--all"),
        Call("export a --as windows", 64, "networkmanager, networkd"),
        Call("export a --as ios --qr", 64, "wg-quick's form only"),
        Call("export a --on-demand", 64, "--as ios"), Call("export a --as ios --except-wifi Home", 64, "--on-demand"),
        Call("import", 64, "path"), Call("import /none", 1, "/none: No such file"),
        Call("import /dev/null", 1, "nothing here is a gateway's"),
        Call("import /dev/null --from openvpn", 64, "wg-easy-14, wg-easy-15"),
        Call("import x --lan-interface eth0", 64, "goes with --lan"),
        Call("backup", 64, "file"), Call("--state-dir /var/empty/none backup f", 1, "wggw init"),
        Call("--state-dir /var/empty/none restore /dev/null --passphrase-file /dev/null", 1, "passphrase"),
        Call("--state-dir /var/empty/none restore README.md --passphrase-file README.md", 1, "is no backup"),
        Call("apply --confirm 3", 64, "5 to 86400"),
        Call("apply --confirm soon", 64, "confirm"),
        Call("rollback last", 64, "revision"),
        Call("show --state --nft", 64, "exclude each other"),
        Call("diff 1 2 3", 64, "3"), Call("diff one", 64, "one"),
        Call("profile", 0, "import"),
        Call("profile nonsense", 64, "nonsense"),
        Call("profile import wg0.conf --lan-interface eth0", 64, "goes with --lan"),
        Call("history --json --jsn", 64, "--jsn"),
        Call("list", 1, "wggw init"),
        Call("--quiet --state-dir /var/empty/none list", 1, "wggw init"),
        Call("--state-dir=/var/empty/none profile export --quiet", 1, "wggw init"),
        Call("--state-dir", 64, "state-dir"),
        Call("--quiet --nonsense list", 64, "nonsense"),
        Call("export laptop", 1, "wggw init"),
        Call("profile import /dev/null", 78, "nothing was changed"),
        Call("lint", 64, "file"),
        Call("lint /dev/null", 3, "no PrivateKey"),
        Call("lint --state-dir /tmp /dev/null", 64, "state-dir"),
    ]

    @Test(arguments: calls) func statusAndWords(call: Call) throws {
        let directory = "/tmp/wggw-cli-\(getpid())-none"
        let (status, output) = try Program.run(
            call.arguments.split(separator: " ").map(String.init), environment: ["WGGW_STATE_DIR=\(directory)"])
        #expect(status == call.status, "\(output)")
        #expect(output.contains(call.says), "\(output)")
        #expect(access(directory, F_OK) != 0)
    }
}
