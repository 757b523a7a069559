/* The time of day, moved by what the harness says; and the file by which it says so. CLOCK_MONOTONIC stays as it is, as
 * when an operator or NTP sets the clock. */
#define _GNU_SOURCE
#include "power_cut.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { SECOND = 1000000000 };

static const struct control nothing;
static const volatile struct control *mapped = &nothing;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void) {
    /* By the library and not by a system call: the clock is read without one (vdso(7)). */
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("IUTSAI_CHAOS_CONTROL");
    if (!path) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) give_up("cannot open IUTSAI_CHAOS_CONTROL", path);
    void *memory = (void *)syscall(SYS_mmap, NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) give_up("cannot map IUTSAI_CHAOS_CONTROL", path);
    mapped = memory;
    close(fd);
}

const volatile struct control *control(void) {
    return mapped;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *time) {
    int outcome = real_clock_gettime ? real_clock_gettime(clock, time)
                                     : (int)syscall(SYS_clock_gettime, clock, time);
    if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)) {
        int64_t moved = time->tv_nsec + mapped->clock_offset_ns % SECOND;
        time->tv_sec += mapped->clock_offset_ns / SECOND + (moved >= SECOND) - (moved < 0);
        time->tv_nsec = (moved + SECOND) % SECOND;
    }
    return outcome;
}

EXPORT int gettimeofday(struct timeval *time, void *zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

EXPORT time_t time(time_t *seconds) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
    if (seconds) *seconds = now.tv_sec;
    return now.tv_sec;
}
