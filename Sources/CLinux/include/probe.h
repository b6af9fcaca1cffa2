// Raw sockets: one packet out, and an ear on an interface for what comes back. Errors are negative errnos.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Where a packet was heard.
struct probe_heard {
    /// In host order: 0x0800 IPv4, 0x86dd IPv6, 0x0806 ARP.
    uint16_t protocol;
    /// Who sent it on the link; zeros where a link has no addresses.
    uint8_t link_address[8];
};

/// An ear on an interface, or a negative errno.
int probe_listen(unsigned index);
/// A socket that sends whole IP packets by an interface, or a negative errno. family is AF_INET or AF_INET6.
int probe_sender(int family, const char *interface);
/// Sends a whole packet to an address of 4 or 16 bytes: 0, or a negative errno.
int probe_send(int fd, int family, const void *address, const void *packet, size_t count);
/// Asks an Ethernet's hosts who has an address (ARP, RFC 826), as a host that has another: 0, or a negative errno.
int probe_ask(int fd, unsigned index, const uint8_t own[4], const uint8_t wanted[4]);
/// The next packet that somebody else sent: its length from the network header on, 0 where none comes in time, or a negative errno.
ssize_t probe_hear(int fd, void *packet, size_t room, int milliseconds, struct probe_heard *heard);
