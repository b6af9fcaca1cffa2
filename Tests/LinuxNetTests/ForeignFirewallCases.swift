import NetTypes
import Testing

@testable import LinuxNet

extension ForeignFirewallTests {
    static let forwardWithIptables = "iptables -I FORWARD -i wg0 -j ACCEPT && iptables -I FORWARD -o wg0 -j ACCEPT"
    static let docker = "iptables -I DOCKER-USER -i wg0 -j ACCEPT && iptables -I DOCKER-USER -o wg0 -j ACCEPT"
    static let forwardWithNft = """
        nft insert rule inet filter forward iifname '"wg0"' accept && \
        nft insert rule inet filter forward oifname '"wg0"' accept
        """

    static let cases: [Case] = [
        Case(name: "nothing", rules: "", obstacles: []),
        Case(
            name: "accepting policy",
            rules: "table inet filter { chain forward { type filter hook forward priority 0; policy accept; }; }",
            obstacles: []),
        Case(
            name: "dropping policy",
            rules: "table inet filter { chain forward { type filter hook forward priority 0; policy drop; }; }",
            obstacles: [(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
        Case(
            name: "only one direction let through",
            rules: """
                table inet filter { chain forward { type filter hook forward priority 0; policy drop
                iifname "wg0" accept
                }; }
                """,
            obstacles: [(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
        Case(
            name: "both directions let through, by wildcard and by what is established",
            rules: """
                table inet filter { chain forward { type filter hook forward priority 0; policy drop
                ct state vmap { established : accept, related : accept, invalid : drop }
                iifname "wg*" jump tunnels
                }
                chain tunnels { ip daddr 192.168.0.0/16 accept
                }; }
                """,
            obstacles: []),
        Case(
            name: "final reject",
            rules: """
                table inet filter { chain forward { type filter hook forward priority 0; policy accept
                ct state established,related accept
                iifname "eth7" accept
                reject with icmpx admin-prohibited
                }; }
                """,
            obstacles: [(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
        Case(
            name: "Docker",
            rules: """
                table ip filter {
                chain DOCKER-USER { counter return
                }
                chain DOCKER { drop
                }
                chain FORWARD { type filter hook forward priority 0; policy drop
                counter jump DOCKER-USER
                oifname "docker0" ct state established,related accept
                oifname "docker0" jump DOCKER
                iifname "docker0" accept
                }; }
                """,
            obstacles: [(chain: "ip filter FORWARD", owner: "Docker", remedy: docker)]),
        Case(
            name: "Docker with the remedy",
            rules: """
                table ip filter {
                chain DOCKER-USER { oifname "wg0" counter accept
                iifname "wg0" counter accept
                counter return
                }
                chain FORWARD { type filter hook forward priority 0; policy drop
                counter jump DOCKER-USER
                }; }
                """,
            obstacles: []),
        Case(
            name: "iptables by hand, both families",
            rules: """
                table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }
                table ip6 filter { chain INPUT { type filter hook input priority 0; policy drop; }; }
                """,
            obstacles: [
                (chain: "ip filter FORWARD", owner: nil, remedy: forwardWithIptables),
                (
                    chain: "ip6 filter INPUT", owner: nil,
                    remedy: "ip6tables -I INPUT -p udp --dport 51820 -j ACCEPT"
                ),
            ]),
        Case(
            name: "ufw",
            rules: """
                table ip filter {
                chain ufw-user-input { tcp dport 22 accept
                }
                chain ufw-user-forward { }
                chain INPUT { type filter hook input priority 0; policy drop
                iifname "lo" accept
                ct state established,related accept
                jump ufw-user-input
                }
                chain FORWARD { type filter hook forward priority 0; policy drop
                ct state established,related accept
                jump ufw-user-forward
                }; }
                """,
            obstacles: [
                (chain: "ip filter INPUT", owner: "ufw", remedy: "ufw allow 51820/udp"),
                (
                    chain: "ip filter FORWARD", owner: "ufw",
                    remedy: "ufw route allow in on wg0 && ufw route allow out on wg0"
                ),
            ]),
        Case(
            name: "input that lets the port in from one interface",
            rules: """
                table inet filter { chain input { type filter hook input priority 0; policy drop
                iifname "eth0" udp dport 51820 accept
                }; }
                """,
            obstacles: []),
        Case(
            name: "firewalld",
            rules: """
                table inet firewalld {
                chain filter_FWD_public { }
                chain filter_FORWARD { type filter hook forward priority 10; policy accept
                ct state { established, related } accept
                ct status dnat accept
                iifname "lo" accept
                iifname "eth0" goto filter_FWD_public
                ct state invalid drop
                reject with icmpx admin-prohibited
                }; }
                """,
            obstacles: [
                (
                    chain: "inet firewalld filter_FORWARD", owner: "firewalld",
                    remedy: "firewall-cmd --permanent --zone=trusted --add-interface=wg0 && firewall-cmd --reload"
                )
            ]),
        // Beside 51820 the tunnel is dialled at 443, which wggw's own table sends on to it at priority -100.
        Case(
            name: "what looks before a port is sent on sees the one that was asked",
            rules: """
                table inet raw { chain early { type filter hook prerouting priority -150; policy accept
                udp dport 443 drop
                }
                chain late { type filter hook prerouting priority -50; policy accept
                udp dport 443 drop
                }; }
                """,
            obstacles: [
                (
                    chain: "inet raw early", owner: nil,
                    remedy: "nft insert rule inet raw early udp dport 443 accept"
                )
            ]),
        Case(
            name: "what looks later sees WireGuard's own, and that it was sent on",
            rules: """
                table inet filter { chain input { type filter hook input priority 0; policy drop
                udp dport 443 accept
                }
                chain second { type filter hook input priority 1; policy accept
                ct status dnat udp dport 51820 drop
                }; }
                """,
            obstacles: [
                (
                    chain: "inet filter input", owner: nil,
                    remedy: "nft insert rule inet filter input udp dport 51820 accept"
                ),
                (
                    chain: "inet filter second", owner: nil,
                    remedy: "nft insert rule inet filter second udp dport 51820 accept"
                ),
            ]),
        // Of those that translate, wggw's own comes first at 443; at 51820 it has none.
        Case(
            name: "a container's published ports",
            rules: """
                table ip nat {
                chain DOCKER { iifname "docker0" return
                iifname != "docker0" udp dport 443 dnat to 172.17.0.2:443
                iifname != "docker0" udp dport 51820 dnat to 172.17.0.2:51820
                }
                chain PREROUTING { type nat hook prerouting priority dstnat; policy accept
                fib daddr type local jump DOCKER
                }; }
                """,
            obstacles: [
                (
                    chain: "ip nat PREROUTING", owner: "Docker",
                    remedy: "iptables -t nat -I PREROUTING -p udp --dport 51820 -j ACCEPT"
                )
            ]),
        Case(
            name: "a redirection before wggw's own",
            rules: """
                table inet early { chain pre { type nat hook prerouting priority -150; policy accept
                udp dport { 443, 8443 } redirect to :53
                udp dport 51821 redirect to :53
                }; }
                """,
            obstacles: [
                (
                    chain: "inet early pre", owner: nil,
                    remedy: "nft insert rule inet early pre udp dport 443 accept"
                )
            ]),
        Case(
            name: "translated for one sender, or to the tunnel, or for TCP",
            rules: """
                table inet early { chain pre { type nat hook prerouting priority -150; policy accept
                ip saddr 203.0.113.5 udp dport 51820 dnat ip to 10.0.0.2
                udp dport 443 redirect to :51820
                tcp dport { 443, 51820 } redirect to :53
                iifname "eth7" udp dport 51820 redirect to :53
                }; }
                """,
            obstacles: []),
        Case(
            name: "firewalld's port forwarding",
            rules: """
                table inet firewalld {
                chain nat_PREROUTING { type nat hook prerouting priority -90; policy accept
                meta nfproto ipv4 udp dport 51820 dnat ip to 10.0.0.2:500
                }; }
                """,
            obstacles: [
                (
                    chain: "inet firewalld nat_PREROUTING", owner: "firewalld",
                    remedy: """
                    firewall-cmd --permanent --remove-forward-port=port=51820:proto=udp:toport=500:toaddr=10.0.0.2 && \
                    firewall-cmd --reload
                    """
                )
            ]),
        Case(
            name: "another hook, another kind",
            rules: """
                table inet filter { chain output { type filter hook output priority 0; policy drop; }
                chain nat { type nat hook postrouting priority 100; policy accept; }; }
                """, obstacles: []),
    ]
}
