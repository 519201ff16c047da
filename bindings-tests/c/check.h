/* Checks for small C programs: each test is a function, each program says how many of them passed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "m531x.h"

static int check_in_test;
static int check_passed;
static int check_failed;

static inline void check_report(const char *file, int line, const char *what)
{
    check_in_test++;
    printf("%s:%d: %s\n", file, line, what);
}

static inline void check_status(const char *file, int line, const char *call, m531x_status expected, m531x_status status)
{
    if (status == expected)
        return;
    check_in_test++;
    printf("%s:%d: %s is %s (%d), not %s\n", file, line, call, m531x_error_name(status), (int)status,
           m531x_error_name(expected));
}

static inline void check_run(const char *name, void (*test)(void))
{
    check_in_test = 0;
    test();
    if (check_in_test == 0) {
        check_passed++;
    } else {
        check_failed++;
        printf("FAILED %s\n", name);
    }
}

/* Says how it went; the runner adds these lines up. */
static inline int check_result(void)
{
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}

/* Whether a checker such as valgrind makes all of it many times slower. */
static inline int check_is_slow(void)
{
    return getenv("M531X_TEST_PATIENCE") != NULL;
}

/* Ends a program that hangs; valgrind needs its time. */
static inline void check_limit(unsigned seconds)
{
    const char *patience = getenv("M531X_TEST_PATIENCE");
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(seconds * (patience ? (unsigned)atoi(patience) : 1));
}

/* Seconds since some moment. */
static inline double check_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void check_sleep(int milliseconds)
{
    struct timespec pause = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

#define CHECK(condition) ((condition) ? (void)0 : check_report(__FILE__, __LINE__, #condition))
#define CHECK_STATUS(expected, call) check_status(__FILE__, __LINE__, #call, (expected), (call))
#define RUN(test) check_run(#test, test)

#endif
