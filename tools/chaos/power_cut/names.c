/* The undo log of each directory, with the names that were made, removed or moved since it was last synced. A name that is
 * not durable is undone, also where some file systems would have kept it (ext4 writes a new file's name with its first
 * fsync), because a program may rely on fsync(2) only. An unlinked file comes back with its last synced content, which is
 * why that is copied first. After a real cut SQLite may find a -wal again that it had deleted. */
#define _GNU_SOURCE
#include "power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;

void names_lock(void) {
    pthread_mutex_lock(&names);
}

void names_unlock(void) {
    pthread_mutex_unlock(&names);
}

static void log_of(const struct stat *directory, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/%llu-%llu.names", logs_directory(), (unsigned long long)directory->st_dev,
             (unsigned long long)directory->st_ino);
}

/* Writes a line of a directory's log, which is C path, or U copy path, or R copy from <tab> to. A copy is - where nothing
 * was replaced. */
static void log_name(const char *path, const char *line) {
    char parent[PATH_MAX], log[PATH_MAX];
    struct stat stat;
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = 0;
    if (lstat(parent, &stat) != 0) return; /* Nothing can be made there. */
    log_of(&stat, log);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) give_up("cannot open the log of names of", parent);
    write_all(fd, line, strlen(line));
    close(fd);
}

/* Copies what the name stands for, with its undo log; false without a file. */
static bool keep_copy(const char *path, char name[64]) {
    static unsigned copies;
    struct kept *file = kept_by_path(path);
    if (!file) return false;
    snprintf(name, 64, "copy-%d-%u", (int)getpid(), copies++);
    kept_copy(file, name);
    return true;
}

void names_before_create(const char *path) {
    char line[PATH_MAX + 8];
    int saved = errno;
    snprintf(line, sizeof line, "C %s\n", path);
    log_name(path, line);
    errno = saved;
}

void names_before_unlink(const char *path) {
    char line[PATH_MAX + 80], copy[64];
    int saved = errno;
    if (keep_copy(path, copy)) {
        snprintf(line, sizeof line, "U %s %s\n", copy, path);
        log_name(path, line);
    }
    errno = saved;
}

void names_before_rename(const char *from, const char *to) {
    char line[2 * PATH_MAX + 80], copy[64];
    int saved = errno;
    if (!keep_copy(to, copy)) strcpy(copy, "-");
    snprintf(line, sizeof line, "R %s %s\t%s\n", copy, from, to);
    log_name(from, line);
    errno = saved;
}

void names_synced(const struct stat *directory) {
    char log[PATH_MAX];
    int saved = errno;
    log_of(directory, log);
    syscall(SYS_unlinkat, AT_FDCWD, log, 0);
    errno = saved;
}
