#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int file_look(int directory, const char *name) { return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); }

ssize_t file_link_target(int link, char *target, size_t room) { return readlinkat(link, "", target, room); }

static int write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

int file_create(int directory, const char *name, const void *bytes, size_t count) {
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    int failed = fchmod(fd, 0600) < 0 || write_all(fd, bytes, count) < 0 || fsync(fd) < 0;
    int error = errno;
    // Some file systems tell only now that there is no room.
    if (close(fd) < 0 && !failed && errno != EINTR) {
        failed = 1;
        error = errno;
    }
    if (!failed) return 0;
    unlinkat(directory, name, 0);
    errno = error;
    return -1;
}

int file_rename_new(int directory, const char *from, const char *to) {
    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
    // A file system that cannot; it has a moment with two names then.
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (linkat(directory, from, directory, to, 0) < 0) return -1;
    return unlinkat(directory, from, 0);
}
