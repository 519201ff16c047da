/* Cancelling from another thread. */
#include "waiting.h"

static void cancel_wakes_every_waiter(void)
{
    struct waiter waiters[WAITERS];
    uint32_t virtual_modem = 0;
    m531x_modem modem = with_silent_broker(&virtual_modem);
    double begun;
    start_waiting(waiters, modem);
    begun = check_now();
    /* A thread that is between two waits, or has not begun, is not waiting: on a busy machine it takes another one. */
    do {
        CHECK_STATUS(M531X_OK, m531x_cancel(modem));
        check_sleep(20);
    } while (are_waiting(waiters) && check_now() - begun < 5);
    check_woken(waiters, M531X_ERR_CANCELLED, M531X_ERR_CANCELLED, begun);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void after_a_cancel_the_modem_works_on(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_cancel(modem));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 20, &message));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 2));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_publish_that_goes_on_by_itself_survives_a_cancel(void)
{
    m531x_modem modem = subscribed();
    uint32_t token = 0;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"x", 1, 2, 0, &token));
    CHECK_STATUS(M531X_OK, m531x_cancel(modem));
    CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, token, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void *cancel_often(void *argument)
{
    m531x_modem modem = *(m531x_modem *)argument;
    while (m531x_cancel(modem) == M531X_OK)
        check_sleep(1);
    return NULL;
}

static void cancelling_without_end_breaks_nothing(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    pthread_t thread;
    int i, done = 0;
    pthread_create(&thread, NULL, cancel_often, &modem);
    for (i = 0; i < 100; i++) {
        m531x_status status = publish(modem, "t/a", "x", 0);
        CHECK(status == M531X_OK || status == M531X_ERR_CANCELLED);
        status = next_message(modem, 5, &message);
        CHECK(status == M531X_OK || status == M531X_ERR_CANCELLED || status == M531X_ERR_TIMEOUT);
        done++;
    }
    CHECK(done == 100);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    pthread_join(thread, NULL);
}

int main(void)
{
    check_limit(60);
    RUN(cancel_wakes_every_waiter);
    RUN(after_a_cancel_the_modem_works_on);
    RUN(a_publish_that_goes_on_by_itself_survives_a_cancel);
    RUN(cancelling_without_end_breaks_nothing);
    return check_result();
}
