// Calls that glibc declares for _GNU_SOURCE only, which Swift does not set, or not at all.
#pragma once
#include <spawn.h>
#include <sys/types.h>

/// pipe2 with O_CLOEXEC | O_NONBLOCK. 0, or -1 with errno.
int clinux_nonblocking_pipe(int ends[2]);
/// posix_spawn_file_actions_addclosefrom_np. 0, or an errno.
int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
/// posix_spawn_file_actions_addchdir_np. 0, or an errno.
int clinux_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);
/// POSIX_SPAWN_SETSID.
short clinux_spawn_new_session(void);
/// A descriptor of a process, readable once it has ended; whatever number the process has, it is this one. Or -errno.
int clinux_process_descriptor(pid_t process);
/// Sends a signal to the process of such a descriptor. 0 or -errno.
int clinux_signal_process(int descriptor, int signal);
/// The process that listened on the socket at the other end of a connected Unix socket, by its number; 0 if it has none here.
pid_t clinux_peer_process(int socket);
/// Gives the calling thread a network namespace of its own. 0, or -1 with errno.
int clinux_unshare_network(void);
