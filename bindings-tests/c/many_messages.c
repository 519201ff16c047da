/* Many messages through m531x_wait_message: many_messages [COUNT]. None is lost, and memory does not grow. */
#include <pthread.h>

#include "support.h"

static long count = 6000;
/* Checkers keep what was freed for a while, so that memory seems to grow. */
static int checked;
static m531x_modem modem;
static m531x_status first_failure = M531X_OK;

static void *publish_all(void *unused)
{
    char text[32];
    long i;
    (void)unused;
    for (i = 0; i < count && first_failure == M531X_OK; i++) {
        sprintf(text, "%ld", i);
        first_failure = publish(modem, "t/count", text, 0);
    }
    return NULL;
}

static void none_is_lost_and_memory_does_not_grow(void)
{
    struct message message;
    char text[32];
    long i, begun = 0, grown;
    double started;
    pthread_t publisher;
    modem = subscribed();
    started = check_now();
    pthread_create(&publisher, NULL, publish_all, NULL);
    for (i = 0; i < count; i++) {
        sprintf(text, "%ld", i);
        if (next_message(modem, 10000, &message) != M531X_OK || !is_payload(&message, text)) {
            CHECK(!"the next message came");
            break;
        }
        if (i == count / 2)
            begun = resident_kib();
    }
    grown = resident_kib() - begun;
    pthread_join(publisher, NULL);
    CHECK_STATUS(M531X_OK, first_failure);
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 20, &message));
    printf("%ld messages in %.1f s, memory grew by %ld KiB in the second half\n", i, check_now() - started, grown);
    /* The transcript of the virtual modem is full by the half; the allocator breathes by some pages. */
    CHECK(checked || grown < 1024);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(int argc, char **argv)
{
    checked = check_is_slow();
    if (checked)
        count = 500;
    if (argc > 1)
        count = atol(argv[1]);
    check_limit(60 + (unsigned)(count / 200));
    RUN(none_is_lost_and_memory_does_not_grow);
    return check_result();
}
