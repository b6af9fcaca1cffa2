#define _GNU_SOURCE
#include "include/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int closing(int fd) {
    int error = -errno;
    close(fd);
    return error;
}

int probe_listen(unsigned index) {
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (fd < 0) return -errno;
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
    return bind(fd, (struct sockaddr *)&place, sizeof place) ? closing(fd) : fd;
}

int probe_sender(int family, const char *interface) {
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0) return -errno;
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface) + 1) ? closing(fd) : fd;
}

int probe_send(int fd, int family, const void *address, const void *packet, size_t count) {
    struct sockaddr_in to4 = {.sin_family = AF_INET};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
    memcpy(&to4.sin_addr, address, 4);
    if (family == AF_INET6) memcpy(&to6.sin6_addr, address, 16);
    const struct sockaddr *to = family == AF_INET6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to4;
    socklen_t size = family == AF_INET6 ? sizeof to6 : sizeof to4;
    return sendto(fd, packet, count, 0, to, size) < 0 ? -errno : 0;
}

int probe_ask(int fd, unsigned index, const uint8_t own[4], const uint8_t wanted[4]) {
    struct ifreq link = {0};
    if (!if_indextoname(index, link.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &link)) return -errno;
    if (link.ifr_hwaddr.sa_family != ARPHRD_ETHER) return -EOPNOTSUPP;
    uint8_t question[28] = {0, 1, 8, 0, 6, 4, 0, ARPOP_REQUEST};
    memcpy(question + 8, link.ifr_hwaddr.sa_data, 6);
    memcpy(question + 14, own, 4);
    memcpy(question + 24, wanted, 4);
    struct sockaddr_ll everybody = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)index, .sll_halen = 6};
    memset(everybody.sll_addr, 0xff, 6);
    return sendto(fd, question, sizeof question, 0, (struct sockaddr *)&everybody, sizeof everybody) < 0 ? -errno : 0;
}

ssize_t probe_hear(int fd, void *packet, size_t room, int milliseconds, struct probe_heard *heard) {
    struct pollfd ear = {.fd = fd, .events = POLLIN};
    int ready = poll(&ear, 1, milliseconds);
    if (ready < 0) return errno == EINTR ? 0 : -errno;
    if (!ready) return 0;
    struct sockaddr_ll from = {0};
    socklen_t size = sizeof from;
    ssize_t count = recvfrom(fd, packet, room, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (from.sll_pkttype == PACKET_OUTGOING) return 0;
    heard->protocol = ntohs(from.sll_protocol);
    memcpy(heard->link_address, from.sll_addr, sizeof heard->link_address);
    return count;
}
