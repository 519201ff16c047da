/* Closing while other threads wait. */
#include "waiting.h"

static void close_wakes_every_waiter(void)
{
    struct waiter waiters[WAITERS];
    uint32_t virtual_modem = 0;
    m531x_modem modem = with_silent_broker(&virtual_modem);
    double begun;
    start_waiting(waiters, modem);
    begun = check_now();
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    check_woken(waiters, M531X_ERR_CLOSED, M531X_ERR_STALE_HANDLE, begun);
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void close_is_prompt_from_any_state(void)
{
    m531x_modem modems[3];
    double begun;
    int i;
    modems[0] = opened();
    modems[1] = subscribed();
    modems[2] = subscribed();
    for (i = 0; i < 20; i++)
        CHECK_STATUS(M531X_OK, m531x_publish_start(modems[2], "t/a", NULL, 0, 2, 0, NULL));
    for (i = 0; i < 3; i++) {
        begun = check_now();
        CHECK_STATUS(M531X_OK, m531x_close(modems[i]));
        /* 50 ms are promised; this machine may be busy, and valgrind is slow. */
        CHECK(check_now() - begun < 5);
    }
}

struct closer {
    m531x_modem modem;
    m531x_status status;
};

static void *close_it(void *argument)
{
    struct closer *closer = argument;
    closer->status = m531x_close(closer->modem);
    return NULL;
}

static void of_several_that_close_one_succeeds(void)
{
    enum { CLOSERS = 8, ROUNDS = 20 };
    struct closer closers[CLOSERS];
    pthread_t threads[CLOSERS];
    int round, i, succeeded;
    for (round = 0; round < ROUNDS; round++) {
        m531x_modem modem = opened();
        for (i = 0; i < CLOSERS; i++) {
            closers[i].modem = modem;
            pthread_create(&threads[i], NULL, close_it, &closers[i]);
        }
        succeeded = 0;
        for (i = 0; i < CLOSERS; i++) {
            pthread_join(threads[i], NULL);
            CHECK(closers[i].status == M531X_OK || closers[i].status == M531X_ERR_STALE_HANDLE);
            succeeded += closers[i].status == M531X_OK;
        }
        CHECK(succeeded == 1);
    }
}

static void a_queue_that_is_full_does_not_hold_up_the_close(void)
{
    m531x_modem modem = subscribed();
    double begun;
    int i;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 1));
    for (i = 0; i < 10; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 0));
    begun = check_now();
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(check_now() - begun < 5);
}

int main(void)
{
    check_limit(60);
    RUN(close_wakes_every_waiter);
    RUN(close_is_prompt_from_any_state);
    RUN(of_several_that_close_one_succeeds);
    RUN(a_queue_that_is_full_does_not_hold_up_the_close);
    return check_result();
}
