/* What makes the library abort the process. */
#ifndef ABORTED_H
#define ABORTED_H

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "check.h"

/* Runs it in a child, which has to be aborted with a text. */
static inline void check_aborted(void (*use)(void), const char *expected)
{
    char text[512] = "";
    int out[2], status = 0;
    size_t length = 0;
    ssize_t more;
    pid_t child;
    CHECK(pipe(out) == 0);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        dup2(out[1], 2);
        close(out[1]);
        use();
        _exit(1);
    }
    close(out[1]);
    while (length < sizeof text - 1 && (more = read(out[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)more;
    close(out[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, expected) != NULL);
    if (strstr(text, expected) == NULL)
        printf("it wrote: %s\n", text);
}

#endif
