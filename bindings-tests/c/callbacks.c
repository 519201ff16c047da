/* Callbacks: an addition, on a thread of the library. */
#include <pthread.h>

#include "support.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What the callbacks of one modem saw; guarded by lock. */
struct seen {
    int messages;
    int events;
    int finalized;
    int after_finalizer;
    int hold;
    m531x_modem modem;
    m531x_modem to_close;
    m531x_status status;
    struct message last;
};

/* How many callbacks that close another's modem have begun. */
static int inside;

static void add(int *counter)
{
    pthread_mutex_lock(&lock);
    ++*counter;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_until(int *counter, int value)
{
    pthread_mutex_lock(&lock);
    while (*counter < value)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static int value_of(int *counter)
{
    int value;
    pthread_mutex_lock(&lock);
    value = *counter;
    pthread_mutex_unlock(&lock);
    return value;
}

static void count_message(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length,
                          uint32_t flags, void *user_data)
{
    struct seen *seen = user_data;
    pthread_mutex_lock(&lock);
    seen->modem = modem;
    strncpy(seen->last.topic, topic, sizeof seen->last.topic - 1);
    if (length > 0 && length <= sizeof seen->last.payload)
        memcpy(seen->last.payload, payload, length);
    seen->last.length = length;
    seen->last.flags = flags;
    seen->after_finalizer += seen->finalized;
    pthread_mutex_unlock(&lock);
    add(&seen->messages);
}

static void count_event(m531x_modem modem, int32_t kind, int32_t value, const char *text, void *user_data)
{
    struct seen *seen = user_data;
    (void)value;
    if (modem != 0 && kind > 0 && text != NULL)
        add(&seen->events);
}

static void count_finalizer(void *user_data)
{
    add(&((struct seen *)user_data)->finalized);
}

static void a_message_comes_to_its_callback(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, count_message, &seen, count_finalizer));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "21.5", 1));
    wait_until(&seen.messages, 1);
    CHECK(seen.modem == modem);
    CHECK(strcmp(seen.last.topic, "t/a") == 0 && is_payload(&seen.last, "21.5"));
    CHECK((seen.last.flags & M531X_MESSAGE_QOS_MASK) == 1);
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 0, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(seen.finalized == 1);
}

static void events_come_to_their_callback(void)
{
    struct seen seen = {0};
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, count_event, &seen, count_finalizer));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    wait_until(&seen.events, 1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(seen.finalized == 1);
}

static void replacing_a_callback_finalizes_the_old_one_once(void)
{
    struct seen first = {0}, second = {0};
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, count_message, &first, count_finalizer));
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, count_message, &second, count_finalizer));
    CHECK(first.finalized == 1 && second.finalized == 0);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    wait_until(&second.messages, 1);
    CHECK(value_of(&first.messages) == 0);
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, NULL, NULL, NULL));
    CHECK(second.finalized == 1);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "y", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "y"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(first.finalized == 1 && second.finalized == 1);
}

static void a_setter_that_fails_does_not_call_the_finalizer(void)
{
    struct seen seen = {0};
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_set_message_callback(0, count_message, &seen, count_finalizer));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_set_event_callback(0, count_event, &seen, count_finalizer));
    CHECK(seen.finalized == 0);
}

static void answer(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                   void *user_data)
{
    struct seen *seen = user_data;
    (void)flags;
    if (strcmp(topic, "t/question") == 0)
        seen->status = m531x_publish(modem, "t/answer", payload, length, 2, 0, PATIENCE_MS);
    if (m531x_command(modem, "AT", -1, NULL, 0, NULL) == M531X_OK)
        add(&seen->messages);
}

static void a_callback_may_call_the_library(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, answer, &seen, NULL));
    CHECK_STATUS(M531X_OK, publish(modem, "t/question", "x", 0));
    wait_until(&seen.messages, 2);
    CHECK_STATUS(M531X_OK, seen.status);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void close_from_inside(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length,
                              uint32_t flags, void *user_data)
{
    struct seen *seen = user_data;
    (void)topic, (void)payload, (void)length, (void)flags;
    if (seen->to_close) {
        int tries;
        /* Both callbacks shall be under way when they close; if the other never comes, so be it. */
        add(&inside);
        for (tries = 0; value_of(&inside) % 2 != 0 && tries < 200; tries++)
            check_sleep(1);
    }
    seen->status = m531x_close(seen->to_close ? seen->to_close : modem);
    pthread_mutex_lock(&lock);
    seen->after_finalizer += seen->finalized;
    pthread_mutex_unlock(&lock);
    add(&seen->messages);
}

static void a_callback_may_close_its_own_modem(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    m531x_status second;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, close_from_inside, &seen, count_finalizer));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, NULL));
    /* On a busy machine the first message has closed the modem by now. */
    second = m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, NULL);
    CHECK(second == M531X_OK || second == M531X_ERR_STALE_HANDLE || second == M531X_ERR_CLOSED);
    wait_until(&seen.finalized, 1);
    CHECK_STATUS(M531X_OK, seen.status);
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
    check_sleep(50);
    CHECK(seen.messages == 1 && seen.finalized == 1 && seen.after_finalizer == 0);
}

static void two_callbacks_may_close_each_others_modems(void)
{
    enum { ROUNDS = 10 };
    int round;
    for (round = 0; round < ROUNDS; round++) {
        struct seen one = {0}, other = {0};
        m531x_modem first = subscribed(), second = subscribed();
        one.to_close = second;
        other.to_close = first;
        CHECK_STATUS(M531X_OK, m531x_set_message_callback(first, close_from_inside, &one, count_finalizer));
        CHECK_STATUS(M531X_OK, m531x_set_message_callback(second, close_from_inside, &other, count_finalizer));
        m531x_publish_start(first, "t/a", NULL, 0, 0, 0, NULL);
        m531x_publish_start(second, "t/a", NULL, 0, 0, 0, NULL);
        pthread_mutex_lock(&lock);
        while (one.messages + other.messages == 0)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        /* One of them may have been closed before its message came. */
        check_sleep(20);
        m531x_close(first);
        m531x_close(second);
        wait_until(&one.finalized, 1);
        wait_until(&other.finalized, 1);
    }
}

static void slow(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                 void *user_data)
{
    struct seen *seen = user_data;
    (void)modem, (void)topic, (void)payload, (void)length, (void)flags;
    add(&seen->hold);
    check_sleep(100);
    add(&seen->messages);
}

static void no_callback_runs_after_close_has_returned(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    int i;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, slow, &seen, count_finalizer));
    for (i = 0; i < 5; i++)
        CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, NULL));
    wait_until(&seen.hold, 1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(value_of(&seen.messages) == value_of(&seen.hold));
    CHECK(value_of(&seen.finalized) == 1);
    i = value_of(&seen.messages);
    check_sleep(200);
    CHECK(value_of(&seen.messages) == i && value_of(&seen.finalized) == 1);
}

static void replace_from_inside(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length,
                                uint32_t flags, void *user_data)
{
    struct seen *seen = user_data;
    (void)topic, (void)payload, (void)length, (void)flags;
    seen->status = m531x_set_message_callback(modem, NULL, NULL, NULL);
    seen->after_finalizer = seen->finalized;
    add(&seen->messages);
}

static void a_callback_may_remove_itself(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, replace_from_inside, &seen, count_finalizer));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "1", 1));
    wait_until(&seen.finalized, 1);
    CHECK_STATUS(M531X_OK, seen.status);
    CHECK(seen.after_finalizer == 0);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "2", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "2"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_callback_set_while_the_queue_is_full_is_called(void)
{
    struct seen seen = {0};
    m531x_modem modem = subscribed();
    struct message message;
    int i, queued = 0;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 2));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_OVERFLOW, M531X_OVERFLOW_BLOCK));
    for (i = 0; i < 5; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    check_sleep(50);
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, count_message, &seen, NULL));
    wait_until(&seen.messages, 3);
    while (next_message(modem, 0, &message) == M531X_OK)
        queued++;
    CHECK(queued + value_of(&seen.messages) == 5);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(a_message_comes_to_its_callback);
    RUN(events_come_to_their_callback);
    RUN(replacing_a_callback_finalizes_the_old_one_once);
    RUN(a_setter_that_fails_does_not_call_the_finalizer);
    RUN(a_callback_may_call_the_library);
    RUN(a_callback_may_close_its_own_modem);
    RUN(two_callbacks_may_close_each_others_modems);
    RUN(no_callback_runs_after_close_has_returned);
    RUN(a_callback_may_remove_itself);
    RUN(a_callback_set_while_the_queue_is_full_is_called);
    return check_result();
}
