/* Whatever was opened, used and went wrong: when it is closed, nothing is left. */
#include <malloc.h>

#include "support.h"

enum { ROUNDS = 1000, WARM_UP = 100 };

static int finalized;

static long threads(void)
{
    return entries("/proc/self/task");
}

static long descriptors(void)
{
    return entries("/proc/self/fd");
}

/* What the process has in memory, in bytes. */
static long resident(void)
{
    malloc_trim(0);
    return resident_kib() * 1024;
}

static void take_message(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length,
                         uint32_t flags, void *user_data)
{
    (void)modem, (void)topic, (void)payload, (void)length, (void)flags, (void)user_data;
}

static void finalize(void *user_data)
{
    free(user_data);
    finalized++;
}

/* Opens and closes, nothing else. */
static void use_nothing(void)
{
    CHECK_STATUS(M531X_OK, m531x_close(opened()));
}

/* Leaves a subscription, callbacks, messages, events, tokens and a descriptor behind. */
static void use_everything(void)
{
    m531x_modem modem = subscribed();
    uint32_t token = 0;
    int32_t fd = -1;
    int before = finalized;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &fd));
    CHECK_STATUS(M531X_OK, publish(modem, "t/unread", "1", 1));
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, take_message, malloc(9), finalize));
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, ignore_event, malloc(9), finalize));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "secret"));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/x", (const uint8_t *)"x", 1, 2, 0, &token));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(finalized == before + 2);
}

/* Errors of every sort. */
static void fail(void)
{
    m531x_modem modem = 0;
    uint32_t token;
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, m531x_open("/dev/no-such-port", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_ERR_PORT, m531x_open("tcp://127.0.0.1:1", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_open("virtual://", 0, "M9", 1000, &modem));
    modem = opened();
    CHECK_STATUS(M531X_ERR_COMMAND, m531x_command(modem, "AT+NOSUCH", PATIENCE_MS, NULL, 0, NULL));
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "t", "x", 1));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, publish(modem, "t/#", "x", 1));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t", NULL, 0, 1, 0, &token));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
}

/* A modem on a virtual one on a pseudo terminal, which goes first. */
static void lose_the_port(void)
{
    m531x_modem modem = 0;
    uint32_t virtual_modem = 0;
    char port[256];
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start(NULL, NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5310-A", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void once(int number)
{
    if (number % 10 == 1)
        use_everything();
    else if (number % 10 == 2)
        fail();
    else if (number % 10 == 3)
        lose_the_port();
    else
        use_nothing();
}

/* Threads end a moment after the close that ends them. */
static int comes_back(long (*count)(void), long value)
{
    int tries;
    for (tries = 0; tries < 1000 && count() != value; tries++)
        check_sleep(10);
    return count() == value;
}

static void a_thousand_modems_leave_no_thread_descriptor_or_memory(void)
{
    /* A checker of memory finds by itself what is left, and needs its time for each. */
    int checked = check_is_slow();
    int number, rounds = checked ? 40 : ROUNDS;
    long threads_before, descriptors_before, resident_before = 0, growth;
    once(0);
    CHECK(comes_back(threads, 3)); /* this one, "." and ".." */
    threads_before = threads();
    descriptors_before = descriptors();
    for (number = 0; number < rounds; number++) {
        if (number == WARM_UP)
            resident_before = resident();
        once(number);
    }
    CHECK(comes_back(threads, threads_before));
    CHECK(comes_back(descriptors, descriptors_before));
    if (checked)
        return;
    growth = (resident() - resident_before) / (rounds - WARM_UP);
    printf("%d modems, then %ld threads, %ld descriptors, %ld bytes more for each modem\n", rounds, threads_before - 2,
           descriptors_before - 2, growth);
    /* An allocator keeps some, and not always the same; what leaks with a modem is more. */
    CHECK(growth < 2048);
}

int main(void)
{
    check_limit(240);
    RUN(a_thousand_modems_leave_no_thread_descriptor_or_memory);
    return check_result();
}
