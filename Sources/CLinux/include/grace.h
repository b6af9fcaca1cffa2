// Waiting for what the kernel has under way.
#pragma once

/// Returns when every packet that was on its way through this host's firewall has left it: a grace period of RCU, some 10 ms.
/// 0 or -errno, where the kernel has no way to wait for that.
int grace_wait(void);
