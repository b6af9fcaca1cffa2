import NetTypes

/// What is not the Internet, wherever one is: addresses that lead to somebody's own network, to the nearest router, or nowhere.
///
/// From IANA's registries, https://www.iana.org/assignments/ of the names given: everything that is not "globally reachable",
/// and what is reachable by anycast, since the nearest router answers there.
enum SpecialNetworks {
    static let all = (v4 + v6).map { IPPrefix($0)! }

    /// iana-ipv4-special-registry, and multicast (ipv4-address-space).
    private static let v4 = [
        "0.0.0.0/8",  // this network, RFC 791
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private use, RFC 1918
        "100.64.0.0/10",  // shared by a provider's customers, RFC 6598
        "127.0.0.0/8",  // loopback, RFC 1122
        "169.254.0.0/16",  // link-local, RFC 3927; a cloud tells a machine's secrets at 169.254.169.254
        "192.0.0.0/24",  // protocol assignments, RFC 6890; anycast of port control and TURN, RFC 7723 and 8155
        "192.88.99.0/24",  // anycast of 6to4 relays, deprecated, RFC 7526
        "198.18.0.0/15",  // benchmarks, RFC 2544
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation, RFC 5737
        "224.0.0.0/4",  // multicast, RFC 5771
        "240.0.0.0/4",  // reserved, and broadcast, RFC 1112
    ]

    /// iana-ipv6-special-registry, and all but 2000::/3 (ipv6-address-space).
    private static let v6 = [
        "::/16",  // unspecified, loopback, IPv4-mapped and IPv4-compatible, RFC 4291
        "64:ff9b:1::/48",  // translators of a site, RFC 8215
        "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4",  // nobody's; discard-only, RFC 6666 and 9780
        "2001::/23",  // protocol assignments, RFC 2928: Teredo, anycast, benchmarks, ORCHID
        "2001:db8::/32", "3fff::/20",  // documentation, RFC 3849 and 9637
        "2002::/16",  // 6to4, RFC 3056: an IPv4 address of any kind is inside
        "4000::/2",  // nobody's; segment routing, RFC 9602
        "8000::/1",  // nobody's; unique local, RFC 4193; link-local and multicast, RFC 4291
    ]
}
