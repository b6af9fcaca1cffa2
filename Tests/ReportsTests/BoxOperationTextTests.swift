import BoxModel
import NetTypes
import Testing

/// What the box is asked, as people see it.
@Suite struct BoxOperationTextTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let v4 = InterfaceAddress(IPAddress("10.77.0.1")!, length: 24)
    private static let neighbour = ProxyNeighbour(IPAddress("fd00::2")!, interface: "eth0")
    private static let route = Route(IPPrefix("10.77.0.0/24")!, interface: "wg0")

    private static let operations: [(BoxError.Operation, String)] = [
        (.init(.open, .netlinkSocket), "open a netlink socket"),
        (.init(.bind, .netlinkSocket), "bind a netlink socket"),
        (.init(.use, .netlinkSocket), "use a netlink socket"),
        (.init(.lookUp, .family("wireguard")), "look up generic netlink family wireguard"),
        (.init(.list, .addresses), "list addresses"), (.init(.list, .routes()), "list routes"),
        (.init(.list, .routingRules), "list rules"), (.init(.list, .routes(of: "wg0")), "list routes of wg0"),
        (.init(.add, .answers(from: IPAddress("192.0.2.1")!)), "add the way of answers from 192.0.2.1"),
        (.init(.list, .proxyNeighbours), "list proxy neighbours"), (.init(.list, .interfaces), "list interfaces"),
        (.init(.list, .chains), "list firewall chains"), (.init(.list, .tables), "list firewall tables"),
        (.init(.list, .rules(of: "t")), "list the rules of table t"), (.init(.list, .sets), "list the firewall's sets"),
        (.init(.list, .elements(of: "s")), "list the elements of set s"), (.init(.lookUp, .set("s")), "look up set s"),
        (.init(.list, .connections), "list connections"), (.init(.lookUp, .connection), "look up a connection"),
        (.init(.end, .connections), "end connections"),
        (.init(.list, .sysctls(pattern: "net/*/x")), "list sysctls net/*/x"),
        (.init(.read, .sysctl("net/x")), "read sysctl net/x"),
        (.init(.set, .sysctl("net/x", to: 1)), "set sysctl net/x to 1"),
        (.init(.lookUp, .interface("wg0")), "look up interface wg0"),
        (.init(.create, .interface("wg0")), "create interface wg0"),
        (.init(.create, .interface("wg0", kind: "wireguard")), "create interface wg0 of kind wireguard"),
        (.init(.delete, .interface("wg0")), "delete interface wg0"),
        (.init(.replace, .interface("wg0")), "replace interface wg0"),
        (.init(.rename, .name("a", to: "b")), "rename a to b"),
        (.init(.set, .mtu(of: "wg0", 1420)), "set the MTU of wg0 to 1420"), (.init(.set, .up("wg0")), "set wg0 up"),
        (.init(.set, .wireGuard("wg0")), "set wg0"), (.init(.read, .wireGuard("wg0")), "read wg0"),
        (.init(.configure, .wireGuard("wg0")), "configure wg0"),
        (.init(.add, .address(v4, of: "wg0")), "add address 10.77.0.1/24 to wg0"),
        (.init(.remove, .address(v4, of: "wg0")), "remove address 10.77.0.1/24 from wg0"),
        (.init(.add, .route(route)), "add route 10.77.0.0/24 through wg0"),
        (.init(.remove, .route(route)), "remove route 10.77.0.0/24 through wg0"),
        (.init(.answer, .proxyNeighbour(neighbour)), "answer for fd00::2 on eth0"),
        (.init(.stopAnswering, .proxyNeighbour(neighbour)), "stop answering for fd00::2 on eth0"),
        (.init(.lookUp, .routeTo(v4.address)), "look up the route to 10.77.0.1"),
        (.init(.lookUp, .neighbour(v4.address)), "look up neighbour 10.77.0.1"),
        (.init(.ask, .destination(v4.address)), "ask 10.77.0.1"),
        (.init(.lookUp, .host("a.example")), "look up a.example"),
        (
            .init(.lookUp, .endpoint(Endpoint("a.example:1")!, of: key, on: "wg0")),
            "look up a.example:1, the endpoint of peer \(key)"
        ),
        (.init(.lookUp, .table()), "look up table inet wggw"), (.init(.replace, .table()), "replace table inet wggw"),
        (.init(.update, .table()), "update table inet wggw"), (.init(.delete, .table()), "delete table inet wggw"),
        (.init(.hold, .table()), "hold table inet wggw"), (.init(.see, .logging), "look whether packets can be logged"),
        (.init(.read, .generation), "read the firewall's generation"), (.init(.read, .firewall), "read the firewall"),
        (.init(.follow, .firewall), "follow the firewall"),
        (.init(.listen, .denied), "listen to what the firewall refuses"),
        (.init(.listen, .boxChanges), "listen to what changes on this box"),
        (.init(.listen, .signals), "listen to signals"),
        (.init(.wait, .events), "wait for events"),
        (.init(.listen, .datapath(of: "wg0")), "listen to the datapath of wg0"),
        (.init(.start, .datapath(of: "wg0")), "start the datapath of wg0"),
        (.init(.start, .datapath()), "start the datapath"),
        (.init(.find, .datapath()), "find the datapath"),
        (.init(.end, .datapath(of: "wg0")), "end the datapath of wg0"),
        (.init(.end, .datapath(of: "wg0", process: 7)), "end the datapath of wg0 (process 7)"),
        (.init(.start, .applyGuard), "start the guard that would take the apply back"),
        (.init(.look, .box), "look at the box again"), (.init(.run, .command("wggw apply")), "wggw apply"),
        (.init(.make, .file("/run/wggw")), "make /run/wggw"), (.init(.open, .file("/run/l")), "open /run/l"),
        (.init(.lock, .file("/run/l")), "lock /run/l"),
        (.init(.keep, .deniedRecord("/run/d")), "keep what is refused in /run/d"),
        (.init(.read, .deniedRecord("/run/d")), "read what was refused from /run/d"),
        (.init(.read, .kernelLog), "read the kernel's log (/dev/kmsg)"),
        (.init(.read, .debugLines()), "read WireGuard's debug lines"),
        (.init(.read, .debugLines(path: "/c")), "read WireGuard's debug lines (/c)"),
        (.init(.turnOn, .debugLines()), "turn on WireGuard's debug lines"),
        (.init(.turnOff, .debugLines()), "turn off WireGuard's debug lines"),
        (.init(.writeDown, .debugRecord), "write down which debug lines were off"),
        (.init(.read, .debugRecord), "read which debug lines were off"),
    ]

    @Test(arguments: operations.indices) func operation(number: Int) {
        let (operation, words) = Self.operations[number]
        #expect(operation.description == words)
    }
}
