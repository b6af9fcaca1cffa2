import BoxModel
import NetTypes
import SiteModel
import Testing
import UAPI

@testable import wggw

/// What the box answers, as people see it.
@Suite struct BoxErrorTextTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let v4 = InterfaceAddress(IPAddress("10.77.0.1")!, length: 24)
    private static let v6 = InterfaceAddress(IPAddress("fd00::1")!, length: 64)
    private static let route = Route(IPPrefix("10.77.0.0/24")!, interface: "wg0")
    private static let socket = "/var/run/wireguard/wg0.sock"

    @Test func partsOfTransactions() {
        let parts: [(BoxError.Thing, String)] = [
            (.beginning, "begin"), (.table(), "table inet wggw"), (.chain("input"), "chain input"),
            (.set("s"), "set s"),
            (.changes(of: "s"), "elements of s"), (.rule("accept", of: "input"), "rule “accept” of chain input"),
        ]
        for (part, words) in parts {
            var operation = BoxError.Operation(.replace, .table())
            operation.part = part
            let error = BoxError(operation, .system(.init(95, name: "Operation not supported", kernel: "no")))
            #expect(
                error.prose.text
                    == """
                    replace table inet wggw, \(words): Operation not supported (no); the kernel has to have nf_tables with \
                    inet, nat and fib support (modules nft_*)
                    """)
        }
    }

    private static func system(
        _ verb: BoxError.Verb, _ thing: BoxError.Thing, _ code: Int32, about subject: BoxError.Refusal.Subject? = nil,
        isRoot: Bool = false
    ) -> BoxError {
        BoxError(.init(verb, thing), .system(.init(code, name: "E", subject: subject, isRoot: isRoot)))
    }

    private static func error(_ verb: BoxError.Verb, _ thing: BoxError.Thing, _ cause: BoxError.Cause) -> BoxError {
        BoxError(.init(verb, thing), cause)
    }

    private static let root = "root lacks the capability CAP_NET_ADMIN here: a container gets it by --cap-add NET_ADMIN"
    private static let readOnly = "/proc/sys is read-only here, as in most containers; set it on the host"
    private static let noV6 = "IPv6 is switched off for wg0: set net/ipv6/conf/wg0/disable_ipv6 to 0"
    private static let noDatapath = "its datapath does not run; apply again to start it"

    /// With the errno that each stands for.
    private static let errors: [(BoxError, Int32, String)] = [
        // What the system says.
        (system(.list, .interfaces, 5), 5, "list interfaces: E"),
        (system(.list, .interfaces, 1), 1, "list interfaces: E; run it as root"),
        (system(.list, .interfaces, 13, isRoot: true), 13, "list interfaces: E; \(root)"),
        (
            system(.set, .sysctl("net/ipv4/x", to: 1), 2), 2,
            "set sysctl net/ipv4/x to 1: E; there is no such interface or setting"
        ),
        (
            system(.set, .sysctl("net/ipv6/x", to: 1), 2), 2,
            "set sysctl net/ipv6/x to 1: E; there is no such interface, or IPv6 is switched off on this box"
        ),
        (system(.set, .sysctl("k", to: 1), 30), 30, "set sysctl k to 1: E; \(readOnly)"),
        (system(.set, .sysctl("k", to: 1), 13), 13, "set sysctl k to 1: E; \(readOnly)"),
        (system(.set, .sysctl("k", to: 1), 22), 22, "set sysctl k to 1: E; the kernel does not take this value"),
        (system(.read, .sysctl("k"), 13), 13, "read sysctl k: E; run it as root"),
        (system(.add, .address(v6, of: "wg0"), 13), 13, "add address fd00::1/64 to wg0: E; \(noV6)"),
        (system(.add, .address(v6, of: "wg0"), 95), 95, "add address fd00::1/64 to wg0: E; \(noV6)"),
        (system(.add, .address(v4, of: "wg0"), 95), 95, "add address 10.77.0.1/24 to wg0: E"),
        (
            system(.add, .route(route), 17), 17,
            "add route 10.77.0.0/24 through wg0: E; another route to 10.77.0.0/24 is in the way: see `ip route show 10.77.0.0/24`"
        ),
        (
            system(.set, .up("wg0"), 98, about: .udpPort(51820)), 98,
            "set wg0 up: E (UDP port 51820); `ss -ulpn sport = :51820` names who has the port; end it, or choose another: tunnel.listen-port"
        ),
        (
            system(.create, .interface("wg0", kind: "wireguard"), 95), 95,
            "create interface wg0 of kind wireguard: E; this kernel has no WireGuard; use datapath = \"userspace\""
        ),
        (
            system(.read, .generation, 22), 22,
            "read the firewall's generation: E; the kernel has to have nf_tables (module nf_tables)"
        ),
        (system(.end, .connections, 16), 16, "end connections: E; somebody's flowtable carries them past the firewall"),
        (
            system(.read, .kernelLog, 1), 1,
            "read the kernel's log (/dev/kmsg): E; run it as root, outside of containers"
        ),
        (system(.read, .wireGuard("wg0"), 2, about: .socket("/s")), 2, "read wg0: E (/s); \(noDatapath)"),
        (system(.read, .wireGuard("wg0"), 111, about: .socket("/s")), 111, "read wg0: E (/s); \(noDatapath)"),
        (
            system(.listen, .datapath(of: "wg0"), 2, about: .socket("/s")), 2,
            "listen to the datapath of wg0: E (/s); only wggw's own datapath tells events"
        ),
        (
            system(.listen, .datapath(of: "wg0"), 111, about: .socket("/s")), 111,
            "listen to the datapath of wg0: E (/s); \(noDatapath)"
        ),
        (system(.start, .datapath(of: "wg0"), 2, about: .program("/p")), 2, "start the datapath of wg0: E (/p)"),
        // What is not so.
        (error(.run, .command("wggw apply"), .stopped(signal: "SIGINT")), 4, "wggw apply: told to stop by SIGINT"),
        (error(.read, .wireGuard("wg0"), .stopped()), 4, "read wg0: told to stop"),
        (
            error(.list, .routes(), .restless(isList: true)), 11,
            "list routes: the list kept changing while it was read; find out what keeps changing it (`ip monitor`, `nft monitor`), and try again"
        ),
        (
            error(.read, .firewall, .restless(isList: false)), 11,
            "read the firewall: it kept changing while it was read; find out what keeps changing it (`nft monitor`), and try again"
        ),
        (error(.list, .routes(), .silentKernel), 110, "list routes: the kernel does not answer"),
        (
            error(.add, .route(route), .noInterface("wg0")), 19,
            "add route 10.77.0.0/24 through wg0: there is no interface wg0"
        ),
        (
            error(.replace, .interface("wg0"), .noInterface("wg0+")), 19,
            "replace interface wg0: there is no interface wg0+; apply again"
        ),
        (
            error(.create, .interface("wg0"), .otherKind("bridge")), 17,
            "create interface wg0: there is one of that name, of kind bridge; give the tunnel another interface name"
        ),
        (
            error(.create, .interface("wg0"), .otherKind(nil)), 17,
            "create interface wg0: there is one of that name, of kind hardware; give the tunnel another interface name"
        ),
        (
            error(.set, .wireGuard("wg0"), .noWireGuard), 19,
            "set wg0: it is no WireGuard interface; apply again to make it"
        ),
        (error(.read, .sysctl("k"), .noNumber), 0, "read sysctl k: its value is not a number"),
        (
            error(.update, .table(), .setChanged("s")), 16,
            "update table inet wggw: somebody has changed set s; apply once more: the whole table is replaced then"
        ),
        (
            error(.listen, .denied, .heardBy(.command)), 16,
            "listen to what the firewall refuses: another process listens already; end the other `wggw log --denied`"
        ),
        (
            error(.listen, .denied, .heardBy(.service)), 16,
            "listen to what the firewall refuses: another process listens already; end the other `wggw watch`"
        ),
        (error(.lookUp, .host("x"), .unresolved()), 113, "look up x: it has no address"),
        (error(.lookUp, .host("x"), .unresolved(resolver: "no")), 113, "look up x: no"),
        (error(.lookUp, .host("x"), .silentResolver), 0, "look up x: no name server answers in time"),
        (
            error(
                .lookUp, .endpoint(Endpoint("x:1")!, of: key, on: "wg0"), .unresolved(resolver: "no", others: 2)), 113,
            "look up x:1, the endpoint of peer \(key): no, and 2 more like it; all else on wg0 is set; correct the name, or apply again when it resolves"
        ),
        (
            error(.read, .wireGuard("wg0"), .silentDatapath(process: 7, socket: socket)), 110,
            "read wg0: its datapath (process 7) does not answer on \(socket); `wggw apply --restart` puts a new one in its place, `wggw down` takes it off the box"
        ),
        (
            error(.read, .wireGuard("wg0"), .silentDatapath(socket: socket)), 110,
            "read wg0: its datapath does not answer on \(socket); `wggw apply --restart` puts a new one in its place, `wggw down` takes it off the box"
        ),
        (
            error(.read, .wireGuard("wg0"), .cutShort(socket: socket)), 32,
            "read wg0: \(socket) closed in the middle of its answer"
        ),
        (
            error(
                .read, .wireGuard("wg0"), .malformed(socket: socket, UAPIError(line: 3, .endWithoutErrno))),
            74, "read wg0: line 3 of the answer on \(socket) is wrong: the answer ends without errno"
        ),
        (
            error(.look, .box, .undone(Plan([.link(.setUp(interface: "wg0")), .firewall(.remove)]))), 0,
            "look at the box again: it is still not as desired: ~ interface wg0 up, - firewall table inet wggw; does something else on this box change the same settings?"
        ),
        (
            error(.look, .box, .remains(Plan([.firewall(.remove)]))), 0,
            "look at the box again: still there: - firewall table inet wggw"
        ),
        // What a kernel lacks.
        (
            error(.list, .connections, .lacking(.connectionTracking)), 95,
            "list connections: this kernel has no ctnetlink; it is module nf_conntrack_netlink, or CONFIG_NF_CT_NETLINK"
        ),
        (
            error(.turnOn, .debugLines(), .lacking(.debugLines)), 95,
            "turn on WireGuard's debug lines: this kernel's WireGuard was built without them; take a kernel with CONFIG_DYNAMIC_DEBUG, or datapath = \"userspace\""
        ),
        (
            error(.read, .debugLines(), .lacking(.dynamicDebug)), 2,
            "read WireGuard's debug lines: this kernel has no dynamic debug, or it is not mounted; try `mount -t debugfs debugfs /sys/kernel/debug`, or use datapath = \"userspace\""
        ),
        (
            error(.listen, .denied, .lacking(.packetLog)), 95,
            "listen to what the firewall refuses: this kernel cannot log packets; it needs the modules nft_log and nfnetlink_log"
        ),
        (
            error(.configure, .wireGuard("wg0"), .lacking(.wireGuard)), 93,
            "configure wg0: this kernel has no WireGuard; use datapath = \"userspace\""
        ),
        // Processes.
        (error(.start, .applyGuard, .process(.ended(.status(1)))), 0, "\(start): it ended with status 1"),
        (error(.start, .applyGuard, .process(.ended(nil))), 0, "\(start): it ended with no status"),
        (error(.start, .applyGuard, .process(.said("no"))), 0, "\(start): no"),
        (error(.start, .applyGuard, .process(.notReady())), 110, "\(start): it was not ready in thirty seconds"),
        (error(.start, .applyGuard, .process(.notReady("no"))), 110, "\(start): no"),
        (
            error(.start, .datapath(of: "wg0"), .process(.ended(.signal(9), program: "/p", output: "bye"))), 0,
            "start the datapath of wg0: /p ended with signal 9: bye"
        ),
        (
            error(.start, .datapath(of: "wg0"), .process(.inForeground(program: "/p"))), 110,
            "start the datapath of wg0: /p did not go into the background in ten seconds"
        ),
        (
            error(.start, .datapath(of: "wg0"), .process(.silent(output: "hm"))), 110,
            "start the datapath of wg0: it started, but does not answer: hm"
        ),
        (
            error(.end, .datapath(of: "wg0"), .process(.mayNotBeKilled(7))), 110,
            "end the datapath of wg0: process 7 does nothing, and may not be killed; a container gets the right to by --cap-add KILL"
        ),
        (
            error(.end, .datapath(of: "wg0"), .process(.doesNotDie(7))), 110,
            "end the datapath of wg0: process 7 was killed, and does not end"
        ),
        (
            error(.end, .datapath(of: "wg0"), .process(.stillListens(socket: socket))), 110,
            "end the datapath of wg0: its interface is gone, but the process still listens; end the process by hand: `ss -xlp | grep \(socket)` names it"
        ),
        (
            error(.turnOff, .debugLines(), .process(.child(.status(1)))), 0,
            "turn off WireGuard's debug lines: the process for it ended with status 1; \(byHand)"
        ),
        (
            error(.turnOff, .debugLines(), .process(.child(nil))), 0,
            "turn off WireGuard's debug lines: the process for it does not end; \(byHand)"
        ),
    ]

    private static let start = "start the guard that would take the apply back"
    private static let byHand = "`echo module wireguard -p >/proc/dynamic_debug/control` does it by hand"

    @Test(arguments: errors.indices) func error(number: Int) {
        let (error, code, words) = Self.errors[number]
        #expect(error.prose.text == words)
        #expect(error.code == code)
    }
}
