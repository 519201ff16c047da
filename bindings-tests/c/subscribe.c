/* Subscribing, and waiting for messages without callbacks. */
#include <pthread.h>

#include "support.h"

static void the_granted_quality_of_service_is_told(void)
{
    m531x_modem modem = connected();
    uint32_t qos, granted;
    for (qos = 0; qos <= 2; qos++) {
        granted = 99;
        CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/a", qos, PATIENCE_MS, &granted));
        CHECK(granted == qos);
    }
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void messages_come_in_order(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    char text[16];
    int i;
    for (i = 0; i < 50; i++) {
        sprintf(text, "%d", i);
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", text, 0));
    }
    for (i = 0; i < 50; i++) {
        sprintf(text, "%d", i);
        CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
        CHECK(is_payload(&message, text));
    }
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 0, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void messages_of_a_shared_subscription_come(void)
{
    m531x_modem modem = connected();
    struct message message;
    uint32_t granted;
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "$share/group/s/+", 1, PATIENCE_MS, &granted));
    CHECK_STATUS(M531X_OK, publish(modem, "s/a", "x", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "x"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void after_unsubscribing_nothing_comes(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_unsubscribe(modem, "t/#", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 50, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void without_a_connection_nothing_is_subscribed(void)
{
    m531x_modem modem = opened();
    uint32_t granted = 99;
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, m531x_subscribe(modem, "t/#", 0, PATIENCE_MS, &granted));
    CHECK(granted == 99);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_wait_takes_the_time_it_was_given(void)
{
    m531x_modem modem = opened();
    struct message message;
    double begun = check_now();
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 0, &message));
    CHECK(check_now() - begun < 1);
    begun = check_now();
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 100, &message));
    CHECK(check_now() - begun >= 0.099);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

struct taker {
    m531x_modem modem;
    int taken;
};

static void *take(void *argument)
{
    struct taker *taker = argument;
    struct message message;
    while (next_message(taker->modem, PATIENCE_MS, &message) == M531X_OK)
        taker->taken++;
    return NULL;
}

static void each_message_goes_to_one_of_the_waiting_threads(void)
{
    enum { THREADS = 4, MESSAGES = 200 };
    m531x_modem modem = subscribed();
    struct taker takers[THREADS];
    pthread_t threads[THREADS];
    int i, taken = 0;
    for (i = 0; i < THREADS; i++) {
        takers[i].modem = modem;
        takers[i].taken = 0;
        pthread_create(&threads[i], NULL, take, &takers[i]);
    }
    for (i = 0; i < MESSAGES; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    /* The last message is there when nothing comes any more. */
    check_sleep(200);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        taken += takers[i].taken;
    }
    CHECK(taken == MESSAGES);
}

int main(void)
{
    check_limit(60);
    RUN(the_granted_quality_of_service_is_told);
    RUN(messages_come_in_order);
    RUN(messages_of_a_shared_subscription_come);
    RUN(after_unsubscribing_nothing_comes);
    RUN(without_a_connection_nothing_is_subscribed);
    RUN(a_wait_takes_the_time_it_was_given);
    RUN(each_message_goes_to_one_of_the_waiting_threads);
    return check_result();
}
