// The TUN device: ioctls, which Swift cannot call because ioctl is variadic.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    TUN_OFFLOAD_CSUM = 0x01,
    TUN_OFFLOAD_TSO4 = 0x02,
    TUN_OFFLOAD_TSO6 = 0x04,
    TUN_OFFLOAD_ECN = 0x08,
    TUN_OFFLOAD_USO4 = 0x20,
    TUN_OFFLOAD_USO6 = 0x40,
};

/// Opens one non-blocking queue of a TUN interface, made if missing, gone with its last descriptor. Reads and writes carry a
/// 10-byte virtio_net_hdr. `name` has room for 16 bytes and gets the interface's real name. Returns it or -errno.
int tun_open_queue(char *name, int multi_queue);
/// Asks for exactly these offloads; 0 or -errno.
int tun_set_offload(int fd, unsigned offloads);
/// Sets the MTU of interface `name`; 0 or -errno.
int tun_set_mtu(const char *name, int mtu);
/// The MTU of interface `name`, or -errno.
int tun_get_mtu(const char *name);
/// How many packets each queue of interface `name` holds at most, or -errno.
int tun_get_queue_length(const char *name);
/// Whether interface `name` has IFF_UP: 1, 0 or -errno.
int tun_is_up(const char *name);
/// Gives interface `index` an alias (IFLA_IFALIAS): a text that stays with it whatever it is called. 0 or -errno.
int tun_set_alias(unsigned index, const char *alias);

/// The index of any interface, or -errno. glibc would ask by a socket of this machine's services.
int interface_index(const char *name);
/// Writes the name of any interface, 16 bytes with a zero at the end. 0 or -errno.
int interface_name(int index, char *name);

/// The ioctls that the questions about interfaces are asked by, here and above.
extern const unsigned interface_questions[];
extern const size_t interface_question_count;
