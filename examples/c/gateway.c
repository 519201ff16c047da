/*
 * A gateway that runs for years: gateway PORT BROKER [INTERVAL_MS [COUNT]]
 *
 * It publishes a reading every ten seconds and listens to commands/#, all in one epoll loop. A reading is forgotten when the
 * broker has acknowledged it, and sent again if its publish fails; the library makes lost connections and ports again. SIGTERM
 * ends it within two seconds. With NOTIFY_SOCKET set, as systemd does it (gateway.service), it says that it is alive.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "m531x.h"

enum { MOST_READINGS = 1000 };

/* The readings that are not acknowledged, oldest first; the token is 0 while one is not on its way. */
static struct reading {
    uint32_t token;
    char text[16];
} readings[MOST_READINGS];
static int waiting, taken, acknowledged;

static m531x_modem modem;
static enum { CONNECT, SUBSCRIBE, UP } step;
static uint32_t step_token; /* of the step that is under way */
static char *text;
static uint8_t *payload;
static uint32_t text_size, payload_size;

/* Notifies systemd; without it this does nothing. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = path && strlen(path) < sizeof address.sun_path ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
           (socklen_t)(sizeof address.sun_family + strlen(path)));
    close(fd);
}

static void failed(m531x_status status)
{
    char why[256] = "";
    m531x_last_error_text(modem, why, sizeof why, NULL);
    fprintf(stderr, "%s: %s\n", m531x_error_name(status), why);
}

/* Begins what is to be done next; nothing here waits. What cannot begin is tried again with the next reading. */
static void go_on(const char *broker)
{
    m531x_status status = M531X_OK;
    if (step == CONNECT && step_token == 0)
        status = m531x_connect_start(modem, broker, 1883, "gateway-1", &step_token);
    else if (step == SUBSCRIBE && step_token == 0)
        status = m531x_subscribe_start(modem, "commands/#", 1, &step_token);
    for (int i = 0; i < waiting && step == UP && status >= 0; i++)
        if (readings[i].token == 0)
            status = m531x_publish_start(modem, "gateway-1/reading", (const uint8_t *)readings[i].text,
                                         (uint32_t)strlen(readings[i].text), 1, 0, &readings[i].token);
    if (status < 0 && modem != 0)
        failed(status);
}

/* What was begun has ended. */
static void on_done(uint32_t token, m531x_status status)
{
    int i;
    if (status < 0)
        fprintf(stderr, "%s: %s\n", m531x_error_name(status), text);
    for (i = 0; i < waiting && readings[i].token != token; i++)
        ;
    if (token == step_token) {
        step_token = 0;
        step = status < 0 ? CONNECT : step == CONNECT ? SUBSCRIBE : UP;
    } else if (i < waiting && status < 0) {
        readings[i].token = 0;
    } else if (i < waiting) {
        memmove(&readings[i], &readings[i + 1], sizeof *readings * (size_t)(--waiting - i));
        acknowledged++;
    }
}

/* Takes all that waits; an error once the modem is no longer usable. */
static m531x_status take_all(const char *broker)
{
    int32_t kind, value, status;
    uint32_t needed, length;
    m531x_status result;
    while ((result = m531x_receive(modem, 0, &kind, &value, &status, text, text_size, &needed, payload, payload_size, &length,
                                   NULL, NULL, NULL)) != M531X_ERR_TIMEOUT) {
        if (result == M531X_ERR_BUFFER_TOO_SMALL) {
            text = needed > text_size ? realloc(text, text_size = needed) : text;
            payload = length > payload_size ? realloc(payload, payload_size = length) : payload;
        } else if (result < 0)
            return result;
        else if (kind == M531X_RECEIVED_MESSAGE)
            printf("command %s: %.*s\n", text, (int)length, (char *)payload);
        else if (kind == M531X_EVENT_DONE)
            on_done((uint32_t)value, status);
        else if (kind == M531X_EVENT_CONNECTED)
            puts("connected");
        else if (kind == M531X_EVENT_DISCONNECTED || kind == M531X_EVENT_PORT_LOST)
            fprintf(stderr, "lost: %s\n", text);
        if (result == M531X_OK && (kind == M531X_EVENT_CONNECTED || (kind == M531X_EVENT_DONE && status >= 0)))
            go_on(broker);
    }
    fflush(stdout);
    return M531X_OK;
}

static int watch(int loop, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest);
    return fd;
}

/* Opens the modem again, which takes ten seconds at most. */
static void open_modem(const char *port, int loop)
{
    m531x_status status = m531x_open(port, 0, NULL, -1, &modem);
    int32_t fd;
    step = CONNECT, step_token = 0;
    for (int i = 0; i < waiting; i++)
        readings[i].token = 0;
    if (status < 0 || (status = m531x_event_fd(modem, &fd)) < 0)
        failed(status);
    else
        watch(loop, fd);
}

/* Nothing but an opening makes the loop wait: a signal ends that as well. */
static void *end_openings(void *signals)
{
    struct epoll_event ready;
    int loop = epoll_create1(EPOLL_CLOEXEC);
    watch(loop, *(int *)signals);
    while (epoll_wait(loop, &ready, 1, -1) != 1)
        ;
    for (;;)
        m531x_cancel_open(), usleep(100000);
    return NULL;
}

int main(int argc, char **argv)
{
    int loop = epoll_create1(EPOLL_CLOEXEC), signals, timer, ended = 0, interval_ms, count;
    struct itimerspec period = {{0, 0}, {0, 1}};
    struct epoll_event ready;
    pthread_t thread;
    sigset_t set;
    uint64_t ticks;
    if (argc < 3)
        return fprintf(stderr, "usage: gateway PORT BROKER [INTERVAL_MS [COUNT]]\n"), 2;
    interval_ms = argc > 3 ? atoi(argv[3]) : 10000;
    count = argc > 4 ? atoi(argv[4]) : -1;
    sigemptyset(&set), sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = watch(loop, signalfd(-1, &set, SFD_CLOEXEC));
    timer = watch(loop, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    period.it_interval.tv_sec = interval_ms / 1000, period.it_interval.tv_nsec = interval_ms % 1000 * 1000000L;
    timerfd_settime(timer, 0, &period, NULL);
    pthread_create(&thread, NULL, end_openings, &signals);
    notify("READY=1");
    while (!ended && acknowledged != count) {
        if (epoll_wait(loop, &ready, 1, -1) != 1)
            continue; /* a signal, or the program was stopped and goes on */
        if (ready.data.fd == signals) {
            ended = 1;
        } else if (ready.data.fd != timer) {
            m531x_status status = take_all(argv[2]);
            if (status < 0)
                failed(status), m531x_close(modem), modem = 0;
        } else if (read(timer, &ticks, sizeof ticks) > 0) {
            notify("WATCHDOG=1");
            if (taken != count && waiting < MOST_READINGS)
                readings[waiting].token = 0, sprintf(readings[waiting++].text, "%d", ++taken);
            if (modem == 0)
                open_modem(argv[1], loop);
            go_on(argv[2]);
        }
    }
    notify("STOPPING=1");
    m531x_disconnect(modem, 1000);
    m531x_close(modem);
    return 0;
}
