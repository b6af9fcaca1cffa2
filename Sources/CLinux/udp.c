#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

// Enough for PKTINFO of either family, TOS or TCLASS, and UDP_GRO. With less, GRO would push the destination out.
enum { CONTROL = 128 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct udp_batch {
    struct mmsghdr messages[UDP_BATCH];
    struct iovec vectors[UDP_BATCH];
    union address names[UDP_BATCH];
    _Alignas(struct cmsghdr) char control[UDP_BATCH][CONTROL];
};

size_t udp_batch_size(void) { return sizeof(struct udp_batch); }

void udp_batch_prepare(struct udp_batch *batch, void *buffers) {
    memset(batch, 0, sizeof *batch);
    for (int i = 0; i < UDP_BATCH; i++) {
        batch->vectors[i].iov_base = (char *)buffers + (size_t)i * UDP_BUFFER;
        batch->vectors[i].iov_len = UDP_BUFFER;
        struct msghdr *m = &batch->messages[i].msg_hdr;
        m->msg_iov = &batch->vectors[i];
        m->msg_iovlen = 1;
        m->msg_name = &batch->names[i];
        m->msg_control = batch->control[i];
    }
}

const struct udp_option udp_options[] = {
    {SOL_SOCKET, SO_MARK}, {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_RCVBUF}, {SOL_SOCKET, SO_RCVBUFFORCE},
    {SOL_SOCKET, SO_SNDBUF}, {SOL_SOCKET, SO_SNDBUFFORCE}, {IPPROTO_IP, IP_PKTINFO}, {IPPROTO_IP, IP_RECVTOS},
    {IPPROTO_IP, IP_MTU_DISCOVER}, {IPPROTO_IPV6, IPV6_V6ONLY}, {IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {IPPROTO_IPV6, IPV6_RECVTCLASS}, {IPPROTO_IPV6, IPV6_MTU_DISCOVER}, {IPPROTO_UDP, UDP_GRO}, {IPPROTO_UDP, UDP_SEGMENT},
};
const size_t udp_option_count = sizeof udp_options / sizeof *udp_options;

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

int udp_set_mark(int fd, uint32_t mark) { return set(fd, SOL_SOCKET, SO_MARK, (int)mark); }

int udp_enable_gro(int fd) { return set(fd, IPPROTO_UDP, UDP_GRO, 1); }

int udp_probe_gso(int fd) { return set(fd, IPPROTO_UDP, UDP_SEGMENT, 0); }

static int bind_to(int fd, int family, uint16_t *port) {
    union address local;
    memset(&local, 0, sizeof local);
    socklen_t length = family == AF_INET ? sizeof local.v4 : sizeof local.v6;
    local.any.sa_family = (sa_family_t)family;
    if (family == AF_INET) local.v4.sin_port = htons(*port);
    else local.v6.sin6_port = htons(*port);
    if (bind(fd, &local.any, length) < 0 || getsockname(fd, &local.any, &length) < 0) return -errno;
    *port = ntohs(family == AF_INET ? local.v4.sin_port : local.v6.sin6_port);
    return 0;
}

int udp_open(int family, uint16_t *port, int reuse_port, uint32_t mark) {
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int error = 0;
    if (family == AF_INET) {
        if (!error) error = set(fd, IPPROTO_IP, IP_PKTINFO, 1);
        if (!error) error = set(fd, IPPROTO_IP, IP_RECVTOS, 1);
        if (!error) error = set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    } else {
        if (!error) error = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        if (!error) error = set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        if (!error) error = set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
        if (!error) error = set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    }
    // Without CAP_NET_ADMIN the FORCE forms fail, and the plain ones give what the limits allow.
    const int buffer = 4 << 20;
    if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer)) set(fd, SOL_SOCKET, SO_RCVBUF, buffer);
    if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, buffer)) set(fd, SOL_SOCKET, SO_SNDBUF, buffer);
    if (!error && mark) error = udp_set_mark(fd, mark);
    if (!error && reuse_port) error = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!error) error = bind_to(fd, family, port);
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}

static void read_name(struct udp_endpoint *from, const union address *name) {
    from->family = name->any.sa_family;
    if (from->family == AF_INET) {
        from->port = name->v4.sin_port;
        memcpy(from->address, &name->v4.sin_addr, 4);
    } else {
        from->port = name->v6.sin6_port;
        memcpy(from->address, &name->v6.sin6_addr, 16);
        if (IN6_IS_ADDR_LINKLOCAL(&name->v6.sin6_addr)) from->scope = name->v6.sin6_scope_id;
    }
}

static void read_control(struct udp_received *to, struct msghdr *m) {
    int value;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            memcpy(&value, CMSG_DATA(c), sizeof value);
            if (value > 0) to->segment = (uint32_t)value;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            memcpy(to->from.source, &info.ipi_addr, 4);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            memcpy(to->from.source, &info.ipi6_addr, 16);
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            to->tos = *CMSG_DATA(c);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            memcpy(&value, CMSG_DATA(c), sizeof value);
            to->tos = (uint8_t)value;
        }
    }
}

int udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, int limit) {
    for (int i = 0; i < limit; i++) {
        batch->messages[i].msg_hdr.msg_namelen = sizeof(union address);
        batch->messages[i].msg_hdr.msg_controllen = CONTROL;
    }
    int n = recvmmsg(fd, batch->messages, (unsigned)limit, MSG_DONTWAIT, NULL);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        struct udp_received *to = &received[i];
        memset(to, 0, sizeof *to);
        to->bytes = batch->vectors[i].iov_base;
        to->count = to->segment = batch->messages[i].msg_len;
        read_name(&to->from, &batch->names[i]);
        read_control(to, &batch->messages[i].msg_hdr);
    }
    return n;
}

static struct cmsghdr *append(struct msghdr *m, int level, int type, const void *value, size_t count) {
    struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(count);
    memcpy(CMSG_DATA(c), value, count);
    m->msg_controllen += CMSG_SPACE(count);
    return c;
}

// One datagram with all that a send call wants to know of it.
struct outgoing {
    union address name;
    struct iovec vector;
    _Alignas(struct cmsghdr) char control[CONTROL];
};

static void address_to(struct msghdr *m, struct outgoing *o, const struct udp_endpoint *to, const void *bytes, size_t count,
                       unsigned tos) {
    const int has_source = (to->source[0] | to->source[1]) != 0, traffic_class = (int)tos;
    memset(o, 0, sizeof *o);
    o->vector = (struct iovec){(void *)bytes, count};
    *m = (struct msghdr){.msg_name = &o->name, .msg_iov = &o->vector, .msg_iovlen = 1, .msg_control = o->control};
    o->name.any.sa_family = to->family;
    if (to->family == AF_INET) {
        o->name.v4.sin_port = to->port;
        memcpy(&o->name.v4.sin_addr, to->address, 4);
        m->msg_namelen = sizeof o->name.v4;
        if (has_source) {
            struct in_pktinfo info = {0};
            memcpy(&info.ipi_spec_dst, to->source, 4);
            append(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        }
        if (tos) append(m, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class);
    } else {
        o->name.v6.sin6_port = to->port;
        o->name.v6.sin6_scope_id = to->scope;
        memcpy(&o->name.v6.sin6_addr, to->address, 16);
        m->msg_namelen = sizeof o->name.v6;
        if (has_source) {
            struct in6_pktinfo info = {.ipi6_ifindex = to->scope};
            memcpy(&info.ipi6_addr, to->source, 16);
            append(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
        }
        if (tos) append(m, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
    }
}

int udp_send(int fd, const struct udp_endpoint *to, const void *bytes, size_t count, unsigned segment, unsigned tos) {
    struct outgoing o;
    struct msghdr m;
    address_to(&m, &o, to, bytes, count, tos);
    if (segment && segment < count) {
        uint16_t size = (uint16_t)segment;
        append(&m, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
    }
    if (!m.msg_controllen) m.msg_control = NULL;
    while (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

void udp_send_replies(int fd, const struct udp_endpoint *to, const void *bytes, const uint16_t *sizes, unsigned count, unsigned tos) {
    struct outgoing o[UDP_REPLIES];
    struct mmsghdr m[UDP_REPLIES];
    const char *reply = bytes;
    for (unsigned i = 0; i < count; reply += sizes[i++]) address_to(&m[i].msg_hdr, &o[i], &to[i], reply, sizes[i], tos);
    // It stops at the first one that is refused, and says so only if that is the very first: go on behind it.
    for (unsigned done = 0; done < count;) {
        int n = sendmmsg(fd, m + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        done += n > 0 ? (unsigned)n : 1;
    }
}
