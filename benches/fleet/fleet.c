/* The C clients of `make bench-fleet`: fleet loop|m531x SECONDS with the names of the ports on the standard input. Each of the
   modems takes its messages, and sends one command a second. Prints messages, commands, lost messages, threads, kB, the
   CPU seconds and the 99th percentile of the age of a message in us, all of the time after the fleet is open. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "../measure.h"
#include "m531x.h"

enum { MOST = 4000, AGES = 1 << 20 };

static struct modem {
    m531x_modem handle;
    int fd, length;
    long next;
    char line[512];
} modems[MOST];
static int count;
static long messages, commands, lost;
static double ages[AGES], begun = 1e18;

static double cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void must(m531x_status status, m531x_modem modem)
{
    char why[256] = "";
    if (status >= 0)
        return;
    m531x_last_error_text(modem, why, sizeof why, NULL);
    fprintf(stderr, "%s: %s\n", m531x_error_name(status), why);
    exit(1);
}

/* A payload is the time at which the module printed it, and its number. */
static void on_payload(struct modem *modem, const char *payload)
{
    char *rest;
    long long sent = strtoll(payload, &rest, 10);
    long number = atol(rest);
    lost += modem->next > 0 ? number - modem->next : 0;
    modem->next = number + 1;
    if ((double)sent / 1e9 < begun)
        return;
    if (messages < AGES)
        ages[messages] = now() * 1e6 - (double)sent / 1e3;
    messages++;
}

static int open_raw(const char *port)
{
    struct termios raw;
    int fd = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || tcgetattr(fd, &raw) != 0)
        perror(port), exit(1);
    cfmakeraw(&raw), cfsetspeed(&raw, B115200);
    tcsetattr(fd, TCSANOW, &raw);
    return fd;
}

static void send_raw(struct modem *modem, const char *text)
{
    if (write(modem->fd, text, strlen(text)) != (ssize_t)strlen(text))
        perror("write"), exit(1);
}

static void take_raw(struct modem *modem)
{
    char bytes[1024];
    ssize_t got;
    while ((got = read(modem->fd, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] != '\n') {
                if (modem->length < (int)sizeof modem->line - 1)
                    modem->line[modem->length++] = bytes[i];
                continue;
            }
            modem->line[modem->length] = '\0';
            modem->length = 0;
            if (strncmp(modem->line, "+MQTTPUBLISH:", 13) == 0) {
                char *at = modem->line;
                for (int commas = 0; at != NULL && commas < 6; commas++)
                    at = strchr(at + 1, ',');
                if (at != NULL)
                    on_payload(modem, at + 1);
            } else if (strncmp(modem->line, "OK", 2) == 0)
                commands++;
        }
}

static void open_m531x(struct modem *modem, const char *port)
{
    must(m531x_open(port, 0, "M5310-A", 10000, &modem->handle), 0);
    must(m531x_connect(modem->handle, "broker.example", 1883, "fleet", -1), modem->handle);
    must(m531x_subscribe(modem->handle, "fleet/1", 0, -1, NULL), modem->handle);
    must(m531x_event_fd(modem->handle, &modem->fd), modem->handle);
}

static void take_m531x(struct modem *modem)
{
    char text[1024];
    uint8_t payload[1024];
    uint32_t needed, length;
    int32_t kind, value, status;
    m531x_status result;
    while ((result = m531x_receive(modem->handle, 0, &kind, &value, &status, text, sizeof text, &needed, payload,
                                   sizeof payload - 1, &length, NULL, NULL, NULL)) != M531X_ERR_TIMEOUT) {
        must(result, modem->handle);
        if (kind == M531X_RECEIVED_MESSAGE) {
            payload[length] = '\0';
            on_payload(modem, (const char *)payload);
        }
    }
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[64], interest = {.events = EPOLLIN};
    struct itimerspec tick = {0};
    int loop = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0), raw;
    long threads = status_of("Threads:"), kilobytes = status_of("RssAnon:");
    char port[256];
    double end, before, used;
    uint64_t ticks, turn = 0, turns;
    if (argc != 3)
        return fprintf(stderr, "usage: fleet loop|m531x SECONDS < PORTS\n"), 2;
    raw = strcmp(argv[1], "loop") == 0;
    for (; count < MOST && fgets(port, sizeof port, stdin) != NULL; count++) {
        struct modem *modem = &modems[count];
        port[strcspn(port, "\n")] = '\0';
        if (raw)
            modem->fd = open_raw(port), send_raw(modem, "AT+MQTTSUB=\"fleet/1\",0\r");
        else
            open_m531x(modem, port);
        interest.data.u32 = (uint32_t)count;
        epoll_ctl(loop, EPOLL_CTL_ADD, modem->fd, &interest);
    }
    /* So many times a second it is the turn of some to send a command. */
    turns = (uint64_t)(count < 1000 ? count : 1000);
    tick.it_value.tv_sec = tick.it_interval.tv_sec = turns == 1;
    tick.it_value.tv_nsec = tick.it_interval.tv_nsec = turns == 1 ? 0 : (long)(1000000000 / turns);
    interest.data.u32 = MOST;
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &interest);
    timerfd_settime(timer, 0, &tick, NULL);
    before = cpu(), begun = now(), end = begun + atof(argv[2]);
    while (now() < end) {
        int events = epoll_wait(loop, ready, 64, -1);
        for (int i = 0; i < events; i++) {
            if (ready[i].data.u32 == MOST) {
                if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
                    continue;
                for (; ticks > 0; ticks--, turn++)
                    for (uint64_t n = turn % turns; n < (uint64_t)count; n += turns)
                        if (raw)
                            send_raw(&modems[n], "AT+CSQ\r");
                        else
                            must(m531x_signal(modems[n].handle, 10000, NULL, NULL), modems[n].handle), commands++;
            } else if (raw)
                take_raw(&modems[ready[i].data.u32]);
            else
                take_m531x(&modems[ready[i].data.u32]);
        }
    }
    used = cpu() - before;
    threads = status_of("Threads:") - threads, kilobytes = status_of("RssAnon:") - kilobytes;
    qsort(ages, (size_t)(messages < AGES ? messages : AGES), sizeof *ages, by_size);
    printf("%ld %ld %ld %ld %ld %.4f %.1f\n", messages, commands, lost, threads, kilobytes, used,
           messages > 0 ? ages[(messages < AGES ? messages : AGES) * 99 / 100] : 0.0);
    /* The modems of a process that ends are closed with it. */
    return 0;
}
