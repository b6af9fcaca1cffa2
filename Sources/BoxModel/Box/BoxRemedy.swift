internal import NetTypes
public import SiteModel

extension BoxError {
    /// What would help, if it is known.
    public var remedy: Prose? {
        switch cause {
        case .system(let refusal): remedy(for: refusal)
        case .restless(isList: true):
            "find out what keeps changing it (`ip monitor`, `nft monitor`), and try again"
        case .restless(isList: false): "find out what keeps changing it (`nft monitor`), and try again"
        case .lacking(let facility): facility.remedy
        case .noInterface: operation.verb == .replace ? "apply again" : nil
        case .otherKind: "give the tunnel another interface name"
        case .noWireGuard: "apply again to make it"
        case .setChanged: "apply once more: the whole table is replaced then"
        case .heardBy(let listener): "end the other \(listener == .command ? .look(.denied) : .follow)"
        case .unresolved:
            if case .endpoint(_, _, let interface) = operation.thing {
                "all else on \(interface) is set; correct the name, or apply again when it resolves"
            } else {
                nil
            }
        case .silentDatapath: "\(.restart) puts a new one in its place, \(.takeDown) takes it off the box"
        case .process(.mayNotBeKilled): "a container gets the right to by --cap-add KILL"
        case .process(.stillListens(let socket)): "end the process by hand: `ss -xlp | grep \(socket)` names it"
        case .process where operation.verb == .turnOff:
            "`echo module wireguard -p >/proc/dynamic_debug/control` does it by hand"
        case .undone: "does something else on this box change the same settings?"
        case .stopped, .silentKernel, .noNumber, .silentResolver, .cutShort, .malformed, .process, .remains: nil
        }
    }

    private func remedy(for refusal: Refusal) -> Prose? {
        switch (operation.verb, operation.thing, refusal.code) {
        case (.set, .sysctl(let key, _), Errno.noEntry):
            key.hasPrefix("net/ipv6")
                ? "there is no such interface, or IPv6 is switched off on this box"
                : "there is no such interface or setting"
        case (.set, .sysctl, Errno.readOnly), (.set, .sysctl, Errno.noAccess):
            "/proc/sys is read-only here, as in most containers; set it on the host"
        case (.set, .sysctl, Errno.invalid): "the kernel does not take this value"
        case (.add, .address(let address, let interface), Errno.noAccess) where address.address.isV6,
            (.add, .address(let address, let interface), Errno.notSupported) where address.address.isV6:
            "IPv6 is switched off for \(interface): set net/ipv6/conf/\(interface)/disable_ipv6 to 0"
        case (.add, .route(let route), Errno.exists):
            "another route to \(route.destination) is in the way: see `ip route show \(route.destination)`"
        case (.create, .interface(_, kind: _?), Errno.notSupported):
            "this kernel has no WireGuard; use datapath = \"userspace\""
        case (.read, .generation, Errno.invalid): "the kernel has to have nf_tables (module nf_tables)"
        case _ where operation.part != nil && Errno.unknown.contains(refusal.code):
            "the kernel has to have nf_tables with inet, nat and fib support (modules nft_*)"
        case (.end, .connections, Errno.busy) where operation.part == nil:
            "somebody's flowtable carries them past the firewall"
        case (.listen, .datapath, Errno.noEntry): "only wggw's own datapath tells events"
        case (.read, .kernelLog, Errno.notPermitted): "run it as root, outside of containers"
        default: refusal.remedy
        }
    }
}

extension BoxError.Refusal {
    /// Of whatever was tried.
    fileprivate var remedy: Prose? {
        switch (code, subject) {
        case (Errno.notPermitted, _), (Errno.noAccess, _):
            isRoot
                ? "root lacks the capability CAP_NET_ADMIN here: a container gets it by --cap-add NET_ADMIN"
                : "run it as root"
        case (Errno.addressInUse, .udpPort(let port)):
            "`ss -ulpn sport = :\(port)` names who has the port; end it, or choose another: tunnel.listen-port"
        case (Errno.noEntry, .socket), (Errno.refused, .socket): "its datapath does not run; apply again to start it"
        default: nil
        }
    }
}

extension BoxError.Facility {
    fileprivate var remedy: Prose {
        switch self {
        case .connectionTracking: "it is module nf_conntrack_netlink, or CONFIG_NF_CT_NETLINK"
        case .debugLines: "take a kernel with CONFIG_DYNAMIC_DEBUG, or datapath = \"userspace\""
        case .dynamicDebug: "try `mount -t debugfs debugfs /sys/kernel/debug`, or use datapath = \"userspace\""
        case .packetLog: "it needs the modules nft_log and nfnetlink_log"
        case .wireGuard: "use datapath = \"userspace\""
        }
    }
}

/// errno.h's numbers, of every machine that wggw runs on: this room knows no Glibc.
enum Errno {
    static let notPermitted: Int32 = 1, noEntry: Int32 = 2, interrupted: Int32 = 4, again: Int32 = 11
    static let noAccess: Int32 = 13, busy: Int32 = 16, exists: Int32 = 17, noDevice: Int32 = 19, invalid: Int32 = 22
    static let readOnly: Int32 = 30, brokenPipe: Int32 = 32, badMessage: Int32 = 74, noProtocol: Int32 = 93
    static let notSupported: Int32 = 95, addressInUse: Int32 = 98, timedOut: Int32 = 110, refused: Int32 = 111
    static let noRoute: Int32 = 113

    /// By which a kernel says that it does not know what it is asked for.
    static let unknown = [notSupported, noProtocol, invalid]
}
