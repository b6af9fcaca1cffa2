#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Swift's runtime may catch these, to let another program read this one's memory and print what its registers point to.
static const int crashes[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};

int process_conceal(void) {
    const struct rlimit none = {0, 0};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (signal(crashes[i], SIG_DFL) == SIG_ERR) return -errno;
    if (setrlimit(RLIMIT_CORE, &none) < 0) return -errno;
    // Started by /proc/self/exe it would be "exe" to `ps` and the journal.
    prctl(PR_SET_NAME, "wggw", 0, 0, 0);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int process_harden(void) {
    int error = process_conceal();
    if (error) return error;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int process_close_others(int keep) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0) return -errno;
    if (dup2(null, 0) < 0) return -errno;
    // Else a descriptor of ours would have that number, and get what is meant for a person.
    for (int fd = 1; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && dup2(null, fd) < 0) return -errno;
    const unsigned first = 3, kept = keep < 3 ? first : (unsigned)keep;
    if (kept > first) syscall(SYS_close_range, first, kept - 1, 0u);
    syscall(SYS_close_range, keep < 3 ? first : kept + 1, ~0u, 0u);
    return 0;
}

int process_administers_network(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    return syscall(SYS_capget, &header, data) == 0 && data[0].effective >> CAP_NET_ADMIN & 1;
}
