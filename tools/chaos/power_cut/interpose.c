/* The calls of the C library that change files, each with its undo log. SQLite's unix VFS, Rust's standard library and
 * Java's file channels use them. Other ways to change a kept file are caught, or are harmless:
 *
 *   writable shared mappings of kept files end the process (SQLite makes none but of -shm, unless mmap_size is set)
 *   sync_file_range, sync and syncfs promise less than fsync, or are used by nobody here, so their writes stay undone
 *   mkdir is not undone, because a directory is made once, at the first start, and an empty parent proves nothing more
 *   stdio (fopen) does not pass here, because no durable file is written with it
 */
#define _GNU_SOURCE
#include "power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* --- writing -------------------------------------------------------------------------------------------------------- */

/* Where the next write(2) goes. */
static off_t place(int fd, const struct kept *file) {
    return fcntl(fd, F_GETFL) & O_APPEND ? kept_length(file) : lseek(fd, 0, SEEK_CUR);
}

static size_t total(const struct iovec *parts, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    return length;
}

/* CALL writes `length` octets at `offset` of what `fd` is. */
#define WRITE(fd, offset, length, call)                              \
    do {                                                             \
        struct kept *file = kept_by_descriptor(fd);                  \
        if (!file) return call;                                      \
        kept_lock(file);                                             \
        kept_before_write(file, (offset), (length));                 \
        ssize_t written = call;                                      \
        kept_unlock(file);                                           \
        return written;                                              \
    } while (0)

EXPORT ssize_t write(int fd, const void *octets, size_t length) {
    WRITE(fd, place(fd, file), length, syscall(SYS_write, fd, octets, length));
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
    WRITE(fd, place(fd, file), total(parts, count), syscall(SYS_writev, fd, parts, count));
}

EXPORT ssize_t pwrite64(int fd, const void *octets, size_t length, off_t offset) {
    WRITE(fd, offset, length, syscall(SYS_pwrite64, fd, octets, length, offset));
}

EXPORT ssize_t pwrite(int fd, const void *octets, size_t length, off_t offset) {
    return pwrite64(fd, octets, length, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
    WRITE(fd, offset, total(parts, count), syscall(SYS_pwritev, fd, parts, count, offset, 0));
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return pwritev64(fd, parts, count, offset);
}

EXPORT int ftruncate64(int fd, off_t length) {
    struct kept *file = kept_by_descriptor(fd);
    if (!file) return (int)syscall(SYS_ftruncate, fd, length);
    kept_lock(file);
    kept_before_truncate(file, length);
    int outcome = (int)syscall(SYS_ftruncate, fd, length);
    kept_unlock(file);
    return outcome;
}

EXPORT int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

EXPORT int fallocate64(int fd, int mode, off_t offset, off_t length) {
    struct kept *file = kept_by_descriptor(fd);
    if (!file) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
    /* Holes and zeroed ranges would need their octets logged; a caller can do without them (fallocate(2)). */
    if (mode & ~FALLOC_FL_KEEP_SIZE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    kept_lock(file);
    kept_before_write(file, offset, 0);
    int outcome = (int)syscall(SYS_fallocate, fd, mode, offset, length);
    kept_unlock(file);
    return outcome;
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t length) {
    return fallocate64(fd, mode, offset, length);
}

EXPORT int posix_fallocate64(int fd, off_t offset, off_t length) {
    return fallocate64(fd, 0, offset, length) == 0 ? 0 : errno;
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
    return posix_fallocate64(fd, offset, length);
}

EXPORT ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t length, unsigned flags) {
    /* Programs copy by write(2) where a file system has no such call. */
    if (kept_by_descriptor(out)) {
        errno = EXDEV;
        return -1;
    }
    return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE && !(flags & MAP_ANONYMOUS);
    if (shared && (protection & PROT_WRITE) && kept_by_descriptor(fd)) {
        give_up("a kept file is mapped to be written, which cannot be undone", "mmap");
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap64(address, length, protection, flags, fd, offset);
}

/* --- syncing -------------------------------------------------------------------------------------------------------- */

/* Waits as long as the harness wants a sync to take. It looks again and again, so that a disk that hangs goes on as soon as
 * it is mended. */
static void wait_for_disk(void) {
    enum { SLICE = 5000 /* us */ };
    for (uint32_t waited = 0; waited < control()->sync_delay_us; waited += SLICE) {
        uint32_t left = control()->sync_delay_us - waited;
        struct timespec pause = { 0, (long)(left < SLICE ? left : SLICE) * 1000 };
        nanosleep(&pause, NULL);
    }
}

static int sync_directory(long number, int fd, const struct stat *directory) {
    names_lock();
    int outcome = (int)syscall(number, fd);
    if (outcome == 0) names_synced(directory);
    names_unlock();
    return outcome;
}

static int sync_by(long number, int fd) {
    struct stat directory;
    struct kept *file = kept_by_descriptor(fd);
    if (!file) return kept_directory(fd, &directory) ? sync_directory(number, fd, &directory) : (int)syscall(number, fd);
    /* Held over the call, so that a write that races it waits, and none counts as synced that was not. The log goes
     * after the call has returned. A kill in between throws synced writes away before the caller knows of them. */
    kept_lock(file);
    wait_for_disk();
    int outcome = (int)syscall(number, fd);
    if (outcome == 0) kept_synced(file);
    kept_unlock(file);
    return outcome;
}

EXPORT int fsync(int fd) {
    return sync_by(SYS_fsync, fd);
}

EXPORT int fdatasync(int fd) {
    return sync_by(SYS_fdatasync, fd);
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

static int create_at(int directory, const char *name, int flags, mode_t mode, const char *path) {
    names_lock();
    names_before_create(path);
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode);
    if (fd >= 0) kept_is_new(fd);
    names_unlock();
    return fd;
}

/* Opens for real; a name that is made, and content that is cut away, are logged before. */
static int open_at(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat stat;
    if (!(flags & (O_CREAT | O_TRUNC)) || !kept_path(directory, name, path)) {
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    }
    if (lstat(path, &stat) != 0 && flags & O_CREAT) return create_at(directory, name, flags, mode, path);
    struct kept *file = flags & O_TRUNC ? kept_by_path(path) : NULL;
    if (!file) return (int)syscall(SYS_openat, directory, name, flags, mode);
    kept_lock(file);
    kept_before_truncate(file, 0);
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode);
    kept_unlock(file);
    return fd;
}

#define MODE(flags)                                                              \
    mode_t mode = 0;                                                             \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {               \
        va_list arguments;                                                       \
        va_start(arguments, flags);                                              \
        mode = va_arg(arguments, mode_t);                                        \
        va_end(arguments);                                                       \
    }

EXPORT int open(const char *name, int flags, ...) {
    MODE(flags);
    return open_at(AT_FDCWD, name, flags, mode);
}

EXPORT int open64(const char *name, int flags, ...) {
    MODE(flags);
    return open_at(AT_FDCWD, name, flags, mode);
}

EXPORT int openat(int directory, const char *name, int flags, ...) {
    MODE(flags);
    return open_at(directory, name, flags, mode);
}

EXPORT int openat64(int directory, const char *name, int flags, ...) {
    MODE(flags);
    return open_at(directory, name, flags, mode);
}

EXPORT int unlinkat(int directory, const char *name, int flags) {
    char path[PATH_MAX];
    if (flags & AT_REMOVEDIR || !kept_path(directory, name, path)) {
        return (int)syscall(SYS_unlinkat, directory, name, flags);
    }
    names_lock();
    names_before_unlink(path);
    int outcome = (int)syscall(SYS_unlinkat, directory, name, flags);
    names_unlock();
    return outcome;
}

EXPORT int unlink(const char *name) {
    return unlinkat(AT_FDCWD, name, 0);
}

EXPORT int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    char from_path[PATH_MAX], to_path[PATH_MAX];
    if (!kept_path(from_directory, from, from_path) || !kept_path(to_directory, to, to_path)) {
        return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    }
    names_lock();
    names_before_rename(from_path, to_path);
    int outcome = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    names_unlock();
    return outcome;
}

EXPORT int renameat(int from_directory, const char *from, int to_directory, const char *to) {
    return renameat2(from_directory, from, to_directory, to, 0);
}

EXPORT int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
