/* The undo log of each kept file, with the former content of each write since the last sync. */
#define _GNU_SOURCE
#include "power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUCKETS = 256, STATUS = 97, MAGIC = 0x49554e44 /* IUND */ };

/* One step of a log; `length` octets follow. To undo it, write them at `offset`, then cut the file to `size`. */
struct step {
    uint32_t magic;
    uint32_t reserved;
    int64_t offset;
    int64_t length;
    int64_t size;
};

struct kept {
    struct kept *next;
    dev_t device;
    ino_t inode;
    int content; /* the file for reading, however the program opened it; it keeps the inode's number from being reused */
    int log;
    pthread_mutex_t mutex;
};

static struct kept *buckets[BUCKETS];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *logs;

const char *logs_directory(void) {
    return logs;
}

__attribute__((constructor)) static void start(void) {
    root = getenv("IUTSAI_POWER_CUT_DIR");
    logs = getenv("IUTSAI_POWER_CUT_LOGS");
    if (root && !logs) give_up("IUTSAI_POWER_CUT_LOGS is not set", root);
}

void give_up(const char *what, const char *path) {
    char text[PATH_MAX + 200];
    int length = snprintf(text, sizeof text, "power cut: %s: %s (errno %d); the process ends\n", what, path, errno);
    syscall(SYS_write, 2, text, (size_t)length);
    _exit(STATUS);
}

void write_all(int fd, const void *octets, size_t length) {
    while (length > 0) {
        ssize_t written = syscall(SYS_write, fd, octets, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) give_up("cannot write an undo log in", logs);
        octets = (const char *)octets + written;
        length -= (size_t)written;
    }
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Mapped memory is not kept where it is made anew after a crash, whatever is in it. SQLite's -shm is an index of the -wal
 * (SQLite, "WAL-mode File Format", 2.3), Kafka's are indexes of a segment. A file that has no name any more ends with its
 * process. */
static bool is_kept(const char *path) {
    static const char *const others[] = { "-shm", ".index", ".timeindex", " (deleted)" };
    size_t length = root ? strlen(root) : 0;
    if (!root || strncmp(path, root, length) != 0 || path[length] != '/') return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (ends_with(path, others[i])) return false;
    }
    return true;
}

static bool path_of(int fd, char out[PATH_MAX]) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, out, PATH_MAX - 1);
    if (length < 0) return false;
    out[length] = 0;
    return true;
}

bool kept_path(int dirfd, const char *path, char out[PATH_MAX]) {
    char whole[PATH_MAX], directory[PATH_MAX];
    if (!root || !path || !*path) return false;
    int saved = errno;
    if (path[0] == '/' || dirfd == AT_FDCWD) {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        if (!path_of(dirfd, directory)) return false;
        if ((size_t)snprintf(whole, sizeof whole, "%s/%s", directory, path) >= sizeof whole) return false;
    }
    char *slash = strrchr(whole, '/');
    const char *name = slash ? slash + 1 : whole;
    const char *parent = !slash ? "." : slash == whole ? "/" : (*slash = 0, whole);
    bool kept = realpath(parent, directory) && (size_t)snprintf(out, PATH_MAX, "%s/%s", directory, name) < PATH_MAX &&
                is_kept(out);
    errno = saved;
    return kept;
}

static struct kept *find(const struct stat *stat) {
    struct kept *file = buckets[stat->st_ino % BUCKETS];
    while (file && (file->inode != stat->st_ino || file->device != stat->st_dev)) file = file->next;
    return file;
}

/* The descriptor is for reading. It is never closed, because closing any descriptor of a file drops the process's POSIX
 * locks on it (fcntl(2)), and SQLite's are such. While it is open, no other file gets the inode's number. */
static struct kept *add(int content, const struct stat *stat, const char *path) {
    char log[PATH_MAX];
    struct kept *file = calloc(1, sizeof *file);
    if (!file || content < 0) give_up("cannot keep", path);
    snprintf(log, sizeof log, "%s/%llu-%llu.undo", logs, (unsigned long long)stat->st_dev,
             (unsigned long long)stat->st_ino);
    file->content = content;
    file->log = (int)syscall(SYS_openat, AT_FDCWD, log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file->log < 0) give_up("cannot keep", path);
    file->device = stat->st_dev;
    file->inode = stat->st_ino;
    pthread_mutex_init(&file->mutex, NULL);
    file->next = buckets[stat->st_ino % BUCKETS];
    buckets[stat->st_ino % BUCKETS] = file;
    return file;
}

/* The kept file that `open_path` leads to; `path` is its name. */
static struct kept *find_or_add(const struct stat *stat, const char *open_path, const char *path) {
    pthread_mutex_lock(&table);
    struct kept *file = find(stat);
    if (!file) {
        int content = (int)syscall(SYS_openat, AT_FDCWD, open_path, O_RDONLY | O_CLOEXEC);
        file = add(content, stat, path);
    }
    pthread_mutex_unlock(&table);
    return file;
}

struct kept *kept_by_descriptor(int fd) {
    struct stat stat;
    char path[PATH_MAX], link[40];
    int saved = errno;
    struct kept *file = NULL;
    if (root && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
        pthread_mutex_lock(&table);
        file = find(&stat);
        pthread_mutex_unlock(&table);
        if (!file && path_of(fd, path) && is_kept(path)) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            file = find_or_add(&stat, link, path);
        }
    }
    errno = saved;
    return file;
}

struct kept *kept_by_path(const char *path) {
    struct stat stat;
    int saved = errno;
    struct kept *file = NULL;
    if (lstat(path, &stat) == 0 && S_ISREG(stat.st_mode)) file = find_or_add(&stat, path, path);
    errno = saved;
    return file;
}

void kept_is_new(int fd) {
    struct kept *file = kept_by_descriptor(fd);
    if (file && syscall(SYS_ftruncate, file->log, 0L) != 0) give_up("cannot empty an undo log in", logs);
}

void kept_lock(struct kept *file) {
    pthread_mutex_lock(&file->mutex);
    while (flock(file->log, LOCK_EX) != 0) {
        if (errno != EINTR) give_up("cannot lock an undo log in", logs);
    }
}

void kept_unlock(struct kept *file) {
    int saved = errno;
    flock(file->log, LOCK_UN);
    pthread_mutex_unlock(&file->mutex);
    errno = saved;
}

off_t kept_length(const struct kept *file) {
    struct stat stat;
    if (fstat(file->content, &stat) != 0) give_up("cannot look at a file of", root);
    return stat.st_size;
}

/* Logs [offset, end) as far as the file has it, and the file's length. */
static void log_step(struct kept *file, off_t offset, off_t end, off_t size) {
    size_t length = offset < size && offset < end ? (size_t)((end < size ? end : size) - offset) : 0;
    char *buffer = malloc(sizeof(struct step) + length);
    if (!buffer) give_up("no memory for an undo log in", logs);
    struct step step = { MAGIC, 0, offset, (int64_t)length, size };
    memcpy(buffer, &step, sizeof step);
    for (size_t read = 0; read < length;) {
        ssize_t got = pread(file->content, buffer + sizeof step + read, length - read, offset + (off_t)read);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) give_up("cannot read a file of", root);
        read += (size_t)got;
    }
    /* One write, because when the process is killed within it, the step is torn, and its write has not begun. */
    write_all(file->log, buffer, sizeof step + length);
    free(buffer);
}

void kept_before_write(struct kept *file, off_t offset, size_t length) {
    int saved = errno;
    log_step(file, offset, offset + (off_t)length, kept_length(file));
    errno = saved;
}

void kept_before_truncate(struct kept *file, off_t length) {
    int saved = errno;
    off_t size = kept_length(file);
    log_step(file, length, size, size);
    errno = saved;
}

void kept_synced(struct kept *file) {
    if (syscall(SYS_ftruncate, file->log, 0L) != 0) give_up("cannot empty an undo log in", logs);
}

static void copy(int from, const char *to) {
    char buffer[64 * 1024];
    int out = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0) give_up("cannot copy to", to);
    off_t offset = 0;
    for (ssize_t got; (got = pread(from, buffer, sizeof buffer, offset)) != 0; offset += got) {
        if (got < 0) give_up("cannot copy to", to);
        write_all(out, buffer, (size_t)got);
    }
    close(out);
}

void kept_copy(struct kept *file, const char *name) {
    char to[PATH_MAX];
    kept_lock(file);
    snprintf(to, sizeof to, "%s/%s", logs, name);
    copy(file->content, to);
    snprintf(to, sizeof to, "%s/%s.undo", logs, name);
    copy(file->log, to);
    kept_unlock(file);
}

bool kept_directory(int fd, struct stat *stat) {
    char path[PATH_MAX];
    return root && fstat(fd, stat) == 0 && S_ISDIR(stat->st_mode) && path_of(fd, path) &&
           (is_kept(path) || strcmp(path, root) == 0);
}
