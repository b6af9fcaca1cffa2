// UDP sockets with segmentation offload: one call per batch, control messages built and read here (CMSG macros).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Where to send, and from where. Addresses are in network order; an IPv4 address stands in the first four bytes and the
/// rest is zero, so that two endpoints can be compared word by word.
struct udp_endpoint {
    uint16_t family;  ///< AF_INET, AF_INET6, or 0: none
    uint16_t port;    ///< network order
    uint32_t scope;   ///< interface index of a link-local IPv6 address
    uint64_t address[2];
    uint64_t source[2];  ///< the local address to send from; zero: the routing decides
};

/// One datagram or, with GRO, several: `count` bytes, to be cut every `segment` bytes.
struct udp_received {
    void *bytes;
    uint32_t count;
    uint32_t segment;
    struct udp_endpoint from;  ///< `source` is the address the datagram was sent to
    uint8_t tos;               ///< the outer TOS or traffic class
};

enum { UDP_BATCH = 8, UDP_BUFFER = 65536, UDP_REPLIES = 64 };

/// An option that a socket here may be given by setsockopt.
struct udp_option {
    int level;
    int name;
};
/// All of them; what is not among them, the datapath's filter forbids.
extern const struct udp_option udp_options[];
extern const size_t udp_option_count;

/// Preallocated vectors for `udp_receive`; `udp_batch_size` bytes of zeroed memory, then `udp_batch_prepare`.
struct udp_batch;
size_t udp_batch_size(void);
void udp_batch_prepare(struct udp_batch *batch, void *buffers);

/// Makes a non-blocking socket of one family bound to `*port` (host order; 0: any, the chosen one is stored back).
/// Returns the descriptor or -errno.
int udp_open(int family, uint16_t *port, int reuse_port, uint32_t mark);
/// Turns GRO on; 0 or -errno.
int udp_enable_gro(int fd);
/// 0 if the kernel knows UDP_SEGMENT, else -errno.
int udp_probe_gso(int fd);
/// Sets SO_MARK; 0 or -errno.
int udp_set_mark(int fd, uint32_t mark);

/// Receives up to `limit` messages, at most UDP_BATCH, without waiting. Returns how many, 0 for none, or -errno.
int udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, int limit);
/// Sends `count` bytes, cut every `segment` bytes unless `segment` is 0. Never waits. Returns 0 or -errno.
int udp_send(int fd, const struct udp_endpoint *to, const void *bytes, size_t count, unsigned segment, unsigned tos);
/// Sends a datagram to each of up to UDP_REPLIES endpoints of the socket's family: the first `sizes[0]` of `bytes` to the first, and
/// so on. Never waits; what the kernel refuses is lost.
void udp_send_replies(int fd, const struct udp_endpoint *to, const void *bytes, const uint16_t *sizes, unsigned count, unsigned tos);
