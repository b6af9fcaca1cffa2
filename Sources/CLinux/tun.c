#define _GNU_SOURCE
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

int tun_open_queue(char *name, int multi_queue) {
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -errno;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (multi_queue ? IFF_MULTI_QUEUE : 0));
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    memcpy(name, request.ifr_name, IFNAMSIZ);
    return fd;
}

int tun_set_offload(int fd, unsigned offloads) {
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads) < 0 ? -errno : 0;
}

static int interface_request(const char *name, unsigned long call, struct ifreq *request) {
    // Cut off, it might be somebody else's.
    if (name && strlen(name) >= IFNAMSIZ) return -ENODEV;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (name) strncpy(request->ifr_name, name, IFNAMSIZ - 1);
    int error = ioctl(fd, call, request) < 0 ? -errno : 0;
    close(fd);
    return error;
}

const unsigned interface_questions[] = {SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFTXQLEN, SIOCGIFINDEX, SIOCGIFNAME};
const size_t interface_question_count = sizeof interface_questions / sizeof *interface_questions;

int tun_set_mtu(const char *name, int mtu) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    request.ifr_mtu = mtu;
    return interface_request(name, SIOCSIFMTU, &request);
}

int tun_get_mtu(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    int error = interface_request(name, SIOCGIFMTU, &request);
    return error ? error : request.ifr_mtu;
}

int tun_get_queue_length(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    int error = interface_request(name, SIOCGIFTXQLEN, &request);
    return error ? error : request.ifr_qlen;
}

int interface_index(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    int error = interface_request(name, SIOCGIFINDEX, &request);
    return error ? error : request.ifr_ifindex;
}

int interface_name(int index, char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    request.ifr_ifindex = index;
    int error = interface_request(NULL, SIOCGIFNAME, &request);
    if (!error) memcpy(name, request.ifr_name, IFNAMSIZ);
    return error;
}

int tun_is_up(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    int error = interface_request(name, SIOCGIFFLAGS, &request);
    return error ? error : (request.ifr_flags & IFF_UP) != 0;
}

int tun_set_alias(unsigned index, const char *alias) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr attribute;
        char text[256];
    } request;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer;
    const size_t length = strlen(alias);
    if (length >= sizeof request.text) return -EINVAL;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_type = RTM_NEWLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.link.ifi_index = (int)index;
    request.attribute.rta_type = IFLA_IFALIAS;
    request.attribute.rta_len = (unsigned short)RTA_LENGTH(length);
    memcpy(request.text, alias, length);
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.link) + RTA_SPACE(length);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -errno;
    // The kernel has done it or not when `send` returns: its answer waits already.
    int error = send(fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
    if (!error && recv(fd, &answer, sizeof answer, MSG_DONTWAIT) < (ssize_t)sizeof answer.header) error = -EPROTO;
    if (!error) error = answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
    close(fd);
    return error;
}
