/* The modules of `make bench-fleet`: modules COUNT makes so many pseudo-terminals, prints their names, and answers on all
   of them. Once a module is subscribed it prints a message a second, whose payload is the time in ns and its number. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4000 };

static struct module {
    int master, length;
    unsigned long sent;
    char line[512], topic[64];
} modules[MOST];

static void print(struct module *module, const char *text)
{
    size_t length = strlen(text);
    /* A line that no one reads is full at some time: a module has no patience either. */
    if (write(module->master, text, length) != (ssize_t)length)
        fprintf(stderr, "a module lost what it printed\n");
}

static void answer(struct module *module)
{
    char *line = module->line, text[256];
    if (strncmp(line, "AT+MQTTOPEN", 11) == 0)
        print(module, "\r\nOK\r\n+MQTTOPEN:OK\r\n");
    else if (strncmp(line, "AT+MQTTSUB=\"", 12) == 0) {
        snprintf(module->topic, sizeof module->topic, "%.*s", (int)strcspn(line + 12, "\""), line + 12);
        snprintf(text, sizeof text, "\r\nOK\r\n+MQTTSUBACK:1,0,%s\r\n", module->topic);
        print(module, text);
    } else if (strncmp(line, "AT+MQTTSTAT?", 12) == 0)
        print(module, "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    else if (strncmp(line, "AT+CSQ", 6) == 0)
        print(module, "\r\n+CSQ:21,99\r\n\r\nOK\r\n");
    else
        print(module, "\r\nOK\r\n");
}

static void take(struct module *module)
{
    char bytes[512];
    ssize_t count = read(module->master, bytes, sizeof bytes);
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\r') {
            module->line[module->length] = '\0';
            module->length = 0;
            answer(module);
        } else if (bytes[i] != '\n' && module->length < (int)sizeof module->line - 1)
            module->line[module->length++] = bytes[i];
    }
}

static void deliver(struct module *module)
{
    char text[256], payload[64];
    struct timespec now;
    if (module->topic[0] == '\0')
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(payload, sizeof payload, "%lld %lu", (long long)now.tv_sec * 1000000000 + now.tv_nsec, module->sent++);
    snprintf(text, sizeof text, "+MQTTPUBLISH:0,0,0,0,%s,%zu,%s\r\n", module->topic, strlen(payload), payload);
    print(module, text);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[64], interest = {.events = EPOLLIN};
    struct itimerspec tick = {0};
    int loop = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0), count = argc > 1 ? atoi(argv[1]) : 0;
    uint64_t ticks, now = 0, turns;
    if (count < 1 || count > MOST)
        return fprintf(stderr, "usage: modules COUNT\n"), 2;
    /* So many times a second it is the turn of some. */
    turns = (uint64_t)(count < 1000 ? count : 1000);
    tick.it_value.tv_sec = tick.it_interval.tv_sec = turns == 1;
    tick.it_value.tv_nsec = tick.it_interval.tv_nsec = turns == 1 ? 0 : (long)(1000000000 / turns);
    for (int i = 0; i < count; i++) {
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), slave;
        struct termios raw;
        if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
            return perror("a pseudo-terminal"), 1;
        slave = open(ptsname(master), O_RDWR | O_NOCTTY);
        tcgetattr(slave, &raw), cfmakeraw(&raw), tcsetattr(slave, TCSANOW, &raw);
        modules[i].master = master;
        interest.data.u32 = (uint32_t)i;
        epoll_ctl(loop, EPOLL_CTL_ADD, master, &interest);
        puts(ptsname(master));
    }
    fflush(stdout);
    interest.data.u32 = MOST;
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &interest);
    timerfd_settime(timer, 0, &tick, NULL);
    for (;;) {
        int events = epoll_wait(loop, ready, 64, -1);
        for (int i = 0; i < events; i++) {
            if (ready[i].data.u32 != MOST) {
                take(&modules[ready[i].data.u32]);
                continue;
            }
            if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
                continue;
            for (; ticks > 0; ticks--, now++)
                for (uint64_t n = now % turns; n < (uint64_t)count; n += turns)
                    deliver(&modules[n]);
        }
    }
}
