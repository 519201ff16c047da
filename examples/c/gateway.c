/*
 * A gateway that runs for years: gateway PORT BROKER
 *
 * It publishes a reading every ten seconds, listens to commands/#, and makes everything anew with growing pauses when
 * the port, the module or the connection fails. SIGTERM ends it in order. With WATCHDOG_USEC and NOTIFY_SOCKET set, as
 * systemd does it (gateway.service beside this file), it says that it is alive.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "m531x.h"

enum { FIRST_PAUSE_S = 1, LONGEST_PAUSE_S = 60 };

static int interval_s = 10;

/* Tells systemd something; without systemd this does nothing. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    int fd;
    if (length == 0 || length >= sizeof address.sun_path || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
           (socklen_t)(sizeof address.sun_family + length));
    close(fd);
}

static void report(m531x_modem modem, const char *what, m531x_status status)
{
    char text[256] = "";
    m531x_last_error_text(modem, text, sizeof text, NULL);
    fprintf(stderr, "%s: %s: %s\n", what, m531x_error_name(status), text);
}

/* Opens and connects; 0 if that fails. */
static m531x_modem start(const char *port, const char *broker)
{
    m531x_modem modem = 0;
    m531x_status status = m531x_open(port, 0, NULL, -1, &modem);
    if (status < 0)
        return report(0, "open", status), 0;
    /* What is over the queue's size is old: the newest reading is the one that counts. */
    m531x_set_u32(modem, M531X_OPTION_OVERFLOW, M531X_OVERFLOW_DROP_OLDEST);
    if ((status = m531x_wait_for_network(modem, -1)) >= 0 &&
        (status = m531x_connect(modem, broker, 1883, "gateway-1", -1)) >= 0 &&
        (status = m531x_subscribe(modem, "commands/#", 1, -1, NULL)) >= 0)
        return modem;
    report(modem, "connect", status);
    m531x_close(modem);
    return 0;
}

/* Takes all that waits; 0 when the connection is gone. */
static int serve(m531x_modem modem)
{
    char topic[512], text[512];
    uint8_t payload[2048];
    uint32_t length;
    int32_t kind, up = 1;
    while (m531x_wait_message(modem, 0, topic, sizeof topic, NULL, payload, sizeof payload, &length, NULL) == M531X_OK)
        printf("command %s: %.*s\n", topic, (int)length, (char *)payload);
    while (m531x_wait_event(modem, 0, &kind, NULL, text, sizeof text, NULL) == M531X_OK)
        if (kind == M531X_EVENT_DISCONNECTED || kind == M531X_EVENT_REBOOTED || kind == M531X_EVENT_PORT_LOST) {
            fprintf(stderr, "lost: %s\n", text);
            up = 0;
        }
    fflush(stdout);
    return up;
}

/* Works until the connection is gone (1) or the process shall end (0). */
static int run(m531x_modem modem, int signals, int timer)
{
    struct pollfd ready[3] = {{.fd = signals, .events = POLLIN}, {.fd = timer, .events = POLLIN}, {.events = POLLIN}};
    uint64_t ticks;
    m531x_event_fd(modem, &ready[2].fd);
    for (;;) {
        if (!serve(modem))
            return 1;
        poll(ready, 3, -1);
        if (ready[0].revents)
            return 0;
        if (ready[1].revents && read(timer, &ticks, sizeof ticks) > 0) {
            m531x_status status = m531x_publish(modem, "gateway-1/reading", (const uint8_t *)"21.5", 4, 1, 0, -1);
            if (status < 0)
                return report(modem, "publish", status), 1;
            /* Only what has just proved to work says that it is alive. */
            notify("WATCHDOG=1");
        }
    }
}

int main(int argc, char **argv)
{
    int signals, timer, pause_s = FIRST_PAUSE_S, ended = 0;
    struct itimerspec period = {{0, 0}, {0, 1}};
    sigset_t set;
    if (argc < 3)
        return fprintf(stderr, "usage: gateway PORT BROKER [INTERVAL_S]\n"), 2;
    if (argc > 3)
        interval_s = atoi(argv[3]);
    /* Before the first thread of the library, which inherits it. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    period.it_interval.tv_sec = interval_s;
    timerfd_settime(timer, 0, &period, NULL);
    notify("READY=1");
    while (!ended) {
        m531x_modem modem = start(argv[1], argv[2]);
        if (modem != 0) {
            puts("connected"), fflush(stdout);
            pause_s = FIRST_PAUSE_S;
            ended = !run(modem, signals, timer);
            if (ended)
                m531x_disconnect(modem, 2000);
            m531x_close(modem);
        }
        if (!ended) {
            struct pollfd stop = {.fd = signals, .events = POLLIN};
            /* Trying again is a sign of life as well; a hang is not. */
            notify("WATCHDOG=1");
            ended = poll(&stop, 1, pause_s * 1000 + rand() % 500) > 0;
            pause_s = pause_s * 2 > LONGEST_PAUSE_S ? LONGEST_PAUSE_S : pause_s * 2;
        }
    }
    notify("STOPPING=1");
    return 0;
}
