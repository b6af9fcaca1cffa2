// epoll, eventfd and signalfd, whose headers Swift's Glibc module does not have.
#pragma once
#include <stdint.h>

enum { POLLER_READABLE = 1, POLLER_WRITABLE = 2, POLLER_FAILED = 4 };

/// What a descriptor is ready for. `tag` is what it was watched with.
struct poller_event {
    uint64_t tag;
    uint32_t ready;
};

/// A new epoll descriptor, or -errno.
int poller_open(void);
/// Watches `fd`, or changes what it is watched for; 0 or -errno.
int poller_watch(int poller, int fd, uint64_t tag, unsigned what);
/// Watches `fd` no longer; 0 or -errno.
int poller_forget(int poller, int fd);
/// Waits up to `milliseconds` (-1: for ever) and stores up to `capacity` (64 at most) events; how many, or -errno.
int poller_wait(int poller, struct poller_event *events, int capacity, int milliseconds);

/// A silent non-blocking eventfd, or -errno.
int poller_eventfd(void);
/// A timer on CLOCK_BOOTTIME, or -errno.
int poller_timer(void);
/// Sets the timer to an absolute time in nanoseconds; 0 stops it. 0 or -errno.
int poller_set_timer(int fd, uint64_t nanoseconds);
/// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it makes, and returns a descriptor that reports them, or -errno.
int poller_signals(void);
/// Accepts a connection, non-blocking and closed on exec; its descriptor or -errno.
int poller_accept(int listener);
