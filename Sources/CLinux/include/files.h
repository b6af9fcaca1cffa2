// Files by the directory that they are in, which stays the same one whatever its path comes to mean.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Opens what `name` is in `directory`, a symbolic link itself included, to look at it and to name files by it, not to read it.
/// The descriptor, or -1 with errno.
int file_look(int directory, const char *name);
/// The target of a symbolic link that `file_look` opened, up to `room` bytes without a zero at the end; how many, or -1 with errno.
ssize_t file_link_target(int link, char *target, size_t room);
/// Makes file `name`, 0600 whatever the umask, with these bytes, on disk when it returns. Others see all of it or nothing. If anything is
/// called so already, a link too, it fails with EEXIST. 0, or -1 with errno, and then it made nothing.
int file_create(int directory, const char *name, const void *bytes, size_t count);
/// The same, and others see it while it grows: for a name that means nothing to them.
int file_write_aside(int directory, const char *name, const void *bytes, size_t count);
/// What root makes in a directory of somebody else's, as the service's user, becomes theirs, so that they can go on with it: `name` below
/// `file`, or what `file` has open, where that is "". For anybody but root, and in root's directories, it does nothing. 0, or -1 with errno.
int file_inherit_owner(int directory, int file, const char *name);
