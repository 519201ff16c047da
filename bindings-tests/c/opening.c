/* How long opening takes, how it is ended, and what closing leaves behind. */
#define _XOPEN_SOURCE 600
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "support.h"

/* A port on which nothing ever answers. */
static int silent_port(char *name, size_t capacity)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    snprintf(name, capacity, "%s", ptsname(master));
    return master;
}

static void no_time_at_all_asks_once_and_is_quick(void)
{
    char port[64];
    int master = silent_port(port, sizeof port), i;
    double quickest = 1e9;
    for (i = 0; i < 10; i++) {
        m531x_modem modem = 7;
        double begun = check_now(), took;
        CHECK_STATUS(M531X_ERR_NO_ANSWER, m531x_open(port, 0, NULL, 0, &modem));
        took = check_now() - begun;
        quickest = took < quickest ? took : quickest;
        CHECK(modem == 7);
    }
    /* On a quiet machine every one of them does. */
    CHECK(quickest < 0.1);
    close(master);
}

static void no_time_at_all_opens_a_module_that_answers(void)
{
    m531x_modem modem = 0;
    m531x_status status = M531X_ERR_NO_ANSWER;
    int i;
    /* A machine that is busy, or a checker, may need more than one of these short moments. */
    for (i = 0; i < 100 && status == M531X_ERR_NO_ANSWER; i++)
        status = m531x_open("virtual://", 0, NULL, 0, &modem);
    CHECK_STATUS(M531X_OK, status);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

struct opening {
    const char *port;
    m531x_status status;
};

static void *open_for_a_minute(void *argument)
{
    struct opening *opening = argument;
    m531x_modem modem = 0;
    opening->status = m531x_open(opening->port, 0, NULL, PATIENCE_MS, &modem);
    return NULL;
}

static void check_cancelled(const char *port)
{
    struct opening opening = {port, 99};
    pthread_t thread;
    double begun;
    CHECK(pthread_create(&thread, NULL, open_for_a_minute, &opening) == 0);
    check_sleep(300);
    begun = check_now();
    CHECK_STATUS(M531X_OK, m531x_cancel_open());
    pthread_join(thread, NULL);
    CHECK(check_now() - begun < 10);
    CHECK_STATUS(M531X_ERR_CANCELLED, opening.status);
}

static void an_opening_is_cancelled(void)
{
    char port[64];
    int master = silent_port(port, sizeof port);
    check_cancelled(port);
    close(master);
}

/* A server whose queue is full lets the next connection wait. */
static void an_opening_that_connects_is_cancelled(void)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    char port[64];
    int clients[4], i, server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 0) == 0);
    getsockname(server, (struct sockaddr *)&address, &length);
    for (i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
        fcntl(clients[i], F_SETFL, O_NONBLOCK);
        connect(clients[i], (struct sockaddr *)&address, length);
    }
    sprintf(port, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    check_cancelled(port);
    for (i = 0; i < 4; i++)
        close(clients[i]);
    close(server);
}

static void *wait_for_message(void *modem)
{
    struct message message;
    while (next_message(*(m531x_modem *)modem, -1, &message) == M531X_OK)
        ;
    return NULL;
}

/* Opens, uses and closes a modem on a port; whether threads and descriptors were gone when that returned. */
static int closes_whole(const char *port, uint32_t virtual_modem)
{
    long tasks = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    int whole;
    m531x_modem modem = 0;
    int32_t fd;
    pthread_t waiter;
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &fd));
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, ignore_event, NULL, NULL));
    CHECK(pthread_create(&waiter, NULL, wait_for_message, &modem) == 0);
    check_sleep(5);
    if (virtual_modem != 0) {
        /* The port is gone, and looked for. */
        CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
        check_sleep(300);
        tasks = entries("/proc/self/task") - 4;
        descriptors = entries("/proc/self/fd") - 7;
    }
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    /* The waiter is the test's own. */
    whole = entries("/proc/self/task") <= tasks + 1 && entries("/proc/self/fd") <= descriptors;
    pthread_join(waiter, NULL);
    return whole;
}

static void threads_and_descriptors_are_gone_when_close_returns(void)
{
    char port[256];
    uint32_t virtual_modem = 0;
    int i, whole = 0;
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start("M5311", NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    for (i = 0; i < 20; i++)
        whole += closes_whole(port, 0);
    /* A thread that the system does not run for 50 ms is not waited for. */
    CHECK(whole > 5);
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void the_search_for_a_port_is_gone_when_close_returns(void)
{
    static const char LINK[] = "/tmp/m531x-c-opening";
    char port[256], link[64];
    int i, whole = 0;
    for (i = 0; i < 5; i++) {
        uint32_t virtual_modem = 0;
        sprintf(link, "%s-%d-%d", LINK, (int)getpid(), i);
        CHECK_STATUS(M531X_OK,
                     m531x_virtual_modem_start("M5311", NULL, link, &virtual_modem, port, sizeof port, NULL));
        whole += closes_whole(link, virtual_modem);
    }
    CHECK(whole > 0);
}

int main(void)
{
    check_limit(120);
    RUN(no_time_at_all_asks_once_and_is_quick);
    RUN(no_time_at_all_opens_a_module_that_answers);
    RUN(an_opening_is_cancelled);
    RUN(an_opening_that_connects_is_cancelled);
    RUN(threads_and_descriptors_are_gone_when_close_returns);
    RUN(the_search_for_a_port_is_gone_when_close_returns);
    return check_result();
}
