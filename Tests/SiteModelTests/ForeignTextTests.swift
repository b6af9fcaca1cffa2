import NetTypes
import Testing

@testable import SiteModel

/// The words of what cannot be taken of other programs' files, or is taken otherwise.
@Suite struct ForeignTextTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let host = IPAddress("10.9.0.2")!
    private static let found = FoundGateway(kind: .piVPN, interface: "wg0", file: "/x")
    private static let anew = "take the file as its program wrote it"

    private static let faults: [(ForeignFault, String)] = [
        (.noKey(named: "PublicKey"), "has no PublicKey; every peer has one"),
        (
            .noKeyFile(named: "PrivateKeyFile", path: "/k"),
            "PrivateKeyFile: /k: cannot be read; name it too, or run as root where it is"
        ),
        (
            .noNetworkFile("wg0"),
            "no .network here matches wg0, in which its addresses stand; name that file too"
        ),
        (
            .noGatewayFile("wg0"),
            "the gateway's own side is not in it; name its wg0.conf too, like /etc/wireguard/wg0.conf"
        ),
        (
            .fileLeftOut(.wgQuick(.noPublicKey)),
            "a [Peer] without PublicKey; every peer has one; this file is left out"
        ),
        (.keyOfNobody(key, gateway: "/w"), "no peer of /w has its key \(key); not taken"),
        (
            .notLookedInto(UnreadFile("/x", .system(13, name: "Permission denied"))),
            "was not looked into: /x: Permission denied"
        ),
        (
            .notLookedInto(UnreadFile("/x", .tooLarge)),
            "was not looked into: /x: is larger than 64 MB, which is no profile"
        ),
        (
            .notLookedInto(UnreadFile("/x", .beingWritten)),
            "was not looked into: /x: its program is writing it, or was stopped while it did; stop it, and let SQLite end that: sqlite3 /x 'PRAGMA quick_check'"
        ),
        (
            .notLookedInto(UnreadFile("/x", .damaged(.said("no")))),
            "was not looked into: /x: cannot be read as the database that it is (no); take a copy of it while its program is stopped"
        ),
        (
            .notLookedInto(UnreadFile("/x", .damaged(.tooManyRows(table: "t", most: 9)))),
            "was not looked into: /x: cannot be read as the database that it is (t has more than 9 rows); take a copy of it while its program is stopped"
        ),
        (.notTaken(found), "not taken: wg0 of PiVPN (/x)"), (.moreNotTaken(3), "not taken: and 3 gateways more"),
        (.taken(found, peers: 1), "taken as wg0 of PiVPN (/x), with 1 peer"),
        (.taken(found, peers: 2), "taken as wg0 of PiVPN (/x), with 2 peers"),
        (.keyHidden, "private-key: is not here; `/export show-sensitive` prints it"),
        (.keyInKeyring, "private-key-flags: the key is kept elsewhere, in somebody's keyring"),
        (
            .noSetupVars,
            "no setupVars.conf here; name /etc/pivpn/wireguard/setupVars.conf too, for what PiVPN lets peers do"
        ),
        (
            .wgEasyAssumed,
            "no wg0.conf with this key beside it: taken are wg-easy's port 51820, and that it lets peers out as it does without WG_POST_UP"
        ),
        (.oneTimeLink(peer: "a"), "a: its one-time link is not taken"),
        (.oneTimeLink(peer: nil), "a peer without a name: its one-time link is not taken"),
        (.notes(peer: "a", "x"), "a: its notes are not taken: x"),
        (
            .job(peer: "a", field: "total", value: "9"),
            "a: was to be taken off when total is beyond 9, which is not taken; wggw counts nothing"
        ),
        (.wasToExpire(peer: "a", "2027"), "a: was to be let in until 2027, and is now without an end"),
        (.client(.key(peer: "a", key)), "a: its private key here does not belong to its public key \(key); not kept"),
        (
            .client(.noWayOut(peer: "a")),
            "a: sends the Internet into the tunnel, and nothing here says that it gets out"
        ),
        (
            .client(.foreignNetwork(peer: "a", IPPrefix("10.0.0.0/8")!)),
            "a: sends 10.0.0.0/8 into the tunnel, which is not in the LAN here"
        ),
        (
            .client(.servers([host], new: [host, host])),
            "asks 10.9.0.2; a new export gives everybody 10.9.0.2, 10.9.0.2"
        ),
        (
            .client(.servers([], new: [host])),
            "asks no server of the tunnel's; a new export gives everybody 10.9.0.2"
        ),
        (
            .client(.endpoint(Endpoint("a:1")!, new: Endpoint("b:2")!)),
            "dials a:1; a new export says b:2"
        ),
        (
            .client(.port(1, listens: 2)),
            "peers dial port 1, and the gateway listens on 2: what leads the one to the other has to stay"
        ),
        (.client(.mtu(1380)), "has MTU 1380; a new export has the tunnel's"),
        (.more(3, .key), "and 3 more whose private key does not belong to the public one"),
        (.more(3, .noWayOut), "and 3 more that send the Internet into the tunnel"),
        (.more(3, .foreignNetwork), "and 3 more that send networks outside of the LAN into the tunnel"),
        (.more(3, .servers), "and 3 more that ask other servers"),
        (.more(3, .endpoint), "and 3 more that dial another endpoint"),
        (.more(3, .port), "and 3 more that dial another port"), (.more(3, .mtu), "and 3 more with another MTU"),
        (.json(.trailing), "something stands behind the JSON; \(anew)"),
        (.json(.end), "the JSON ends too early; \(anew)"), (.json(.noJSON), "this is no JSON; \(anew)"),
        (.json(.noName), "a name in quotes is missing; \(anew)"), (.json(.noColon), "a colon is missing; \(anew)"),
        (.json(.noCommaInObject), "a comma or } is missing; \(anew)"),
        (.json(.noCommaInArray), "a comma or ] is missing; \(anew)"),
        (.json(.openString), "a string is not closed; \(anew)"),
        (.json(.openStringInLine), "a string is not closed in its line; \(anew)"),
        (.json(.escape), "an escape that JSON does not have; \(anew)"),
        (.json(.unicodeEscape), "\\u is followed by four hexadecimal digits; \(anew)"),
        (.tooDeep(most: 64), "is nested more than 64 deep; \(anew)"),
        (.xml(.end), "the XML ends too early; \(anew)"), (.xml(.noName), "a name is missing; \(anew)"),
        (.xml(.noElement), "an element is missing; declarations are not taken; \(anew)"),
        (.xml(.noValue), "an attribute without a value; \(anew)"),
        (.xml(.unquotedValue), "a value without quotation marks; \(anew)"),
        (.xml(.openValue), "a value is not closed; \(anew)"),
        (.xml(.entity), "an entity that XML itself does not have; \(anew)"),
        (.xml(.noEndTag("a")), "</a> is missing; \(anew)"),
    ]

    @Test func words() {
        for (fault, words) in Self.faults { #expect(ProfileFault.foreign(fault).description == words) }
    }

    @Test func absence() {
        let admission = ForeignFault.Admission(
            peer: "a", key: Self.key, addresses: [Self.host], hasPresharedKey: false)
        let absences: [(ForeignFault.Absence, String)] = [
            (.disabled, "disabled"), (.restricted, "restricted"), (.reachesNothing, "allowed to reach nothing"),
            (.expired("2026"), "expired 2026"),
        ]
        for (absence, words) in absences {
            #expect(ForeignFault.absent(admission, absence).words == "a: \(words) there, and not let in")
        }
    }

    @Test func advice() {
        func told(_ fault: ForeignFault) -> Prose {
            ProfileError(file: "f", line: 1, column: 2, .foreign(fault)).prose
        }
        func admission(_ hasPresharedKey: Bool) -> ForeignFault.Admission {
            ForeignFault.Admission(
                peer: "a", key: Self.key, addresses: [Self.host], hasPresharedKey: hasPresharedKey)
        }
        let letIn = Remedy.letIn(peer: "a", Self.key, [Self.host])
        #expect(told(.absent(admission(false), .disabled)) == "f:1:2: a: disabled there, and not let in; \(letIn) does")
        #expect(
            told(.absent(admission(true), .disabled))
                == "f:1:2: a: disabled there, and not let in; \(letIn) does, with its preshared key")
        #expect(
            told(.oneTimeLink(peer: "a"))
                == "f:1:2: a: its one-time link is not taken; \(.peer("a", .file)) writes its file")
        #expect(
            told(.wasToExpire(peer: "a", "2027"))
                == "f:1:2: a: was to be let in until 2027, and is now without an end; \(.peer(nil, .removal)) ends it")
        #expect(
            told(.client(.noWayOut(peer: "a")))
                == "f:1:2: a: sends the Internet into the tunnel, and nothing here says that it gets out; \(.peer("a", .fullTunnel)) lets it"
        )
        #expect(
            told(.client(.foreignNetwork(peer: "a", IPPrefix("10.0.0.0/8")!)))
                == "f:1:2: a: sends 10.0.0.0/8 into the tunnel, which is not in the LAN here; name it with \(.input(.lan)) if peers may reach it"
        )
    }
}
