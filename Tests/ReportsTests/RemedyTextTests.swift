import BoxModel
import Compiler
import Explaining
import Gateway
import Storage
import Testing

@testable import NetTypes
@testable import SiteModel
@testable import wggw

/// The words of errors, notices and alarms with the commands that help, as people see them.
@Suite struct RemedyTextTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let network = IPPrefix("10.77.0.0/24")!
    private static let found = FoundGateway(kind: .wgQuick, interface: "wg0", file: "/a")
    private static let down = BoxError(.init(.lookUp, .host("x")), .unresolved(resolver: "no answer"))

    private static let errors: [(GatewayError, String)] = [
        (.noSite, "there is no site yet; start with `wggw init --lan 192.168.1.0/24 --endpoint HOST`"),
        (.noSuchPeer("a", known: []), "there is no peer a (there are none yet); see `wggw add-peer`"),
        (.noSuchPeer("a", known: ["zzzzzz"]), "there is no peer a; `wggw list` shows those that there are"),
        (
            .waitsForConfirmation(revision: 3, seconds: 9),
            "revision 3 waits for confirmation (9 s left); run `wggw confirm` to keep it, or `wggw rollback` to take it back now"
        ),
        (
            .checksBroken(revision: 3, []),
            "revision 3 breaks its own checks, and was not applied; `wggw profile edit` changes either"
        ),
        (
            .goingBackFailed(to: nil, cause: down),
            """
            the box is not back at nothing of wggw's yet: look up x: no answer
              the guard of `apply --confirm`, or the next wggw command, tries again; `wggw down` takes everything off
            """
        ),
        (
            .drafting(.peerIsThere("a")),
            "there is a peer a already; change it with `wggw set-peer a`, or take another name"
        ),
        (
            .drafting(.oneName(interface: "wg0", strangers: 2)),
            "wg0 has 2 peers that wggw does not know; leave the name out, and give them others afterwards by `wggw profile edit`"
        ),
        (
            .drafting(.disguiseIsThere(.awg)),
            "this site has a disguise already; `wggw disguise on --anew` draws another one, and each disguised peer needs its file anew then"
        ),
        (
            .drafting(.noFreeAddress(in: network)),
            "every address of 10.77.0.0/24 is taken; widen the tunnel's subnet with `wggw profile edit`, or give the peer an address with --address"
        ),
        (
            .drafting(.noFreeNetwork), "no network is free for the tunnel on this box; name one with --tunnel"
        ),
        (
            .drafting(.noWayOut),
            "full tunnel needs a way out, and this box has no default route; name the interface with --egress-interface, or leave --full-tunnel out"
        ),
        (
            .drafting(.lanNotFound([network], interfaces: [])),
            "no interface of this box has an address in 10.77.0.0/24, and no route leads there (it has none but loopback); if that is the LAN's network all the same, name the interface that leads there with --lan-interface"
        ),
        (
            .drafting(.whichLAN([], interfaces: [.init(name: "eth0", mtu: 1500, addresses: [])])),
            "which network is the LAN? (eth0: no address); say it with --lan, like --lan 192.168.1.0/24"
        ),
        (
            .drafting(.noSuchInterface(.lanInterface, "eth7", known: ["eth0"])),
            "--lan-interface eth7: there is no such interface on this box; there are eth0"
        ),
        (.applying(.nothingWaits), "nothing waits for confirmation; see `wggw status`"),
        (
            .applying(.tooLate(revision: 3, backAt: 2)),
            "too late: revision 3 was not confirmed in time, the box is back at revision 2"
        ),
        (
            .applying(.nothingToGoBackFrom),
            "nothing of wggw's is on the box; name a revision, or run `wggw up`"
        ),
        (.applying(.nothingToBringUp), "nothing was ever applied; run `wggw apply`"),
        (.applying(.nothingToCompare), "nothing was applied yet; name two revisions, see `wggw history`"),
        (.log(.nothingOnBox), "nothing of wggw's is on the box; see `wggw apply`"),
        (.log(.notUp(interface: "wg0")), "wg0 is not up; `wggw up` brings it back"),
        (
            .log(.notKept),
            "nobody keeps what is refused; from now on: `wggw init --log-denied`, then `wggw apply`"
        ),
        (
            .exporting(.presharedKey(peer: "a")),
            "a has a preshared key, which a profile cannot hold; `wggw export a --as gateway` writes a file that can"
        ),
        (
            .exporting(.unnumbered(peer: "a")),
            "a has no address in the tunnel, so there is nothing to write for it; give it one with `wggw set-peer a --address auto`, or set up its side by hand"
        ),
        (
            .exporting(.tooLong(bytes: 3000, most: 2953, hasTemplates: false)),
            "3000 bytes are too much for a QR code, which holds 2953 at level L; write the file with --conf instead"
        ),
        (
            .exporting(.tooWide(bytes: 700, columns: 97, has: 80, hasTemplates: true)),
            "the QR code of 700 bytes needs 97 columns, and this terminal has 80: it would break the lines, and nothing reads that; make the window wider or its letters smaller, or write a picture (--png, --svg), or take i1 to i5 out of the disguise"
        ),
        (
            .exporting(
                .client(.tooNew(peer: "a", AWGVersionFault(version: .one, names: [.s4, .h1], needed: .two)))),
            "peer a comes in by a disguise with S4, H1, which both ends need and apps of AmneziaWG 1.0 do not take as they are; take an app of AmneziaWG 2.0, or draw one for it and give it to the peer: `wggw disguise on --name old --for 1.0`, `wggw set-peer a --disguise old`"
        ),
        (
            .exporting(.client(.noVersion(peer: "a"))),
            "peer a comes in by plain WireGuard, which has no versions; leave --for out"
        ),
        (
            .exporting(.noSuchPort(80, [51820, 443])),
            "the tunnel is not dialled at port 80, but at 51820, 443; take one of these, or add it to tunnel.listen-ports"
        ),
        (
            .exporting(.client(.undisguised(peer: "a", form: "ios"))),
            "peer a comes in by AmneziaWG, which the form ios cannot say; take wg-quick's, which AmneziaWG's apps read, or `wggw set-peer a --disguise none`"
        ),
        (
            .exporting(.gateway(.noNetworks(peer: "a"))),
            "a has no networks behind it, so it is no gateway of a site; name them with `wggw set-peer a --route NETWORK`, or write another form"
        ),
        (
            .exporting(.gateway(.unnumbered(peer: "a"))),
            "a has no address in the tunnel; give it one with `wggw set-peer a --address auto`"
        ),
        (
            .diff(.foreignWireGuard("wg0")),
            "wg0 exists and is a WireGuard interface with another private key, not made by wggw; choose another name in tunnel.interface (`wggw init --interface`), or take it down (`wg-quick down wg0`, `ip link delete wg0`)"
        ),
        (
            .diff(.noKernelWireGuard),
            "this kernel has no WireGuard, neither built in nor as a module; load or install the module (`modprobe wireguard`), or use wggw's own: `wggw init --datapath auto`, or tunnel.datapath = \"userspace\""
        ),
        (
            .flow(.unknownName("x", near: nil)),
            "x: no peer is called that, and no host that the name service knows; `wggw list` shows the peers"
        ),
        (
            .flow(.notThroughTunnel("a", "b")),
            "neither a nor b is a peer or behind one, so nothing between them is the tunnel's; see `wggw list`"
        ),
        (
            .storage(.corrupt(path: "/d", .row)),
            "/d: the database is damaged (a column makes no sense); nothing was changed. Restore it from a backup, or move it away and start again with `wggw init`"
        ),
        (
            .storage(.missingKey(path: "/k")),
            "/k: the key that sealed the secrets is gone; put it back from a backup (or run as the systemd service that holds it), or move the state directory away and start again with `wggw init`"
        ),
        (
            .storage(.noSuchRevision(9, newest: 3)), "there is no revision 9; the newest is 3, see `wggw history`"
        ),
        (
            .storage(.movedOn(expected: nil, found: 4)),
            "somebody else made revision 4 meanwhile (this started from none); run the command again"
        ),
        (
            .storage(.secret(.privateKey(of: key), .missing)),
            "private key of \(key): is not sealed here; set it with `wggw set-peer --preshared-key`"
        ),
        (
            .storage(.file(path: "/d", .system(13))),
            "/d: Permission denied; run wggw as root, or give --state-dir a directory of yours"
        ),
        (.storage(.file(path: "/d", .system(5))), "/d: Input/output error; look at the disk and the path"),
        (
            .storage(.file(path: "/d", .writableDirectory(isEnd: false))),
            "/d: others may write to it; chmod go-w /d, or give another --state-dir"
        ),
        (
            .importing(.notThere(.piVPN, interface: "wg1", [found])),
            "there is none for --from \(Installation.Kind.piVPN.rawValue) --interface wg1 here; there is wg0 of wg-quick (/a)"
        ),
        (
            .importing(.several([found, FoundGateway(kind: .piVPN, interface: nil, file: "/b")])),
            "there are 2 gateways here: wg0 of wg-quick (/a), PiVPN (/b); choose with --from KIND, or name one of them"
        ),
        (
            .file(.output(path: "/f", .taken)),
            "/f: is there already; name another file, or replace it with --force"
        ),
    ]

    @Test(arguments: errors.indices) func error(number: Int) {
        let (error, words) = Self.errors[number]
        #expect(error.lines.map(\.text).joined(separator: "\n") == words)
    }

    @Test func alarmsAndNotices() {
        #expect(
            Alarm.cutShort(command: "wggw apply").prose.text
                == "`wggw apply` was cut short, and the box may be between two states; `wggw apply` goes on, `wggw up` goes back, `wggw down` takes everything off"
        )
        #expect(
            Alarm.overdue(revision: 3, to: nil).prose.text
                == "revision 3 was not confirmed in time, and the box is not back at nothing of wggw's yet; its guard tries again, `wggw rollback` does it now"
        )
        let notices: [Notice] = [
            .applying(.wentOff), .exporting(.unapplied(peer: "a")), .exporting(.unapplied(peer: nil)),
            .drafting(.hint(.noEndpoint)), .applying(.unknownEndpoint(Self.down, known: [])),
        ]
        #expect(
            notices.flatMap(\.lines).map(\.text) == [
                "nothing was applied before: took wggw off the box; `wggw up` brings it back",
                "the newest revision is not applied yet; run `wggw apply` before a connects",
                "the newest revision is not applied yet; run `wggw apply` before they connect",
                "hint: peers cannot dial in yet; give the public name or address with --endpoint HOST",
                "warning: look up x: no answer, the endpoint of this site; until an apply knows its address, full tunnel leads there as well",
            ])
    }

    @Test func remediesInImports() {
        let advice: Prose = "\(.letIn(peer: "a", Self.key, [IPAddress("10.0.0.2")!])) does"
        #expect(advice.text == "`wggw add-peer a --public-key \(Self.key) --address 10.0.0.2` does")
        let policy: Prose = "\(.peer(nil, .policy)) and groups say less"
        #expect(policy.text == "`wggw set-peer NAME --allow` and groups say less")
        #expect(BackupError.notABackup.prose.text == "is no backup of wggw's; `wggw backup FILE` makes one")
    }
}
