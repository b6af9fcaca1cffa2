#define _GNU_SOURCE
#include "poller.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

int poller_open(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int poller_watch(int poller, int fd, uint64_t tag, unsigned what) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    if (what & POLLER_READABLE) event.events |= EPOLLIN;
    if (what & POLLER_WRITABLE) event.events |= EPOLLOUT;
    event.data.u64 = tag;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    if (errno != EEXIST) return -errno;
    return epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

int poller_forget(int poller, int fd) { return epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0; }

int poller_wait(int poller, struct poller_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[64];
    int n = epoll_wait(poller, ready, capacity < 64 ? capacity : 64, milliseconds);
    if (n < 0) return -errno;
    for (int i = 0; i < n; i++) {
        events[i].tag = ready[i].data.u64;
        events[i].ready = (ready[i].events & EPOLLIN ? POLLER_READABLE : 0u)
            | (ready[i].events & EPOLLOUT ? POLLER_WRITABLE : 0u)
            | (ready[i].events & (EPOLLERR | EPOLLHUP) ? POLLER_FAILED : 0u);
    }
    return n;
}

int poller_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int poller_timer(void) {
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int poller_set_timer(int fd, uint64_t nanoseconds) {
    struct itimerspec when;
    memset(&when, 0, sizeof when);
    when.it_value.tv_sec = (time_t)(nanoseconds / 1000000000u);
    when.it_value.tv_nsec = (long)(nanoseconds % 1000000000u);
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

int poller_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error) return -error;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int poller_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}
