#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the lab serves: HTTP on 80, 443 and 8080, whose answer says with which address the caller is seen;
and an echo on TCP 7, for sessions that have to live through something. All of it over IPv4 and IPv6."""

import http.server
import socket
import socketserver
import sys
import threading

HTTP_PORTS = (80, 443, 8080)
ECHO_PORT = 7


def plain(address):
    """An IPv4 caller of a dual-stack socket, as IPv4."""
    return address.removeprefix("::ffff:")


class Hello(http.server.BaseHTTPRequestHandler):
    host = ""

    def do_GET(self):
        body = f"hello from {self.host}, you are {plain(self.client_address[0])}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class DualStack(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def main():
    Hello.host = sys.argv[1]
    servers = [DualStack(("::", port), Hello) for port in HTTP_PORTS] + [DualStack(("::", ECHO_PORT), Echo)]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
