/* Stale handles from eight threads, while modems open and close. */
#include <pthread.h>

#include "support.h"

enum { THREADS = 8, CALLS = 28 };

static m531x_modem current;
static int finished;

struct caller {
    long calls;
    long wrong;
    pthread_t thread;
};

static m531x_status call(int which, m531x_modem modem)
{
    static const uint8_t byte = 'x';
    struct message message;
    uint32_t number;
    int32_t value;
    switch (which) {
    case 0: return m531x_mqtt_state(modem, &value);
    case 1: return next_message(modem, 0, &message);
    case 2: return m531x_wait_event(modem, 0, &value, NULL, message.topic, sizeof message.topic, NULL);
    case 3: return m531x_publish(modem, "t/a", &byte, 1, 0, 0, 1);
    case 4: return m531x_publish_wait(modem, 1, 0);
    case 5: return m531x_set_u32(modem, M531X_OPTION_KEEPALIVE_S, 60);
    case 6: return m531x_last_error_text(modem, message.topic, sizeof message.topic, &number);
    case 7: return m531x_event_fd(modem, &value);
    case 8: return m531x_set_message_callback(modem, NULL, NULL, NULL);
    case 9: return m531x_cancel(modem);
    case 10: return m531x_connect_start(modem, "broker.example", 1883, "c-test", NULL);
    case 11: return m531x_subscribe_start(modem, "t/#", 1, NULL);
    case 12: return m531x_unsubscribe_start(modem, "t/#", NULL);
    case 13: return m531x_disconnect_start(modem, NULL);
    case 14: return m531x_wait_event_of(modem, 2, 0, NULL, NULL, NULL, NULL, 0, NULL);
    case 15: return m531x_receive(modem, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL);
    case 16: return m531x_get_u32(modem, M531X_OPTION_KEEPALIVE_S, &number);
    case 17: return m531x_get_string(modem, M531X_OPTION_USERNAME, message.topic, sizeof message.topic, NULL);
    case 18: return m531x_set_bytes(modem, M531X_OPTION_WILL_PAYLOAD, &byte, 1);
    case 19: return m531x_info(modem, 1, message.topic, sizeof message.topic, NULL);
    case 20: return m531x_signal(modem, 1, NULL, NULL);
    case 21: return m531x_stats(modem, M531X_STAT_COMMANDS, &number, NULL);
    case 22: return m531x_subscriptions(modem, message.topic, sizeof message.topic, NULL);
    case 23: return m531x_set_user_data(modem, NULL);
    case 24: return m531x_subscribe_callback(modem, "t/#", NULL, NULL, NULL);
    case 25: return m531x_ask_mqtt_state(modem, 1, &value);
    case 26: return m531x_wake(modem, 1);
    default: return m531x_command(modem, "AT", 1, NULL, 0, NULL);
    }
}

static int is_documented(m531x_status status)
{
    switch (status) {
    case M531X_OK:
    case M531X_ERR_STALE_HANDLE:
    case M531X_ERR_CLOSED:
    case M531X_ERR_TIMEOUT:
    case M531X_ERR_CANCELLED:
    case M531X_ERR_NOT_CONNECTED:
    case M531X_ERR_RESULT_UNKNOWN:
    case M531X_ERR_INVALID_ARGUMENT: /* an unknown token */
    case M531X_ERR_BUFFER_TOO_SMALL: /* an event with a text */
    case M531X_ERR_QUEUE_FULL:       /* operations begin faster than they end */
    case M531X_ERR_COMMAND:
    case M531X_ERR_SUBSCRIBE:
    case M531X_ERR_CONNECT:
    case M531X_ERR_BUSY:
        return 1;
    default:
        printf("unexpected: %s\n", m531x_error_name(status));
        return 0;
    }
}

static void *call_all(void *argument)
{
    struct caller *caller = argument;
    while (!__sync_fetch_and_add(&finished, 0)) {
        m531x_modem modem = __sync_fetch_and_add(&current, 0);
        caller->wrong += !is_documented(call((int)(caller->calls % CALLS), modem));
        caller->calls++;
    }
    return NULL;
}

static void modems_close_under_eight_threads_that_use_them(void)
{
    struct caller callers[THREADS] = {{0, 0, 0}};
    long calls = 0;
    /* Under valgrind one thread runs at a time, and eight of nine turns go to those that call. */
    int i, modems = check_is_slow() ? 8 : 40;
    for (i = 0; i < THREADS; i++)
        pthread_create(&callers[i].thread, NULL, call_all, &callers[i]);
    for (i = 0; i < modems; i++) {
        m531x_modem modem = opened();
        __sync_lock_test_and_set(&current, modem);
        check_sleep(5);
        CHECK_STATUS(M531X_OK, m531x_close(modem));
        CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
    }
    __sync_lock_test_and_set(&finished, 1);
    for (i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        CHECK(callers[i].wrong == 0);
        calls += callers[i].calls;
    }
    CHECK(calls > 25 * modems);
}

static void every_function_refuses_every_kind_of_wrong_handle(void)
{
    m531x_modem open_one = opened(), closed = opened();
    m531x_modem wrong[6];
    size_t i;
    int which;
    CHECK_STATUS(M531X_OK, m531x_close(closed));
    wrong[0] = 0;
    wrong[1] = closed;
    wrong[2] = open_one + 1;
    wrong[3] = open_one ^ 0x10000;
    wrong[4] = open_one ^ 0xC0000000;
    wrong[5] = 0xFFFFFFFF;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (which = 0; which < CALLS; which++) {
            /* Handle 0 stands for the errors of opening. */
            if (wrong[i] == 0 && which == 6)
                continue;
            CHECK_STATUS(M531X_ERR_STALE_HANDLE, call(which, wrong[i]));
        }
        CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(wrong[i]));
        CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_virtual_modem_stop(wrong[i]));
    }
    CHECK_STATUS(M531X_OK, m531x_close(open_one));
}

static void a_virtual_modem_is_no_modem_and_the_other_way_round(void)
{
    uint32_t virtual_modem = 0;
    m531x_modem modem = opened();
    char port[256];
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start(NULL, NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(virtual_modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_virtual_modem_stop(modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(modems_close_under_eight_threads_that_use_them);
    RUN(every_function_refuses_every_kind_of_wrong_handle);
    RUN(a_virtual_modem_is_no_modem_and_the_other_way_round);
    return check_result();
}
