#define _GNU_SOURCE
#include "grace.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's synchronize_rcu, by its name for programs. A packet is in an RCU critical section from hook to hook.
int grace_wait(void) { return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0u, 0) < 0 ? -errno : 0; }
