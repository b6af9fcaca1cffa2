// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded into a datapath: every write to its TUN device takes as many microseconds longer as SLOW_TUN_MICROSECONDS says.
// So it nearly always has a packet in hand that it has looked at already, as it has now and then where a processor is busy.
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_tun.h>

static struct timespec delay;
static unsigned char is_tun[1024];

__attribute__((constructor)) static void prepare(void) {
    const char *text = getenv("SLOW_TUN_MICROSECONDS");
    long microseconds = text ? atol(text) : 0;
    delay = (struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000};
}

int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    long result = syscall(SYS_ioctl, fd, request, va_arg(arguments, void *));
    va_end(arguments);
    if (request == TUNSETIFF && result == 0 && fd < (int)sizeof is_tun) is_tun[fd] = 1;
    return (int)result;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (fd >= 0 && fd < (int)sizeof is_tun && is_tun[fd]) nanosleep(&delay, NULL);
    return syscall(SYS_write, fd, bytes, count);
}
