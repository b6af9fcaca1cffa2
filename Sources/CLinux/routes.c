#define _GNU_SOURCE
#include "routes.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

int routes_open(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;
    if (descriptor < 0) return -errno;
    // Else it gets its address with the first question, and nobody who looks at the process sees before what it is.
    const struct sockaddr_nl own = {.nl_family = AF_NETLINK};
    if (bind(descriptor, (const struct sockaddr *)&own, sizeof own) < 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    // The kernel answers at once; where it does not, packets must not wait for this.
    const struct timeval patience = {.tv_usec = 100000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // Dumps of one interface's addresses alone, from Linux 4.20 on.
    setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    return descriptor;
}

static size_t address_size(const struct udp_endpoint *to) { return to->family == AF_INET ? 4 : 16; }

static void put(struct nlmsghdr *message, unsigned short type, const void *value, size_t size) {
    struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), value, size);
    message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

// What was not read of an earlier question is no answer to this one.
static uint32_t question;

static int ask(int netlink, struct nlmsghdr *message) {
    message->nlmsg_seq = ++question;
    return sendto(netlink, message, message->nlmsg_len, 0, NULL, 0) < 0 ? -errno : 0;
}

// Calls `read_one` for each message of the answer until that gives something else than 0. 0 at its end, or -errno.
static int answer(int netlink, int is_list, int (*read_one)(const struct nlmsghdr *, void *), void *context) {
    union {
        struct nlmsghdr header;
        char bytes[16384];
    } buffer;
    for (;;) {
        ssize_t count = recv(netlink, &buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        int left = (int)count;
        for (const struct nlmsghdr *message = &buffer.header; NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_seq != question) continue;
            if (message->nlmsg_type == NLMSG_DONE) return 0;
            if (message->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
            int found = read_one(message, context);
            if (found || !is_list) return found;
        }
    }
}

static int read_interface(const struct nlmsghdr *message, void *context) {
    (void)context;
    const struct rtmsg *route = NLMSG_DATA(message);
    int left = (int)RTM_PAYLOAD(message);
    for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == RTA_OIF) return *(const int *)RTA_DATA(a);
    return -ENETUNREACH;
}

int routes_interface_to(int netlink, const struct udp_endpoint *to, uint32_t mark) {
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        char attributes[64];
    } message = {{.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
                 {.rtm_family = (unsigned char)to->family, .rtm_dst_len = (unsigned char)(address_size(to) * 8)}, {0}};
    put(&message.header, RTA_DST, to->address, address_size(to));
    if (mark) put(&message.header, RTA_MARK, &mark, sizeof mark);
    if (to->scope) put(&message.header, RTA_OIF, &to->scope, sizeof to->scope);
    int error = ask(netlink, &message.header);
    return error ? error : answer(netlink, 0, read_interface, NULL);
}

struct wanted {
    int interface;
    const struct udp_endpoint *to;
};

static int is_wanted(const struct nlmsghdr *message, void *context) {
    const struct wanted *wanted = context;
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    if ((int)address->ifa_index != wanted->interface) return 0;
    int left = (int)IFA_PAYLOAD(message);
    for (const struct rtattr *a = IFA_RTA(address); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        // With a point-to-point address IFA_ADDRESS is the other end's.
        int own = address->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS;
        size_t size = address_size(wanted->to);
        if ((a->rta_type == own || (a->rta_type == IFA_LOCAL)) && RTA_PAYLOAD(a) == size &&
            memcmp(RTA_DATA(a), wanted->to->source, size) == 0)
            return 1;
    }
    return 0;
}

int routes_has_source(int netlink, int interface, const struct udp_endpoint *to) {
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg address;
    } message = {{.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 {.ifa_family = (unsigned char)to->family, .ifa_index = (unsigned)interface}};
    struct wanted wanted = {interface, to};
    int error = ask(netlink, &message.header);
    if (error) return error;
    int found = answer(netlink, 1, is_wanted, &wanted);
    // The rest of a list that had it early.
    char rest[4096];
    while (recv(netlink, rest, sizeof rest, MSG_DONTWAIT) > 0) {}
    return found;
}
