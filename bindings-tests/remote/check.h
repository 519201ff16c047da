/* Checks and threads for C programs that run on Windows and on Linux alike. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#include <time.h>
#endif

#include "m531x.h"

extern int check_failures_here;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            check_failures_here++; \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

#define CHECK_STATUS(expected, call) \
    do { \
        m531x_status check_status_ = (call); \
        if (check_status_ != (expected)) { \
            check_failures_here++; \
            printf("%s:%d: %s is %s (%d), not %s\n", __FILE__, __LINE__, #call, api.error_name(check_status_), \
                   (int)check_status_, #expected); \
        } \
    } while (0)

typedef void (*routine)(void *argument);

struct thread {
    routine routine;
    void *argument;
#ifdef _WIN32
    HANDLE handle;
#else
    pthread_t handle;
#endif
};

#ifdef _WIN32
static DWORD WINAPI thread_main(LPVOID argument)
{
    struct thread *thread = argument;
    thread->routine(thread->argument);
    return 0;
}

static inline void thread_start(struct thread *thread, routine routine, void *argument)
{
    thread->routine = routine;
    thread->argument = argument;
    thread->handle = CreateThread(NULL, 0, thread_main, thread, 0, NULL);
}

static inline void thread_join(struct thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
}

static inline void pause_ms(unsigned ms)
{
    Sleep(ms);
}

static inline double now_s(void)
{
    return (double)GetTickCount64() / 1e3;
}

/* The time that this process has computed. */
static inline double computed_s(void)
{
    FILETIME begun, ended, kernel, user;
    GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user);
    return ((double)kernel.dwLowDateTime + (double)user.dwLowDateTime) / 1e7;
}
#else
static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    thread->routine(thread->argument);
    return NULL;
}

static inline void thread_start(struct thread *thread, routine routine, void *argument)
{
    thread->routine = routine;
    thread->argument = argument;
    pthread_create(&thread->handle, NULL, thread_main, thread);
}

static inline void thread_join(struct thread *thread)
{
    pthread_join(thread->handle, NULL);
}

static inline void pause_ms(unsigned ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static inline double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline double computed_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
#endif

#endif
