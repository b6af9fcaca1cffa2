import BoxModel
public import NetTypes

/// How one kind of router is told a static route.
public struct RouterInstructions: Hashable, Sendable {
    /// `MikroTik RouterOS`
    public var router: String
    /// Commands, or what to enter where.
    public var lines: [String]
}

/// The static routes to these networks that the LAN's router needs, in the words of the common routers; empty if none are needed.
///
/// - `gateways`: the gateway's addresses in the LAN, of which the first of a route's family is used.
public func routerAdvice(_ networks: [IPPrefix], gateways: [IPAddress] = []) -> [RouterInstructions] {
    if networks.isEmpty { return [] }
    let routes = networks.map { network in
        StaticRoute(
            to: network,
            via: gateways.first { $0.isV6 == network.isV6 }?.description ?? DesiredState.unknownGateway)
    }
    return [
        RouterInstructions(router: "Linux", lines: routes.map(\.linux)),
        RouterInstructions(
            router: "OpenWrt", lines: routes.flatMap(\.openWrt) + ["uci commit network", "service network reload"]),
        RouterInstructions(router: "MikroTik RouterOS", lines: routes.map(\.routerOS)),
        RouterInstructions(router: "Cisco IOS", lines: routes.map(\.cisco)),
        RouterInstructions(
            router: "pfSense, OPNsense",
            lines: [
                "System > Routing (OPNsense: System > Gateways): add the gateway on the LAN interface, then a static route"
            ]
                + routes.map { "Destination network \($0.to), gateway \($0.via)" }),
        RouterInstructions(
            router: "FRITZ!Box",
            lines: ["Home Network > Network > Network Settings > Static Routing Table (advanced view)"]
                + routes.map(\.form)),
        RouterInstructions(
            router: "other routers",
            lines: ["look for \"static route\" in the LAN or routing settings"] + routes.map(\.form)),
    ]
}

private struct StaticRoute {
    var to: IPPrefix
    var via: String

    var linux: String { "ip \(to.isV6 ? "-6 " : "")route add \(to) via \(via)" }

    var openWrt: [String] {
        let kind = to.isV6 ? "route6" : "route"
        let target = "uci set network.@\(kind)[-1]"
        return [
            "uci add network \(kind)", "\(target).interface='lan'", "\(target).target='\(to)'",
            "\(target).gateway='\(via)'",
        ]
    }

    var routerOS: String { "/\(to.isV6 ? "ipv6" : "ip") route add dst-address=\(to) gateway=\(via)" }

    var cisco: String { to.isV6 ? "ipv6 route \(to) \(via)" : "ip route \(to.address) \(mask) \(via)" }

    /// The fields of a form.
    var form: String {
        to.isV6
            ? "IPv6 network \(to.address), prefix length \(to.length), gateway \(via)"
            : "IPv4 network \(to.address), subnet mask \(mask), gateway \(via)"
    }

    /// `255.255.255.0`
    private var mask: String {
        IPPrefix(masking: .v4(IPv4Address(rawValue: ~0)), length: to.length).address.description
    }
}
