import Compiler
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// Other people's rules, loaded into the kernel with nft, and what is said of them for tunnel wg0 and port 51820.
@Suite struct ForeignFirewallTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var rules: String
        var obstacles: [FirewallObstacle]
        var testDescription: String { name }
    }

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
            obstacles: [.init(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
        Case(
            name: "only one direction let through",
            rules: """
                table inet filter { chain forward { type filter hook forward priority 0; policy drop
                iifname "wg0" accept
                }; }
                """,
            obstacles: [.init(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
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
            obstacles: [.init(chain: "inet filter forward", owner: nil, remedy: forwardWithNft)]),
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
            obstacles: [.init(chain: "ip filter FORWARD", owner: "Docker", remedy: docker)]),
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
                .init(chain: "ip filter FORWARD", owner: nil, remedy: forwardWithIptables),
                .init(
                    chain: "ip6 filter INPUT", owner: nil,
                    remedy: "ip6tables -I INPUT -p udp --dport 51820 -j ACCEPT"),
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
                .init(chain: "ip filter INPUT", owner: "ufw", remedy: "ufw allow 51820/udp"),
                .init(
                    chain: "ip filter FORWARD", owner: "ufw",
                    remedy: "ufw route allow in on wg0 && ufw route allow out on wg0"),
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
                .init(
                    chain: "inet firewalld filter_FORWARD", owner: "firewalld",
                    remedy: "firewall-cmd --permanent --zone=trusted --add-interface=wg0 && firewall-cmd --reload")
            ]),
        Case(
            name: "another hook, another kind",
            rules: """
                table inet filter { chain output { type filter hook output priority 0; policy drop; }
                chain nat { type nat hook postrouting priority 100; policy accept; }; }
                """, obstacles: []),
    ]

    @Test(arguments: cases) func `chains in the way are named`(_ example: Case) throws {
        try inNetworkNamespace {
            let path = "/tmp/wggw-foreign-\(getpid())-\(pthread_self()).nft"
            let text = example.rules
            let file = try #require(fopen(path, "w"))
            fputs(text, file)
            fclose(file)
            defer { unlink(path) }
            try run("nft", "-f", path)
            let scope = Scope(interface: "wg0", listenPort: 51820)
            #expect(try LinuxBox().observe(scope).obstacles == example.obstacles)
        }
    }

    @Test func `wggw's own table is in nobody's way`() throws {
        try inNetworkNamespace {
            try LinuxBox().perform(.replaceFirewall(Sample.firewall, carrying: nil))
            #expect(try LinuxBox().observe(Scope(interface: "wg0", listenPort: 51820)).obstacles == [])
        }
    }
}
