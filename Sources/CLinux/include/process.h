// What a process that holds keys does to itself.
#pragma once

/// No core dumps, no tracing by others of the same user, no crash reports of the language's runtime; and its name is `wggw`, also where it
/// was started by a link. 0 or -errno.
int process_conceal(void);
/// The same, and no new privileges by exec. 0 or -errno.
int process_harden(void);
/// Closes all that the parent left open but output, errors and `keep` (-1: nothing more); input is /dev/null from now on. For a process
/// with one thread. 0 or -errno.
int process_close_others(int keep);
/// Whether it may change the network of its namespace: CAP_NET_ADMIN is in effect.
int process_administers_network(void);
