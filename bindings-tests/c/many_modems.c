/* What 64 modems on one epoll loop take; with an argument it prints the figures of docs/c-api.md. */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "support.h"

enum { MODEMS = 64, EACH = 5 };

static int figures;

/* Runs the virtual modems in a process of their own, so that only the host's side is counted. */
static pid_t start_virtual_modems(int out)
{
    pid_t child = fork();
    char port[64];
    uint32_t handle;
    int i;
    if (child != 0)
        return child;
    for (i = 0; i < MODEMS; i++) {
        if (m531x_virtual_modem_start("M5311", NULL, NULL, &handle, port, sizeof port, NULL) != M531X_OK)
            _exit(1);
        strcat(port, "\n");
        if (write(out, port, strlen(port)) < 0)
            _exit(1);
    }
    close(out);
    for (;;)
        pause();
}

static uint32_t wakeups(const m531x_modem *modems)
{
    uint32_t sum = 0, value = 0;
    int i;
    for (i = 0; i < MODEMS; i++) {
        CHECK_STATUS(M531X_OK, m531x_stats(modems[i], M531X_STAT_READER_WAKEUPS, &value, NULL));
        sum += value;
    }
    return sum;
}

/* Serves all of them until each has had its publishes acknowledged. */
static int serve(int loop, const m531x_modem *modems)
{
    int done = 0;
    struct epoll_event ready;
    while (done < MODEMS * EACH && epoll_wait(loop, &ready, 1, PATIENCE_MS) == 1) {
        int32_t kind, status;
        char text[256];
        while (m531x_wait_event_of(modems[ready.data.u32], UINT32_MAX, 0, &kind, NULL, &status, text, sizeof text, NULL) ==
               M531X_OK)
            done += kind == M531X_EVENT_DONE && status == M531X_OK;
    }
    return done;
}

static void sixty_four_modems_share_one_loop(void)
{
    m531x_modem modems[MODEMS];
    char port[64];
    int names[2], loop = epoll_create1(0), i, j;
    long tasks, descriptors, memory;
    uint32_t before, token;
    pid_t child;
    FILE *ports;
    CHECK(pipe(names) == 0);
    child = start_virtual_modems(names[1]);
    close(names[1]);
    ports = fdopen(names[0], "r");
    tasks = entries("/proc/self/task"), descriptors = entries("/proc/self/fd"), memory = resident_kib();
    for (i = 0; i < MODEMS; i++) {
        struct epoll_event interest = {0};
        int32_t fd = -1;
        CHECK(fgets(port, sizeof port, ports) != NULL);
        port[strcspn(port, "\n")] = '\0';
        CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modems[i]));
        CHECK_STATUS(M531X_OK, m531x_connect(modems[i], "broker.example", 1883, port, PATIENCE_MS));
        CHECK_STATUS(M531X_OK, m531x_event_fd(modems[i], &fd));
        interest.events = EPOLLIN;
        interest.data.u32 = (uint32_t)i;
        CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest) == 0);
    }
    for (j = 0; j < EACH; j++)
        for (i = 0; i < MODEMS; i++)
            CHECK_STATUS(M531X_OK, m531x_publish_start(modems[i], "t/a", NULL, 0, 1, 0, &token));
    CHECK(serve(loop, modems) == MODEMS * EACH);
    tasks = entries("/proc/self/task") - tasks, descriptors = entries("/proc/self/fd") - descriptors;
    memory = resident_kib() - memory;
    CHECK(tasks == 1);
    CHECK(descriptors <= MODEMS * 7);
    check_sleep(500);
    before = wakeups(modems);
    check_sleep(figures ? 10000 : 500);
    before = wakeups(modems) - before;
    CHECK(before == 0);
    if (figures)
        printf("each of %d: %.2f threads, %.1f descriptors, %ld KiB, %u wake-ups in 10 s for all\n", MODEMS,
               (double)tasks / MODEMS, (double)descriptors / MODEMS, memory / MODEMS, (unsigned)before);
    for (i = 0; i < MODEMS; i++)
        CHECK_STATUS(M531X_OK, m531x_close(modems[i]));
    fclose(ports);
    close(loop);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    figures = argc > 1;
    check_limit(120);
    RUN(sixty_four_modems_share_one_loop);
    return check_result();
}
