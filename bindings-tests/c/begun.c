/* Everything that was begun can be waited for on the descriptor. */
#include <poll.h>
#include <pthread.h>

#include "support.h"

#define BIT(kind) (1u << (kind))

static char text[512];

/* Waits on the descriptor for the end of an operation, as a loop does, and passes over other events. */
static m531x_status end_of(m531x_modem modem, uint32_t expected)
{
    struct pollfd poller = {-1, POLLIN, 0};
    int32_t kind = 0, value = -1, status = 99;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &poller.fd));
    while (poll(&poller, 1, PATIENCE_MS) == 1) {
        while (m531x_wait_event_of(modem, UINT32_MAX, 0, &kind, &value, &status, text, sizeof text, NULL) == M531X_OK) {
            if (kind == M531X_EVENT_DONE) {
                CHECK(value == (int32_t)expected);
                return status;
            }
            CHECK(status == 0);
        }
    }
    CHECK(!"an event came");
    return 99;
}

static void a_whole_life_needs_nothing_but_the_descriptor(void)
{
    m531x_modem modem = opened();
    uint32_t token = 0, last = 0;
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, m531x_connect_start(modem, "broker.example", 1883, "c-test", &token));
    CHECK(token != 0);
    CHECK_STATUS(M531X_OK, end_of(modem, token));
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state == M531X_STATE_CONNECTED);
    last = token;
    CHECK_STATUS(M531X_OK, m531x_subscribe_start(modem, "t/#", 2, &token));
    CHECK(token != last);
    CHECK(end_of(modem, token) == 2);
    CHECK(text[0] == '\0');
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"x", 1, 1, 0, &token));
    CHECK_STATUS(M531X_OK, end_of(modem, token));
    CHECK_STATUS(M531X_OK, m531x_unsubscribe_start(modem, "t/#", &token));
    CHECK_STATUS(M531X_OK, end_of(modem, token));
    CHECK_STATUS(M531X_OK, m531x_disconnect_start(modem, &token));
    CHECK_STATUS(M531X_OK, end_of(modem, token));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_failure_is_in_the_event(void)
{
    m531x_modem modem = opened();
    uint32_t token = 0;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 1, 0, &token));
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, end_of(modem, token));
    CHECK(strstr(text, "connect") != NULL);
    /* It can still be asked for, once. */
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, m531x_publish_wait(modem, token, 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_publish_wait(modem, token, 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_subscribe_start(modem, "t/#/x", 0, &token));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect_start(modem, NULL, 0, "c", &token));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_unsubscribe_start(modem, NULL, &token));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

/* Takes all events; how many ends were among them. */
static int ends(m531x_modem modem)
{
    int32_t kind = 0;
    int count = 0;
    while (m531x_wait_event(modem, 0, &kind, NULL, text, sizeof text, NULL) == M531X_OK)
        count += kind == M531X_EVENT_DONE;
    return count;
}

static void an_end_that_was_waited_for_is_no_event(void)
{
    m531x_modem modem = subscribed();
    struct pollfd poller = {-1, POLLIN, 0};
    struct message message;
    uint32_t token = 0;
    int i;
    CHECK_STATUS(M531X_OK, m531x_event_fd(modem, &poller.fd));
    for (i = 0; i < 50; i++) {
        CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 1, 0, &token));
        CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, token, PATIENCE_MS));
    }
    for (i = 0; i < 50; i++)
        CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(ends(modem) == 0);
    CHECK(poll(&poller, 1, 0) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void without_a_token_there_is_no_event(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 1, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_unsubscribe_start(modem, "other", NULL));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT", -1, NULL, 0, NULL));
    CHECK(ends(modem) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

/* More than events of any other kind may wait. */
static void no_end_is_ever_dropped(void)
{
    enum { MANY = 6000 };
    static char seen[MANY + 10];
    m531x_modem modem = connected();
    uint32_t token = 0, first = 0;
    int32_t value, status;
    int i;
    memset(seen, 0, sizeof seen);
    for (i = 0; i < MANY; i++) {
        CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, &token));
        first = i == 0 ? token : first;
    }
    for (i = 0; i < MANY; i++) {
        m531x_status result = m531x_wait_event_of(modem, BIT(M531X_EVENT_DONE), PATIENCE_MS, NULL, &value, &status, text,
                                                  sizeof text, NULL);
        if (result != M531X_OK || status != M531X_OK || (uint32_t)value - first >= MANY || seen[(uint32_t)value - first]++)
            break;
    }
    CHECK(i == MANY);
    /* The last 1024 can still be asked for. */
    CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, token - 1000, 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_publish_wait(modem, token - 1030, 0));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_mask_leaves_the_other_events(void)
{
    m531x_modem modem = connected();
    int32_t kind = 0, changes = 0;
    CHECK_STATUS(M531X_OK, m531x_wait_event_of(modem, BIT(M531X_EVENT_CONNECTED) | BIT(M531X_EVENT_DONE), PATIENCE_MS, &kind,
                                               NULL, NULL, text, sizeof text, NULL));
    CHECK(kind == M531X_EVENT_CONNECTED);
    CHECK_STATUS(M531X_ERR_TIMEOUT, m531x_wait_event_of(modem, BIT(M531X_EVENT_CONNECTED), 0, &kind, NULL, NULL, text,
                                                        sizeof text, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_wait_event_of(modem, 0, M531X_NO_LIMIT, &kind, NULL, NULL, text,
                                                                 sizeof text, NULL));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_wait_event_of(modem, BIT(M531X_EVENT_STATE_CHANGED), 0, &kind, NULL, NULL,
                                                                 text, 1, NULL));
    while (m531x_wait_event(modem, 0, &kind, NULL, text, sizeof text, NULL) == M531X_OK)
        changes += kind == M531X_EVENT_STATE_CHANGED;
    CHECK(changes > 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static volatile m531x_status status_in_callback = 99;
static volatile int32_t token_in_callback;

static void ask_for_status(m531x_modem modem, int32_t kind, int32_t value, const char *words, void *user_data)
{
    (void)words, (void)user_data;
    if (kind != M531X_EVENT_DONE)
        return;
    token_in_callback = value;
    status_in_callback = m531x_publish_wait(modem, (uint32_t)value, 0);
}

static void a_callback_gets_the_end_and_asks_for_its_status(void)
{
    m531x_modem modem = opened();
    uint32_t token = 0;
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, ask_for_status, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 1, 0, &token));
    WAIT_FOR(status_in_callback != 99);
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, status_in_callback);
    CHECK(token_in_callback == (int32_t)token);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void messages_and_events_are_received_in_their_order(void)
{
    m531x_modem modem = subscribed();
    int32_t kind = -1, value = -1, status = -1;
    uint8_t payload[16];
    uint32_t needed = 0, length = 0, flags = 0, seconds = 0, microseconds = 9999999, token = 0;
    int messages = 0, done = 0;
    time_t now = time(NULL);
    ends(modem);
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"21.5", 4, 1, 0, &token));
    while (messages == 0 || done == 0) {
        m531x_status result;
        do
            result = m531x_receive(modem, PATIENCE_MS, &kind, &value, &status, text, 0, &needed, payload, sizeof payload,
                                   &length, &flags, &seconds, &microseconds);
        while (result == M531X_OK);
        CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, result);
        CHECK_STATUS(M531X_OK, m531x_receive(modem, 0, &kind, &value, &status, text, needed, NULL, payload, sizeof payload,
                                             &length, &flags, &seconds, &microseconds));
        if (kind == M531X_RECEIVED_MESSAGE) {
            messages++;
            CHECK(strcmp(text, "t/a") == 0 && length == 4 && memcmp(payload, "21.5", 4) == 0);
            CHECK((flags & M531X_MESSAGE_QOS_MASK) == 1 && value != 0 && status == 0);
            CHECK(seconds >= (uint32_t)now - 1 && seconds < (uint32_t)now + 3600 && microseconds < 1000000);
        } else if (kind == M531X_EVENT_DONE) {
            done++;
            CHECK(value == (int32_t)token && status == 0 && length == 0 && flags == 0);
        }
    }
    CHECK_STATUS(M531X_ERR_TIMEOUT, m531x_receive(modem, 0, NULL, NULL, NULL, text, sizeof text, NULL, NULL, 0, NULL, NULL,
                                                  NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void *wait_in_a_thread(void *argument)
{
    uint32_t *both = argument;
    both[2] = (uint32_t)m531x_publish_wait(both[0], both[1], PATIENCE_MS);
    return NULL;
}

static void several_threads_wait_for_one_token(void)
{
    m531x_modem modem = connected();
    uint32_t token = 0, waits[4][3];
    pthread_t threads[4];
    int i, ended = 0;
    CHECK_STATUS(M531X_OK, m531x_subscribe_start(modem, "t/#", 1, &token));
    for (i = 0; i < 4; i++) {
        waits[i][0] = modem, waits[i][1] = token;
        CHECK(pthread_create(&threads[i], NULL, wait_in_a_thread, waits[i]) == 0);
    }
    for (i = 0; i < 4; i++) {
        m531x_status status;
        pthread_join(threads[i], NULL);
        status = (m531x_status)waits[i][2];
        /* Who comes too late finds it used up. */
        CHECK(status == M531X_OK || status == M531X_ERR_INVALID_ARGUMENT);
        ended += status == M531X_OK;
    }
    CHECK(ended >= 1);
    CHECK(ends(modem) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(120);
    RUN(a_whole_life_needs_nothing_but_the_descriptor);
    RUN(a_failure_is_in_the_event);
    RUN(an_end_that_was_waited_for_is_no_event);
    RUN(without_a_token_there_is_no_event);
    RUN(no_end_is_ever_dropped);
    RUN(a_mask_leaves_the_other_events);
    RUN(a_callback_gets_the_end_and_asks_for_its_status);
    RUN(messages_and_events_are_received_in_their_order);
    RUN(several_threads_wait_for_one_token);
    return check_result();
}
