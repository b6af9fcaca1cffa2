// What a process that holds keys gives up once it has what it needs.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Lets all memory that is mapped be locked as it is touched, so that keys never reach swap; and what is mapped later too, unless
/// CAP_SYS_RESOURCE is lacking to lift RLIMIT_MEMLOCK. 0 or -errno, without CAP_IPC_LOCK; then nothing changed.
int privileges_lock_memory(void);
/// Starts a process that removes a socket once the returned descriptor is closed: by its owner, or by the owner's end of whatever
/// kind. It has the uid of that directory's owner, mostly root's, and no capability. The descriptor or -errno; `janitor` is its process.
///
/// The socket is made at `temporary`, where nobody else makes one. Then a `janitor_file` is written to the descriptor, and then the
/// socket is renamed to `path`: it is removed from wherever it is. After that, JANITOR_NAME bytes each time, an interface's name and
/// zeros, tell that the file is called so now, in the same directory and with the same ending as `path`.
///
/// Nobody reads the descriptor any more (POLLERR) once the file has no name left: somebody removed it, or put another in its place.
enum { JANITOR_NAME = 16 };
struct janitor_file {
    dev_t device;
    ino_t inode;
};
int privileges_janitor(const char *path, const char *temporary, pid_t *janitor);
/// Waits until the janitor has done its work, after its descriptor was given up.
void privileges_await_janitor(int descriptor, pid_t janitor);
/// Becomes `user` and a group of the same number, unless it is that user, without capabilities but CAP_NET_ADMIN (fwmark) and CAP_NET_BIND_SERVICE
/// (a port below 1024), and none can come back. These two are not in effect yet: the kernel asks for them also in whoever opened a
/// netlink socket, so what is opened now can never do what they allow. For a process with one thread. 0 or -errno.
int privileges_drop(uid_t user);
/// The two capabilities come into effect, for this thread and those that it makes. 0 or -errno.
int privileges_take_up(void);
/// Allows only the system calls that a running datapath makes, on all threads; any other fails with ENOSYS, and starting a program
/// or looking into another process ends this one. 0 or -errno.
int privileges_confine(void);
