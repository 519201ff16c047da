/* Threads that wait in every function that can, to be woken by cancel or close. */
#ifndef WAITING_H
#define WAITING_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "support.h"

enum { WAITERS = 5 };

struct waiter {
    m531x_modem modem;
    int which;
    m531x_status status;
    double ended;
    int over;
    pthread_t thread;
};

static inline void *wait_for_it(void *argument)
{
    struct waiter *waiter = argument;
    struct message message;
    switch (waiter->which) {
    case 0:
    case 1:
        waiter->status = next_message(waiter->modem, -1, &message);
        break;
    case 2:
    case 3:
        /* Passes over the events of the opening. */
        do
            waiter->status = m531x_wait_event(waiter->modem, -1, NULL, NULL, message.topic, sizeof message.topic, NULL);
        while (waiter->status == M531X_OK);
        break;
    default:
        /* The broker takes the connection and says nothing. */
        waiter->status = m531x_connect(waiter->modem, "broker.example", 1883, "c-test", -1);
    }
    waiter->ended = check_now();
    __atomic_store_n(&waiter->over, 1, __ATOMIC_RELEASE);
    return NULL;
}

static inline void start_waiting(struct waiter *waiters, m531x_modem modem)
{
    int i;
    for (i = 0; i < WAITERS; i++) {
        waiters[i].modem = modem;
        waiters[i].which = i;
        waiters[i].status = 99;
        waiters[i].over = 0;
        CHECK(pthread_create(&waiters[i].thread, NULL, wait_for_it, &waiters[i]) == 0);
    }
    check_sleep(100);
}

static inline int are_waiting(const struct waiter *waiters)
{
    int i, waiting = 0;
    for (i = 0; i < WAITERS; i++)
        waiting += !__atomic_load_n(&waiters[i].over, __ATOMIC_ACQUIRE);
    return waiting;
}

/* A thread between two waits is not woken: its next one finds `also`, if that is another status. */
static inline void check_woken(struct waiter *waiters, m531x_status expected, m531x_status also, double since)
{
    int i;
    for (i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        if (waiters[i].status != also)
            CHECK_STATUS(expected, waiters[i].status);
        CHECK(waiters[i].ended - since < 5);
    }
}

/* A modem whose broker never answers, so that connecting takes until the ack timeout. */
static inline m531x_modem with_silent_broker(uint32_t *virtual_modem)
{
    static int server = -1;
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    m531x_modem modem = 0;
    char broker[64], port[256];
    if (server < 0) {
        server = socket(AF_INET, SOCK_STREAM, 0);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 8) == 0);
    }
    getsockname(server, (struct sockaddr *)&address, &length);
    sprintf(broker, "127.0.0.1:%d", ntohs(address.sin_port));
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", broker, NULL, virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    return modem;
}

#endif
