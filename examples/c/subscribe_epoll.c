/* Answers each message below questions/ from inside an epoll loop: subscribe_epoll PORT BROKER [COUNT] */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "m531x.h"

static m531x_modem modem;
static char *text;
static uint8_t *payload;
static uint32_t text_size, payload_size;
static int left = -1;

static void must(m531x_status status)
{
    char why[256] = "";
    if (status >= 0)
        return;
    m531x_last_error_text(modem, why, sizeof why, NULL);
    fprintf(stderr, "%s: %s\n", m531x_error_name(status), why);
    exit(1);
}

static void on_message(const char *topic, const uint8_t *answer, uint32_t length)
{
    must(m531x_publish_start(modem, "answers", answer, length, 1, 0, &(uint32_t){0}));
    printf("answering %s\n", topic), fflush(stdout);
}

static void on_event(int32_t kind, m531x_status status, const char *words)
{
    if (kind == M531X_EVENT_DONE && status >= 0)
        left -= left > 0;
    else if (kind == M531X_EVENT_DONE || kind == M531X_EVENT_DISCONNECTED)
        fprintf(stderr, "%s\n", words);
}

/* loop */
static m531x_status take_all(void)
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
            on_message(text, payload, length);
        else
            on_event(kind, status, text);
    }
    return M531X_OK;
}
/* end */

int main(int argc, char **argv)
{
    int loop = epoll_create1(0);
    struct epoll_event interest = {.events = EPOLLIN}, ready;
    int32_t fd;
    if (argc < 3)
        return fprintf(stderr, "usage: subscribe_epoll PORT BROKER [COUNT]\n"), 2;
    left = argc > 3 ? atoi(argv[3]) : -1;
    must(m531x_open(argv[1], 0, NULL, -1, &modem));
    must(m531x_connect(modem, argv[2], 1883, "answerer", -1));
    must(m531x_subscribe(modem, "questions/#", 1, -1, NULL));
    must(m531x_event_fd(modem, &fd));
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest);
    puts("ready"), fflush(stdout);
    while (left != 0 && (epoll_wait(loop, &ready, 1, -1) == 1 || errno == EINTR))
        must(take_all());
    must(m531x_disconnect(modem, -1));
    must(m531x_close(modem));
    return 0;
}
