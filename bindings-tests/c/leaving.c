/* Threads that are cancelled in the library, and callbacks that do not return. */
#include <pthread.h>

#include "aborted.h"
#include "support.h"

static volatile int ended;

static void *wait_for_message(void *modem)
{
    struct message message;
    m531x_status status = next_message(*(m531x_modem *)modem, -1, &message);
    ended = status == M531X_ERR_CANCELLED ? 1 : -1;
    pthread_testcancel();
    ended = -2;
    return NULL;
}

static void a_cancelled_thread_ends_when_the_function_has_returned(void)
{
    m531x_modem modem = subscribed();
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, wait_for_message, &modem) == 0);
    check_sleep(50);
    CHECK(pthread_cancel(thread) == 0);
    check_sleep(50);
    CHECK(ended == 0);
    CHECK_STATUS(M531X_OK, m531x_cancel(modem));
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(ended == 1);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void leave_thread(m531x_modem modem, int32_t kind, int32_t value, const char *text, void *user_data)
{
    (void)modem, (void)kind, (void)value, (void)text, (void)user_data;
    pthread_exit(NULL);
}

static void use_callback_that_leaves(void)
{
    m531x_modem modem = opened();
    m531x_set_event_callback(modem, leave_thread, NULL, NULL);
    m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS);
    check_sleep(PATIENCE_MS);
}

static void a_callback_that_ends_its_thread_ends_the_process_with_a_text(void)
{
    check_aborted(use_callback_that_leaves,
                  "m531x: a callback was left by an exception or by pthread_exit; it has to return\n");
}

static volatile int deep;

static void use_a_megabyte(m531x_modem modem, int32_t kind, int32_t value, const char *text, void *user_data)
{
    volatile char stack[1 << 20];
    size_t i;
    (void)modem, (void)kind, (void)value, (void)text, (void)user_data;
    for (i = 0; i < sizeof stack; i += 1024)
        stack[i] = 1;
    deep += stack[0];
}

static void a_callback_has_two_megabytes_of_stack(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, use_a_megabyte, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    WAIT_FOR(deep != 0);
    CHECK(deep > 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    /* It sizes the stacks of Rust's threads. */
    setenv("RUST_MIN_STACK", "65536", 1);
    RUN(a_cancelled_thread_ends_when_the_function_has_returned);
    RUN(a_callback_has_two_megabytes_of_stack);
    RUN(a_callback_that_ends_its_thread_ends_the_process_with_a_text);
    return check_result();
}
