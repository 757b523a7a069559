/* A power cut without cutting the power. This header has the interface between the parts of the preloaded library.
 *
 * SIGKILL alone proves nothing about fsync, because the writes of a process are in the kernel's page cache and outlive
 * it. This library (LD_PRELOAD) keeps, for every file below one directory, the content that the last fsync or fdatasync
 * left there, as undo logs in another directory. The logs are written before the writes that they undo, by write(2), so
 * they survive SIGKILL as well. After the processes were killed, the harness applies the logs backwards
 * (chaos::power_cut), and the files have their last synced content. Everything else is thrown away, as by a disk that
 * had written nothing of it yet.
 *
 * Environment
 *   IUTSAI_POWER_CUT_DIR   absolute path of the directory whose files are kept; unset keeps nothing
 *   IUTSAI_POWER_CUT_LOGS  absolute path of the directory for the undo logs; not below the other
 *   IUTSAI_CHAOS_CONTROL   a file of struct control, which the harness writes and every process maps
 */
#ifndef POWER_CUT_H
#define POWER_CUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The settings that the harness can change while the processes run. All 0 changes nothing. */
struct control {
    int64_t clock_offset_ns;  /* added to the time of day */
    uint32_t sync_delay_us;   /* every fsync and fdatasync below the directory needs this much longer */
    uint32_t reserved;
};

/* The mapped control file; zeros where there is none. */
const volatile struct control *control(void);

/* A file that is kept, one per inode. */
struct kept;

/* The kept file behind a descriptor, or NULL when it is another place, a socket, or a -shm. Sets no errno. */
struct kept *kept_by_descriptor(int fd);
/* The file with this name, which is below the kept directory, or NULL when there is none. Sets no errno. */
struct kept *kept_by_path(const char *path);
/* A new file was made at a kept place, so any log that its inode's number had before is not its own. */
void kept_is_new(int fd);

/* Between these two nothing else writes to or syncs the file, in this process or another. */
void kept_lock(struct kept *file);
void kept_unlock(struct kept *file);

/* Logs the present octets of [offset, offset + length), and the file's length. Call it before they change. A log that
 * cannot be written ends the process, which must not go on with a file that cannot be undone. */
void kept_before_write(struct kept *file, off_t offset, size_t length);
/* Does this for a file that is about to be cut to `length` octets. */
void kept_before_truncate(struct kept *file, off_t length);
/* The present content of the file has been synced. */
void kept_synced(struct kept *file);
/* Returns the file's present length, where O_APPEND writes. */
off_t kept_length(const struct kept *file);

/* The absolute path of `path` beside `dirfd`, if it is below the kept directory; false otherwise. */
bool kept_path(int dirfd, const char *path, char out[PATH_MAX]);

/* Copies the file and its undo log into the logs' directory, as NAME and NAME.undo. */
void kept_copy(struct kept *file, const char *name);
/* Returns whether the descriptor is a directory whose files are kept; `stat` is then of it. */
bool kept_directory(int fd, struct stat *stat);

/* Names are durable when their directory was synced, not before. Between these two no other name changes, and no
 * directory is synced. */
void names_lock(void);
void names_unlock(void);
/* Call these before the name changes. */
void names_before_create(const char *path);
void names_before_unlink(const char *path);
void names_before_rename(const char *from, const char *to);
/* The directory has been synced. */
void names_synced(const struct stat *directory);

/* Returns the directory of the logs. */
const char *logs_directory(void);
/* Writes all of it to a log, by the system call itself, because a log is not a kept file. */
void write_all(int fd, const void *octets, size_t length);
/* Writes the reason to standard error and ends the process, with a status that nothing else uses. */
void give_up(const char *what, const char *path) __attribute__((noreturn));

#endif
