#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's advertisements (RFC 4861, 4.2) on an interface, one a second, valid for a few: advertise.py IF LIFETIME"""

import socket
import struct
import sys
import time

ROUTER_ADVERTISEMENT = 134
HOP_LIMIT = 64


def main():
    interface, lifetime = sys.argv[1], int(sys.argv[2])
    sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    # Receivers drop what has come over a router.
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
    # The kernel fills in the checksum.
    message = struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, HOP_LIMIT, 0, lifetime, 0, 0)
    while True:
        sender.sendto(message, ("ff02::1", 0))
        time.sleep(1)


if __name__ == "__main__":
    main()
