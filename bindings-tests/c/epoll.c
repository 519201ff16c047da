/* The descriptor for poll and epoll. */
#include <poll.h>
#include <sys/epoll.h>

#include "support.h"

static int readable(int fd, int timeout_ms)
{
    struct pollfd poller = {fd, POLLIN, 0};
    return poll(&poller, 1, timeout_ms) == 1 && (poller.revents & POLLIN);
}

/* Takes all that waits, and returns how many messages that were. */
static int drain(m531x_modem modem)
{
    struct message message;
    char text[512];
    int messages = 0;
    while (next_message(modem, 0, &message) == M531X_OK)
        messages++;
    while (m531x_wait_event(modem, 0, NULL, NULL, text, sizeof text, NULL) == M531X_OK)
        ;
    return messages;
}

static void the_descriptor_is_readable_while_something_waits(void)
{
    m531x_modem modem = subscribed();
    int32_t fd = -1, again = -2;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &fd));
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &again));
    CHECK(fd >= 0 && fd == again);
    /* Events of connecting came before the descriptor was asked for; others may be on their way. */
    CHECK(readable(fd, PATIENCE_MS));
    while (readable(fd, 200))
        CHECK(drain(modem) == 0);
    CHECK(!readable(fd, 0));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK(readable(fd, PATIENCE_MS));
    CHECK(readable(fd, 0));
    while (drain(modem) == 0)
        CHECK(readable(fd, PATIENCE_MS));
    CHECK(!readable(fd, 200));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void one_loop_serves_several_modems(void)
{
    enum { MODEMS = 3, EACH = 20 };
    m531x_modem modems[MODEMS];
    int loop = epoll_create1(0), i, j, taken[MODEMS] = {0};
    struct epoll_event ready;
    for (i = 0; i < MODEMS; i++) {
        struct epoll_event interest = {0};
        int32_t fd = -1;
        modems[i] = subscribed();
        CHECK_STATUS(M531X_OK, m531x_event_fd(modems[i], &fd));
        interest.events = EPOLLIN;
        interest.data.u32 = (uint32_t)i;
        CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest) == 0);
    }
    for (j = 0; j < EACH; j++)
        for (i = 0; i < MODEMS; i++)
            CHECK_STATUS(M531X_OK, m531x_publish_start(modems[i], "t/a", NULL, 0, 1, 0, NULL));
    while (taken[0] + taken[1] + taken[2] < MODEMS * EACH) {
        if (epoll_wait(loop, &ready, 1, PATIENCE_MS) != 1) {
            CHECK(!"a message came");
            break;
        }
        taken[ready.data.u32] += drain(modems[ready.data.u32]);
    }
    for (i = 0; i < MODEMS; i++) {
        CHECK(taken[i] == EACH);
        CHECK_STATUS(M531X_OK, m531x_close(modems[i]));
    }
    close(loop);
}

static void an_edge_triggered_loop_misses_nothing(void)
{
    m531x_modem modem = subscribed();
    struct epoll_event interest = {0}, ready;
    int32_t fd = -1;
    int loop = epoll_create1(0), i, taken = 0;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &fd));
    interest.events = EPOLLIN | EPOLLET;
    CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &interest) == 0);
    for (i = 0; i < 100; i++)
        CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, NULL));
    while (taken < 100 && epoll_wait(loop, &ready, 1, PATIENCE_MS) == 1)
        taken += drain(modem);
    CHECK(taken == 100);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    close(loop);
}

static void closing_the_modem_closes_the_descriptor(void)
{
    m531x_modem modem = opened();
    struct pollfd poller = {-1, POLLIN, 0};
    int32_t fd = -1;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &fd));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    poller.fd = fd;
    CHECK(poll(&poller, 1, 0) == 1 && (poller.revents & POLLNVAL));
}

static void a_descriptor_nobody_asked_for_is_not_made(void)
{
    int before = dup(0), after;
    m531x_modem modem;
    close(before);
    modem = opened();
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    after = dup(0);
    close(after);
    CHECK(after == before);
}

int main(void)
{
    check_limit(60);
    RUN(a_descriptor_nobody_asked_for_is_not_made);
    RUN(the_descriptor_is_readable_while_something_waits);
    RUN(one_loop_serves_several_modems);
    RUN(an_edge_triggered_loop_misses_nothing);
    RUN(closing_the_modem_closes_the_descriptor);
    return check_result();
}
