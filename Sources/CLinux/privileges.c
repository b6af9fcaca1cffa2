#define _GNU_SOURCE
#include "privileges.h"
#include "tun.h"
#include "udp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

int privileges_lock_memory(void) {
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    // Under a limit, what comes later must not count, for it would be refused.
    int later = setrlimit(RLIMIT_MEMLOCK, &all) == 0 ? MCL_FUTURE : 0;
    return mlockall(MCL_CURRENT | later | MCL_ONFAULT) < 0 ? -errno : 0;
}

// libseccomp's macros leave fields out.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

// Permitted is what of `kept` the process has, and in effect of that what is in `effective`.
static int set_capabilities(unsigned kept, unsigned effective) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    data[0].permitted &= kept;
    data[0].effective = data[0].permitted & effective;
    data[0].inheritable = data[1].effective = data[1].permitted = data[1].inheritable = 0;
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

// Only within the directory, whatever the owner has become by now.
static void follow(char *path, size_t room, const char name[JANITOR_NAME]) {
    const char *slash = strrchr(path, '/'), *ending = strrchr(path, '.');
    if (!slash || !ending || !*name || !memchr(name, 0, JANITOR_NAME) || strchr(name, '/')) return;
    char now[256];
    int count = snprintf(now, sizeof now, "%.*s/%s%s", (int)(slash - path), path, name, ending);
    if (count > 0 && (size_t)count < sizeof now && (size_t)count < room) memcpy(path, now, (size_t)count + 1);
}

// A whole message, or the end. Only the end is the end: after an error the socket may well be in use.
static int receive(void *message, size_t size) {
    ssize_t n;
    while ((n = read(0, message, size)) < 0)
        if (errno != EINTR) usleep(10000);
    return n == (ssize_t)size;
}

static void remove_if_it_is(const char *path, const struct janitor_file *file) {
    struct stat status;
    if (lstat(path, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode) unlink(path);
}

// Waits for a message. False once the file has no name any more: somebody removed it, or put another in its place. A socket that is
// bound keeps its file, so its last name going is no end of it, but a change of its attributes.
static int is_there_until_told(int words, int file) {
    struct pollfd ready[] = {{.fd = 0, .events = POLLIN}, {.fd = words, .events = POLLIN}};
    char events[4096];
    struct stat status;
    for (;;) {
        if (words >= 0 && fstat(file, &status) == 0 && status.st_nlink == 0) return 0;
        if (poll(ready, 2, -1) < 0) {
            if (errno != EINTR) usleep(10000);
            continue;
        }
        if (ready[0].revents) return 1;
        if (read(words, events, sizeof events) < 0 && errno != EAGAIN && errno != EINTR) ready[1].fd = -1;
    }
}

// Of the directory that a file is in, as far as this process may.
static void become_owner(const char *path) {
    char directory[256];
    const char *slash = strrchr(path, '/');
    struct stat status;
    if (!slash || snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path) < 0 || stat(directory, &status) < 0) return;
    if (status.st_uid == getuid()) return;
    if (setgroups(0, NULL) == 0 && setresgid(status.st_gid, status.st_gid, status.st_gid) == 0)
        (void)!setresuid(status.st_uid, status.st_uid, status.st_uid);
}

int privileges_janitor(const char *path, const char *temporary, pid_t *janitor) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int child = fork();
    if (child < 0) {
        int error = -errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (child > 0) {
        *janitor = child;
        close(ends[0]);
        return ends[1];
    }
    // Nothing of the parent's but the pipe: not its TUN device, which would live on, and no way to wake it.
    if (dup2(ends[0], 0) < 0) _exit(1);
    syscall(SYS_close_range, 1u, ~0u, 0u);
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_NAME, "wggw-janitor", 0, 0, 0);
    become_owner(path);
    set_capabilities(0, 0);
    struct janitor_file file;
    char place[256], name[JANITOR_NAME];
    snprintf(place, sizeof place, "%s", path);
    if (!receive(&file, sizeof file)) {
        unlink(temporary);
        _exit(0);
    }
    // It may have its own name by now.
    int here = open(temporary, O_PATH | O_CLOEXEC | O_NOFOLLOW), words = -1;
    if (here < 0) here = open(place, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    if (here >= 0 && fstat(here, &status) == 0 && status.st_dev == file.device && status.st_ino == file.inode)
        words = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (words >= 0) {
        char link[32];
        snprintf(link, sizeof link, "/proc/self/fd/%d", here);
        inotify_add_watch(words, link, IN_ATTRIB);
    }
    while (is_there_until_told(words, here) && receive(name, sizeof name)) follow(place, sizeof place, name);
    remove_if_it_is(temporary, &file);
    remove_if_it_is(place, &file);
    _exit(0);
}

void privileges_await_janitor(int descriptor, pid_t janitor) {
    close(descriptor);
    while (waitpid(janitor, NULL, 0) < 0 && errno == EINTR) {}
}

static const unsigned kept = 1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE;

int privileges_drop(uid_t user) {
    for (int capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno == EINVAL) break;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -errno;
    // Some user namespaces forbid setgroups; root has no further groups there.
    if (setgroups(0, NULL) < 0 && errno != EPERM) return -errno;
    if (user != getuid() && (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)) return -errno;
    int error = set_capabilities(kept, 0);
    if (error) return error;
    // A change of user turns it on again where core dumps of such processes are allowed.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return -errno;
    return 0;
}

int privileges_take_up(void) { return set_capabilities(kept, kept); }

// Moving packets, the configuration socket, sockets on a new port, memory, the end.
static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(sendto), SCMP_SYS(recvmmsg), SCMP_SYS(recvfrom), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(getsockname),
    SCMP_SYS(sched_yield), SCMP_SYS(futex), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity), SCMP_SYS(wait4), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

// What only somebody does who got in.
static const int deadly[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
};

// The kernel looks at the lower half of an argument that is an int, so the filter does too.
#define INT_EQUAL(argument, value) SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, (uint32_t)(value))

// Of some calls only what the datapath asks with them.
static int allow_by_arguments(scmp_filter_ctx filter) {
    int error = 0;
    // UDP, and with it the questions about interfaces. No TCP, no pings, no services of this machine.
    const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; !error && i < sizeof families / sizeof *families; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, INT_EQUAL(0, families[i]),
                                 SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), SOCK_DGRAM),
                                 INT_EQUAL(2, 0));
    for (size_t i = 0; !error && i < udp_option_count; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2, INT_EQUAL(1, udp_options[i].level),
                                 INT_EQUAL(2, udp_options[i].name));
    for (size_t i = 0; !error && i < interface_question_count; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, INT_EQUAL(1, interface_questions[i]));
    // Memory is never made executable.
    const int mapping[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t i = 0; !error && i < 2; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mapping[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // What abort does; to this process alone.
    if (!error) error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, INT_EQUAL(0, getpid()));
    return error;
}

int privileges_confine(void) {
    // Not death for all the rest: the next version of a library may try a call that is news to us, and get along without.
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter) return -ENOMEM;
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    // Kernels before 5.16 would slow every load and store down otherwise, for the sake of programs that run others' code.
    if (!error) error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    for (size_t i = 0; !error && i < sizeof allowed / sizeof *allowed; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; !error && i < sizeof deadly / sizeof *deadly; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    if (!error) error = allow_by_arguments(filter);
    if (!error) error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
