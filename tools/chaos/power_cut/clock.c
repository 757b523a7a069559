/* The time of day, moved by the harness's offset, and the file with that offset. CLOCK_MONOTONIC stays as it is, as
 * when an operator or NTP sets the clock. A wait for a time of day (as librdkafka's) waits for the moved one. */
#define _GNU_SOURCE
#include "power_cut.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { SECOND = 1000000000, GLANCE = 20000000 /* ns: so soon a jump is noticed by who waits */ };

static const struct control nothing;
static const volatile struct control *mapped = &nothing;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_cnd_timedwait)(cnd_t *, mtx_t *, const struct timespec *);

__attribute__((constructor)) static void start(void) {
    /* By the library and not by a system call, because the clock is read without one (vdso(7)). */
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_cnd_timedwait = (int (*)(cnd_t *, mtx_t *, const struct timespec *))dlsym(RTLD_NEXT, "cnd_timedwait");
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

static int64_t until(const struct timespec *deadline) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)(deadline->tv_sec - now.tv_sec) * SECOND + deadline->tv_nsec - now.tv_nsec;
}

/* In short waits, so that a clock that was set meanwhile ends or prolongs it, as the kernel's would. */
EXPORT int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *deadline) {
    for (;;) {
        int64_t left = until(deadline);
        struct timespec glance;
        if (left <= 0) return thrd_timedout;
        real_clock_gettime(CLOCK_REALTIME, &glance);
        glance.tv_nsec += left < GLANCE ? left : GLANCE;
        if (glance.tv_nsec >= SECOND) {
            glance.tv_nsec -= SECOND;
            glance.tv_sec += 1;
        }
        int outcome = real_cnd_timedwait(condition, mutex, &glance);
        if (outcome != thrd_timedout) return outcome;
    }
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
