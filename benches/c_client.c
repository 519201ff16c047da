/* The C side of benches/c_rate.rs and c_memory.rs: c_client PORT callback|wait COUNT, c_client PORT open ROUNDS, or
   c_client PORT memory COUNT with the names of COUNT more ports on the standard input. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "m531x.h"
#include "measure.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_seen = PTHREAD_COND_INITIALIZER;
static long seen, count;

static void must(m531x_status status)
{
    if (status < 0) {
        fprintf(stderr, "%s\n", m531x_error_name(status));
        exit(1);
    }
}

static void on_message(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                       void *user_data)
{
    (void)modem, (void)payload, (void)flags, (void)user_data;
    if (length != 64 || strcmp(topic, "bench/inbound") != 0)
        exit(1);
    if (++seen == count) {
        pthread_mutex_lock(&lock);
        pthread_cond_signal(&all_seen);
        pthread_mutex_unlock(&lock);
    }
}

static void by_callback(m531x_modem modem)
{
    pthread_mutex_lock(&lock);
    must(m531x_set_message_callback(modem, on_message, NULL, NULL));
    puts("ready"), fflush(stdout);
    while (seen < count)
        pthread_cond_wait(&all_seen, &lock);
    pthread_mutex_unlock(&lock);
}

static void by_waiting(m531x_modem modem)
{
    char topic[512];
    uint8_t payload[2048];
    uint32_t length;
    puts("ready"), fflush(stdout);
    for (; seen < count; seen++) {
        must(m531x_wait_message(modem, 60000, topic, sizeof topic, NULL, payload, sizeof payload, &length, NULL));
        if (length != 64 || strcmp(topic, "bench/inbound") != 0)
            exit(1);
    }
}

/* Prints how long each opening and each closing took, in milliseconds. */
static void open_and_close(const char *port)
{
    long i;
    for (i = 0; i < count; i++) {
        m531x_modem modem;
        double begun = now(), opened;
        must(m531x_open(port, 0, "M5310-A", 10000, &modem));
        opened = now();
        must(m531x_close(modem));
        printf("%.6f %.6f\n", (opened - begun) * 1e3, (now() - opened) * 1e3);
    }
}

/* Prints the threads and the kB of memory that `count` more modems take, all in all: once they are open, and each time
   one more has received as many messages as the next line of the input says. */
static void memory(void)
{
    static m531x_modem modems[1024];
    char port[256], topic[512];
    uint8_t payload[2048];
    uint32_t length;
    long i, messages;
    long threads = status_of("Threads:"), kilobytes = status_of("RssAnon:");
    for (i = 0; i < count; i++) {
        if (fgets(port, sizeof port, stdin) == NULL)
            exit(1);
        port[strcspn(port, "\n")] = '\0';
        must(m531x_open(port, 0, "M5310-A", 10000, &modems[i]));
    }
    printf("%ld %ld\n", status_of("Threads:") - threads, status_of("RssAnon:") - kilobytes), fflush(stdout);
    for (i = 0; i < count; i++) {
        if (fgets(port, sizeof port, stdin) == NULL)
            exit(1);
        messages = atol(port);
        for (seen = 0; seen < messages; seen++)
            must(m531x_wait_message(modems[i], 60000, topic, sizeof topic, NULL, payload, sizeof payload, &length, NULL));
        printf("%ld %ld\n", status_of("Threads:") - threads, status_of("RssAnon:") - kilobytes), fflush(stdout);
    }
    for (i = 0; i < count; i++)
        must(m531x_close(modems[i]));
}

int main(int argc, char **argv)
{
    m531x_modem modem;
    double begun;
    if (argc != 4)
        return 2;
    count = atol(argv[3]);
    if (count > 1024 && strcmp(argv[2], "memory") == 0)
        return 2;
    if (strcmp(argv[2], "open") == 0)
        return open_and_close(argv[1]), 0;
    must(m531x_open(argv[1], 0, "M5310-A", 10000, &modem));
    /* A pseudo-terminal can wait, and nothing that is counted may be dropped. */
    must(m531x_set_u32(modem, M531X_OPTION_OVERFLOW, M531X_OVERFLOW_BLOCK));
    if (strcmp(argv[2], "memory") == 0) {
        memory();
        return m531x_close(modem);
    }
    begun = now();
    if (strcmp(argv[2], "callback") == 0)
        by_callback(modem);
    else
        by_waiting(modem);
    printf("%.9f\n", now() - begun);
    must(m531x_close(modem));
    return 0;
}
