/// Rulesets of both iptables, and what is to be said of them.
extension ForeignRuleset {
    static let drop = [":INPUT DROP", ":FORWARD DROP"]
    static let both = ["-A FORWARD -i wg0 -j ACCEPT", "-A FORWARD -o wg0 -j ACCEPT"]

    static let iptables: [ForeignRuleset] = ["iptables-nft", "iptables-legacy"].flatMap { tool in
        let table = tool == "iptables-nft" ? "ip filter" : "ip filter (legacy)"
        return [
            ForeignRuleset(
                "\(tool): port and interfaces", tool,
                filter: drop + both + ["-A INPUT -p udp --dport 51820 -j ACCEPT"]),
            ForeignRuleset(
                "\(tool): several ports, states, marks", tool,
                filter: drop + [
                    "-A INPUT -m mark --mark 3 -j DROP", "-A INPUT -p udp -m multiport --sports 1:1023 -j DROP",
                    "-A INPUT -p udp -m multiport --dports 53,51000:52000 -m comment --comment x -j ACCEPT",
                    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    "-A FORWARD -s 192.168.0.0/16 -m conntrack --ctstate NEW --ctdir ORIGINAL -j ACCEPT",
                ]),
            ForeignRuleset(
                "\(tool): local addresses, ranges, a rate", tool,
                filter: drop + [
                    "-A INPUT -m hashlimit --hashlimit-above 50/sec --hashlimit-mode srcip --hashlimit-name x -j DROP",
                    "-A INPUT -m addrtype ! --dst-type LOCAL -j DROP",
                    "-A INPUT -m limit --limit 10/sec -p udp -m udp --dport 51000:52000 -j ACCEPT",
                    "-A FORWARD -m iprange --src-range 192.168.2.0-192.168.2.255 -j ACCEPT",
                    "-A FORWARD -m state --state ESTABLISHED ! -i wg0 -j ACCEPT",
                ]),
            ForeignRuleset(
                "\(tool): goto, log, and refused at last", tool,
                filter: [":INPUT ACCEPT", ":FORWARD ACCEPT", ":MINE -", "-A INPUT -g MINE", "-A MINE -p tcp -j ACCEPT"]
                    + ["-A MINE -j LOG", "-A MINE -j REJECT", "-A FORWARD -p tcp --syn -d 10.0.0.0/8 -j DROP"],
                ["drops \(table) INPUT: rule 3 of \(table) MINE"], isLetIn: false),
            ForeignRuleset(
                "\(tool): addresses and interfaces that are not", tool,
                filter: drop + [
                    "-A INPUT ! -s 10.0.0.0/8 ! -i wg+ ! -p tcp -j ACCEPT",
                    "-A FORWARD ! -d 192.168.2.0/24 -j ACCEPT",
                ], ["drops \(table) FORWARD: the policy of \(table) FORWARD"], isForwarded: false),
            ForeignRuleset(
                "\(tool): what is not understood", tool,
                filter: drop + both + [
                    "-A INPUT -m string --string secret --algo bm -j ACCEPT",
                    "-A FORWARD -m string --string secret --algo bm -j DROP",
                ], ["may drop \(table) INPUT: rule 1 of \(table) INPUT"], isLetIn: nil),
        ]
    }
}
