/* Publishes readings from an epoll loop, each again until it is acknowledged: readings_epoll PORT BROKER [INTERVAL_MS [COUNT]] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "m531x.h"

static struct { int number; uint32_t token; } readings[1000]; /* The token is 0 while it is not on its way. */
static int waiting, taken, acknowledged, connected;
static uint32_t connecting;
static m531x_modem modem;

static void must(m531x_status status)
{
    char why[256] = "";
    if (status >= 0)
        return;
    m531x_last_error_text(modem, why, sizeof why, NULL);
    fprintf(stderr, "%s: %s\n", m531x_error_name(status), why), exit(1);
}

/* Begins what is not under way. Once connected, the library makes lost connections and ports again by itself. */
static void go_on(const char *broker)
{
    char text[16];
    if (!connected && connecting == 0)
        must(m531x_connect_start(modem, broker, 1883, "readings", &connecting));
    for (int i = 0; i < waiting && connected; i++)
        if (readings[i].token == 0 && sprintf(text, "%d", readings[i].number) > 0)
            must(m531x_publish_start(modem, "readings", (uint8_t *)text, (uint32_t)strlen(text), 1, 0, &readings[i].token));
}

static void on_done(uint32_t token, m531x_status status)
{
    int i = 0;
    connecting = token == connecting ? 0 : connecting;
    while (i < waiting && readings[i].token != token)
        i++;
    if (i < waiting && status < 0)
        readings[i].token = 0;
    else if (i < waiting)
        readings[i] = readings[--waiting], acknowledged++;
}

static void take_all(const char *broker)
{
    static char *text;
    static uint32_t size;
    int32_t kind, value, status, result;
    uint32_t needed;
    while ((result = m531x_wait_event_of(modem, ~0u, 0, &kind, &value, &status, text, size, &needed)) != M531X_ERR_TIMEOUT) {
        if (result == M531X_ERR_BUFFER_TOO_SMALL)
            text = realloc(text, size = needed);
        else if (must(result), kind == M531X_EVENT_DONE)
            on_done((uint32_t)value, status);
        else if (kind == M531X_EVENT_CONNECTED)
            connected = 1, puts("connected"), fflush(stdout), go_on(broker);
    }
}

int main(int argc, char **argv)
{
    int ms = argc > 3 ? atoi(argv[3]) : 10000, count = argc > 4 ? atoi(argv[4]) : -1, loop = epoll_create1(EPOLL_CLOEXEC);
    struct itimerspec period = {.it_value = {0, 1}, .it_interval = {ms / 1000, ms % 1000 * 1000000L}};
    int32_t fds[3] = {timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    struct epoll_event ready;
    uint64_t ticks;
    sigset_t set;
    if (argc < 3)
        return fprintf(stderr, "usage: readings_epoll PORT BROKER [INTERVAL_MS [COUNT]]\n"), 2;
    must(m531x_open(argv[1], 0, NULL, -1, &modem));
    must(m531x_event_fd(modem, &fds[1]));
    sigemptyset(&set), sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT), sigprocmask(SIG_BLOCK, &set, NULL);
    fds[2] = signalfd(-1, &set, SFD_CLOEXEC);
    timerfd_settime(fds[0], 0, &period, NULL);
    for (int i = 0; i < 3; i++)
        epoll_ctl(loop, EPOLL_CTL_ADD, fds[i], &(struct epoll_event){.events = EPOLLIN, .data = {.fd = fds[i]}});
    while (acknowledged != count && (epoll_wait(loop, &ready, 1, -1) != 1 || ready.data.fd != fds[2])) {
        take_all(argv[2]);
        if (read(fds[0], &ticks, sizeof ticks) <= 0)
            continue;
        if (taken != count && waiting < 1000)
            readings[waiting].token = 0, readings[waiting++].number = ++taken;
        go_on(argv[2]);
    }
    m531x_disconnect(modem, 1000);
    return m531x_close(modem) < 0;
}
