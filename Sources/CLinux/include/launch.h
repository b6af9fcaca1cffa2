// Calls that glibc declares for _GNU_SOURCE only, which Swift does not set.
#pragma once
#include <spawn.h>

/// pipe2 with O_CLOEXEC | O_NONBLOCK. 0, or -1 with errno.
int clinux_nonblocking_pipe(int ends[2]);
/// posix_spawn_file_actions_addclosefrom_np. 0, or an errno.
int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
/// posix_spawn_file_actions_addchdir_np. 0, or an errno.
int clinux_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);
/// POSIX_SPAWN_SETSID.
short clinux_spawn_new_session(void);
/// Gives the calling thread a network namespace of its own. 0, or -1 with errno.
int clinux_unshare_network(void);
