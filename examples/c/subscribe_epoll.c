/* Answers each message below questions/ from inside an epoll loop: subscribe_epoll PORT BROKER [COUNT] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "m531x.h"

static m531x_modem modem;

static void must(m531x_status status)
{
    char text[256];
    if (status >= 0)
        return;
    m531x_last_error_text(modem, text, sizeof text, NULL);
    fprintf(stderr, "%s: %s\n", m531x_error_name(status), text);
    exit(1);
}

int main(int argc, char **argv)
{
    int loop = epoll_create1(0), left = argc > 3 ? atoi(argv[3]) : -1;
    struct epoll_event interest = {.events = EPOLLIN}, ready;
    int32_t fd, kind;
    uint32_t last = 0;

    if (argc < 3)
        return fprintf(stderr, "usage: subscribe_epoll PORT BROKER [COUNT]\n"), 2;
    must(m531x_open(argv[1], 0, NULL, -1, &modem));
    must(m531x_connect(modem, argv[2], 1883, "answerer", -1));
    must(m531x_subscribe(modem, "questions/#", 1, -1, NULL));
    must(m531x_event_fd(modem, &fd));
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest);
    puts("ready"), fflush(stdout);

    while (left != 0 && epoll_wait(loop, &ready, 1, -1) == 1) {
        char topic[512], text[512];
        uint8_t payload[2048];
        uint32_t length;
        m531x_status status;
        while ((status = m531x_wait_message(modem, 0, topic, sizeof topic, NULL, payload, sizeof payload, &length,
                                            NULL)) == M531X_OK) {
            must(m531x_publish_start(modem, "answers", payload, length, 1, 0, left == 1 ? &last : NULL));
            printf("answered %s\n", topic), fflush(stdout);
            left -= left > 0;
        }
        if (status != M531X_ERR_TIMEOUT) /* nothing waits any more */
            must(status);
        while (m531x_wait_event(modem, 0, &kind, NULL, text, sizeof text, NULL) == M531X_OK)
            if (kind == M531X_EVENT_DISCONNECTED)
                fprintf(stderr, "disconnected: %s\n", text);
    }
    must(m531x_publish_wait(modem, last, -1)); /* or disconnecting would end it */
    must(m531x_disconnect(modem, -1));
    must(m531x_close(modem));
    return 0;
}
