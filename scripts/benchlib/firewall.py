# SPDX-License-Identifier: GPL-3.0-or-later
"""The same firewall that wggw makes of the benchmark's site, as a file for `nft -f` that replaces the whole table."""

CHAINS = """
    chain lan {
        fib daddr type local accept
        oifname "eth1" ip daddr @lan4 accept
        oifname "eth1" ip6 daddr @lan6 accept
    }
    chain policies {
        ct state invalid drop
        ip saddr vmap @policy4
        ip6 saddr vmap @policy6
    }
    chain sources {
        ip saddr @from4 return
        ip6 saddr @from6 return
        drop
    }
    chain destinations {
        ip daddr @to4
        ip6 daddr @to6
    }
    chain from-tunnel {
        jump sources
        tcp flags syn / syn,rst tcp option maxseg size set rt mtu
        ct state established,related accept
        goto policies
    }
    chain to-tunnel {
        tcp flags syn / syn,rst tcp option maxseg size set rt mtu
        ct state established,related accept
        ct state invalid drop
        iifname "eth1" ip saddr @lan4 accept
        iifname "eth1" ip6 saddr @lan6 accept
    }
    chain to-gateway {
        jump sources
        ct state established,related accept
        icmp type echo-request accept
        icmpv6 type echo-request accept
        goto policies
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname "wg0" jump from-tunnel
        iifname "wg0" drop
        oifname "wg0" jump to-tunnel
        oifname "wg0" drop
    }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "wg0" jump to-gateway
        iifname "wg0" drop
    }
    chain outgoing {
        type filter hook postrouting priority filter; policy accept;
        oifname "wg0" jump destinations
    }
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        iifname "wg0" oifname "eth1" ip daddr @lan4 masquerade
        iifname "wg0" oifname "eth1" ip6 daddr @lan6 masquerade
    }
}
"""


def rules(networks):
    """The table for peers at these IPv4 host prefixes: who may speak, what it may reach, and a counter each way."""
    addresses = [network.removesuffix("/32") for network in networks]
    counted = ", ".join(f"{address} counter" for address in addresses)
    verdicts = ", ".join(f"{address} : goto lan" for address in addresses)
    elements = lambda text: f" elements = {{ {text} }};" if text else ""
    return f"""\
table inet byhand
delete table inet byhand
table inet byhand {{
    set from4 {{ type ipv4_addr; counter;{elements(counted)} }}
    set from6 {{ type ipv6_addr; counter; }}
    set to4 {{ type ipv4_addr; counter;{elements(counted)} }}
    set to6 {{ type ipv6_addr; counter; }}
    set lan4 {{ type ipv4_addr; flags interval; elements = {{ 192.168.77.0/24 }}; }}
    set lan6 {{ type ipv6_addr; flags interval; }}
    map policy4 {{ type ipv4_addr : verdict;{elements(verdicts)} }}
    map policy6 {{ type ipv6_addr : verdict; }}
""" + CHAINS.lstrip("\n")
