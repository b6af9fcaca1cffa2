import CLinux
import BoxModel
import Compiler
import Glibc
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// A gateway whose interfaces are all TUN devices of the test's, in the calling thread's network namespace, with a site's
/// table, routes and sysctls. What is written to one has come in there, and is forwarded, taken or dropped before the write
/// returns: thousands of packets a second, and nothing to wait for.
///
/// The gateway itself says nothing (a chain drops what it would send), so that what leaves was forwarded.
final class PacketYard {
    /// A packet that was forwarded.
    struct Departure {
        let interface: String
        let bytes: [UInt8]
    }

    static let lanAddresses = ["192.168.1.127/24", "fd01::7f/64"].map { InterfaceAddress($0)! }
    static let publicAddresses = ["198.51.100.2/24", "2001:db8:f1::2/64"].map { InterfaceAddress($0)! }
    static let lan = "eth0"
    static let uplink = "eth1"
    private static let headerSize = 10

    let site: Site
    let naive: NaivePolicy
    let state: DesiredState
    let own: Set<IPAddress>
    private var routes: [(network: IPPrefix, interface: String)]
    private var queues: [(interface: String, descriptor: Int32)] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 17)

    /// Inside `inNetworkNamespace`. The site's LAN is `eth0`, its egress `eth0` or `eth1`.
    init(_ site: Site, _ surroundings: Surroundings = Surroundings()) throws {
        self.site = site
        naive = NaivePolicy(site: site, surroundings: surroundings)
        state = try compile(site, secrets: Lab.secrets, surroundings: surroundings)
        let tunnel = site.tunnel.interface
        own = Set((site.tunnel.addresses + Self.lanAddresses + Self.publicAddresses).map(\.address))
        let connected = [
            (Self.lan, Self.lanAddresses), (Self.uplink, Self.publicAddresses), (tunnel, site.tunnel.addresses),
        ]
        let others =
            state.routes.map { ($0.destination, tunnel) }
            + ["0.0.0.0/0", "::/0"].map { (IPPrefix($0)!, site.egress.interface ?? Self.uplink) }
        routes = connected.flatMap { name, addresses in addresses.map { ($0.network, name) } } + others
        try run("sysctl", "-qw", "net.ipv6.conf.default.addr_gen_mode=1", "net.ipv4.conf.default.rp_filter=0")
        for (name, _) in connected { try open(name) }
        var lines: [String] = []
        for (name, addresses) in connected {
            lines.append("link set \(name) up")
            lines += addresses.map { "address add \($0) dev \(name)\($0.address.isV6 ? " nodad" : "")" }
        }
        lines += others.map { network, name in "route add \(network) dev \(name)" }
        try run("sh", "-ec", "printf '\(lines.joined(separator: "\\n"))\\n' | ip -batch -")
        // The kernel makes the routes to its own IPv6 addresses by and by.
        let own6 = own.filter(\.isV6).map(\.description).joined(separator: " ")
        try run(
            "timeout", "20", "sh", "-ec",
            "for a in \(own6); do until ip -6 route show table local $a | grep -q .; do sleep 0.02; done; done")
        try bring()
        try run("nft", Self.probe)
        // Before that, the kernel has said which groups it is in.
        _ = departures()
    }

    deinit { for (_, descriptor) in queues { close(descriptor) } }

    private func open(_ name: String) throws {
        var text = Array(name.utf8CString) + [CChar](repeating: 0, count: 16)
        let descriptor = tun_open_queue(&text, 0)
        guard descriptor >= 0 else { throw NeedsRoot(code: -descriptor) }
        queues.append((name, descriptor))
    }

    /// The site's table and sysctls, as an apply brings them.
    private func bring() throws {
        let box = LinuxBox()
        let scope = Scope(interface: "none", sysctls: state.scope().sysctls)
        var state = state
        state.datapath = .auto
        for change in try diff(state, box.observe(scope)).changes {
            switch change {
            case .firewall(.replace), .setSysctl: try box.perform(change)
            default: continue
            }
        }
    }

    /// Notes the numbers of the packets that the gateway took, after wggw's own chain.
    private static let probe = """
        table inet probe {
            set heard4 { typeof ip id; size 65535; flags dynamic; }
            set heard6 { typeof ip6 flowlabel; size 65535; flags dynamic; }
            chain input {
                type filter hook input priority 10;
                add @heard4 { ip id }
                add @heard6 { ip6 flowlabel }
            }
            chain output { type filter hook output priority -500; policy drop; }
        }
        """

    /// The interface by which the routes send a packet, the longest prefix; nil for the gateway itself.
    func output(to address: IPAddress) -> String? {
        if own.contains(address) { return nil }
        return routes.filter { $0.network.contains(address) }.max { $0.network.length < $1.network.length }?.interface
    }

    /// Whether the box forwards this family at all.
    func forwards(v6: Bool) -> Bool {
        let key = v6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward"
        return state.sysctls.contains { $0.key == key }
    }

    /// A packet comes in; returns what leaves. One that the kernel does not even take leaves nowhere.
    func send(_ packet: [UInt8], into interface: String) -> [Departure] {
        let descriptor = queues.first { $0.interface == interface }!.descriptor
        _ = write(descriptor, [UInt8](repeating: 0, count: Self.headerSize) + packet, Self.headerSize + packet.count)
        return departures()
    }

    /// All that has left since the last look.
    private func departures() -> [Departure] {
        var departures: [Departure] = []
        for (name, descriptor) in queues {
            while case let count = read(descriptor, &buffer, buffer.count), count > Self.headerSize {
                departures.append(Departure(interface: name, bytes: Array(buffer[Self.headerSize..<count])))
            }
        }
        return departures
    }

    /// The numbers of all packets so far that the gateway took for itself: IPv4's identification, IPv6's flow label.
    func heard() throws -> (v4: Set<Int>, v6: Set<Int>) {
        func numbers(_ set: String) throws -> Set<Int> {
            let words = try run("nft", "-n", "list", "set", "inet", "probe", set).split { !$0.isNumber && !$0.isLetter }
            let elements = words.drop { $0 != "elements" }.dropFirst()
            return Set(elements.compactMap { $0.hasPrefix("0x") ? Int($0.dropFirst(2), radix: 16) : Int($0) })
        }
        return (try numbers("heard4"), try numbers("heard6"))
    }
}
