// News about one interface, from rtnetlink.
#pragma once

enum { LINK_CHANGED = 1, LINK_DELETED = 2 };

/// A non-blocking netlink socket that reports changes of interfaces, or -errno.
int link_watch_open(void);
/// Reads all that is there; LINK_CHANGED and LINK_DELETED as far as they concern interface `index`. What it is called by
/// now is written to `name`, 16 bytes, if that was said.
int link_watch_read(int fd, int index, char *name);
