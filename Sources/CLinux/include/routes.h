// Questions to the kernel's routing over a netlink socket that was opened before.
#pragma once
#include <stdint.h>

#include "udp.h"

/// A socket for such questions, or -errno.
int routes_open(void);
/// The index of the interface by which datagrams to `to` with this mark leave, whatever they come from. -errno: none does, or nobody answers.
int routes_interface_to(int netlink, const struct udp_endpoint *to, uint32_t mark);
/// Whether `to->source` is an address of that interface: 1 or 0. -errno: nobody answers.
int routes_has_source(int netlink, int interface, const struct udp_endpoint *to);
