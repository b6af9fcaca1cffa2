#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the lab serves: HTTP on 80, 443 and 8080, whose answer says with which address the caller is seen;
and an echo on TCP 7, for sessions that have to live through something. All of it over IPv4 and IPv6.

Plain sockets instead of http.server, whose imports take seconds on an emulated machine."""

import socket
import sys
import threading

HTTP_PORTS = (80, 443, 8080)
ECHO_PORT = 7


def hello(connection, host, caller):
    request = b""
    while b"\r\n\r\n" not in request and (data := connection.recv(4096)):
        request += data
    body = f"hello from {host}, you are {caller}\n".encode()
    head = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def echo(connection, *_):
    while data := connection.recv(65536):
        connection.sendall(data)


def serve(listener, answer, host):
    def answer_one(connection, address):
        with connection:
            try:
                # An IPv4 caller of a dual-stack socket, as IPv4.
                answer(connection, host, address[0].removeprefix("::ffff:"))
            except OSError:
                pass  # The caller went away.

    while True:
        threading.Thread(target=answer_one, args=listener.accept(), daemon=True).start()


def main():
    host = sys.argv[1]
    for port in (*HTTP_PORTS, ECHO_PORT):
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        answer = echo if port == ECHO_PORT else hello
        threading.Thread(target=serve, args=(listener, answer, host)).start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
