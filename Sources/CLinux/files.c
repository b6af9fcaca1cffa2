#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
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

int file_inherit_owner(int directory, int file, const char *name) {
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    struct stat place, found;
    if (geteuid() != 0) return 0;
    if (fstat(directory, &place) < 0 || fstatat(file, name, &found, flags) < 0) return -1;
    if (place.st_uid == 0 || found.st_uid == place.st_uid) return 0;
    // What cannot be written need not be theirs to write.
    return fchownat(file, name, place.st_uid, place.st_gid, flags) == 0 || errno == EROFS ? 0 : -1;
}

// Closes it. 0, or -1 with errno.
static int fill(int directory, int fd, const void *bytes, size_t count) {
    int failed = fchmod(fd, 0600) < 0 || file_inherit_owner(directory, fd, "") < 0 || write_all(fd, bytes, count) < 0 || fsync(fd) < 0;
    int error = errno;
    // Some file systems tell only now that there is no room.
    if (close(fd) < 0 && !failed && errno != EINTR) {
        failed = 1;
        error = errno;
    }
    errno = error;
    return failed ? -1 : 0;
}

int file_write_aside(int directory, const char *name, const void *bytes, size_t count) {
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    if (fill(directory, fd, bytes, count) == 0) return 0;
    int error = errno;
    unlinkat(directory, name, 0);
    errno = error;
    return -1;
}

static int rename_new(int directory, const char *from, const char *to) {
    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
    // A file system that cannot; it has a moment with two names then.
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (linkat(directory, from, directory, to, 0) < 0) return -1;
    return unlinkat(directory, from, 0);
}

// Where the file system makes files without a name, nothing is left of one that is not finished, however this process ends.
static int create_nameless(int directory, const char *name, const void *bytes, size_t count, int *can) {
    int fd = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600), held;
    *can = fd >= 0 && (held = fcntl(fd, F_DUPFD_CLOEXEC, 3)) >= 0;
    if (!*can) {
        if (fd >= 0) close(fd);
        return -1;
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    int result = fill(directory, fd, bytes, count);
    if (result == 0) {
        result = linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
        // Without /proc, or where a link is refused to such a file.
        *can = result == 0 || errno == EEXIST;
    }
    int error = errno;
    close(held);
    errno = error;
    return result;
}

int file_create(int directory, const char *name, const void *bytes, size_t count) {
    int can;
    int result = create_nameless(directory, name, bytes, count, &can);
    if (can) return result;
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return -1;
    char aside[32];
    snprintf(aside, sizeof aside, ".new-%016" PRIx64, number);
    if (file_write_aside(directory, aside, bytes, count) < 0) return -1;
    if (rename_new(directory, aside, name) == 0) return 0;
    int error = errno;
    unlinkat(directory, aside, 0);
    errno = error;
    return -1;
}
