#define _GNU_SOURCE
#include "linkwatch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

int link_watch_open(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) return -errno;
    struct sockaddr_nl address;
    memset(&address, 0, sizeof address);
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static void read_name(struct nlmsghdr *m, char *name) {
    unsigned left = IFLA_PAYLOAD(m);
    for (struct rtattr *a = IFLA_RTA(NLMSG_DATA(m)); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_IFNAME && RTA_PAYLOAD(a) <= 16) memcpy(name, RTA_DATA(a), RTA_PAYLOAD(a));
}

int link_watch_read(int fd, int index, char *name) {
    _Alignas(struct nlmsghdr) char buffer[32768];
    int news = 0;
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n < 0) {
            if (errno == EINTR) continue;
            // Something was lost: whoever asks must look for himself.
            if (errno == ENOBUFS) news |= LINK_CHANGED;
            return news;
        }
        unsigned left = (unsigned)n;
        for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg))) continue;
            const struct ifinfomsg *info = NLMSG_DATA(m);
            if (info->ifi_index != index || info->ifi_family != AF_UNSPEC) continue;
            if (m->nlmsg_type == RTM_NEWLINK) {
                news |= LINK_CHANGED;
                read_name(m, name);
            }
            if (m->nlmsg_type == RTM_DELLINK) news |= LINK_DELETED;
        }
    }
}
