/* Misuse, case by case: each gives the documented code, writes nothing, and leaves the modem usable. */
#include "support.h"

/* What must stay as it is when a call is refused. */
static const uint32_t untouched = 0xA5A5A5A5;
static uint32_t number;
static int32_t value;
static char text[64];
static uint8_t bytes[64];

static m531x_modem fresh;     /* open, never connected */
static m531x_modem online;    /* connected and subscribed */
static m531x_modem gone;      /* closed */
static int cases;

static void prepare(void)
{
    number = untouched;
    memcpy(&value, &untouched, sizeof value);
    memset(text, 0x5A, sizeof text);
    memset(bytes, 0x5A, sizeof bytes);
}

static int is_untouched(void)
{
    size_t i;
    for (i = 0; i < sizeof text; i++)
        if (text[i] != 0x5A || bytes[i] != 0x5A)
            return 0;
    return number == untouched && memcmp(&value, &untouched, sizeof value) == 0;
}

static void one_case(int line, const char *call, m531x_status expected, m531x_status status)
{
    int32_t state = -1;
    check_in_test = 0;
    cases++;
    check_status("misuse.c", line, call, expected, status);
    if (!is_untouched()) {
        check_in_test++;
        printf("misuse.c:%d: %s has written something\n", line, call);
    }
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(online, &state));
    CHECK(state == M531X_STATE_CONNECTED);
    if (check_in_test == 0)
        check_passed++;
    else
        check_failed++;
}

#define CASE(expected, call) (prepare(), one_case(__LINE__, #call, (expected), (call)))
#define INVALID(call) CASE(M531X_ERR_INVALID_ARGUMENT, call)
#define STALE(call) CASE(M531X_ERR_STALE_HANDLE, call)

static const char not_utf8[] = "t/\xff\xfe";
static const char cut_utf8[] = "t/\xe6\xb8";

static void null_everywhere(void)
{
    INVALID(m531x_open(NULL, 0, NULL, 100, &number));
    INVALID(m531x_open("virtual://", 0, NULL, 100, NULL));
    INVALID(m531x_open(NULL, 0, NULL, 100, NULL));
    INVALID(m531x_connect(online, NULL, 1883, "c-test", 100));
    INVALID(m531x_connect(online, "broker.example", 1883, NULL, 100));
    INVALID(m531x_mqtt_state(online, NULL));
    INVALID(m531x_publish(online, NULL, bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/a", NULL, 1, 0, 0, 100));
    INVALID(m531x_publish_start(online, NULL, bytes, 1, 0, 0, &number));
    INVALID(m531x_publish_start(online, "t/a", NULL, 5, 0, 0, &number));
    INVALID(m531x_subscribe(online, NULL, 0, 100, &number));
    INVALID(m531x_unsubscribe(online, NULL, 100));
    INVALID(m531x_wait_message(online, 0, NULL, 5, NULL, bytes, sizeof bytes, &number, NULL));
    INVALID(m531x_wait_message(online, 0, text, sizeof text, NULL, NULL, 5, &number, NULL));
    INVALID(m531x_wait_event(online, 0, &value, NULL, NULL, 5, &number));
    INVALID(m531x_event_fd(online, NULL));
    INVALID(m531x_command(online, NULL, 100, text, sizeof text, &number));
    INVALID(m531x_command(online, "AT", 100, NULL, 5, &number));
    INVALID(m531x_last_error_text(online, NULL, 5, &number));
    INVALID(m531x_last_modem_error(online, NULL));
    INVALID(m531x_version_string(NULL, 5, &number));
    INVALID(m531x_virtual_modem_start(NULL, NULL, NULL, NULL, text, sizeof text, &number));
    INVALID(m531x_virtual_modem_start(NULL, NULL, NULL, &number, NULL, 5, NULL));
}

static void texts_that_are_none(void)
{
    static char endless[70000];
    memset(endless, 'x', sizeof endless);
    INVALID(m531x_open(not_utf8, 0, NULL, 100, &number));
    INVALID(m531x_open("virtual://", 0, not_utf8, 100, &number));
    INVALID(m531x_connect(online, not_utf8, 1883, "c-test", 100));
    INVALID(m531x_connect(online, "broker.example", 1883, cut_utf8, 100));
    INVALID(m531x_publish(online, not_utf8, bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, cut_utf8, bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, endless, bytes, 1, 0, 0, 100));
    INVALID(m531x_subscribe(online, cut_utf8, 0, 100, &number));
    INVALID(m531x_unsubscribe(online, not_utf8, 100));
    INVALID(m531x_command(online, not_utf8, 100, text, sizeof text, &number));
    INVALID(m531x_command(online, "", 100, text, sizeof text, &number));
    INVALID(m531x_set_string(online, M531X_OPTION_USERNAME, not_utf8));
    INVALID(m531x_virtual_modem_start(not_utf8, NULL, NULL, &number, text, sizeof text, NULL));
}

static void topics_that_are_none(void)
{
    INVALID(m531x_publish(online, "", bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/+", bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/#", bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/\r\nAT+NRB", bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/\"quoted\"", bytes, 1, 0, 0, 100));
    INVALID(m531x_publish(online, "t/\x1a", bytes, 1, 0, 0, 100));
    INVALID(m531x_subscribe(online, "", 0, 100, &number));
    INVALID(m531x_subscribe(online, "t/#/a", 0, 100, &number));
    INVALID(m531x_subscribe(online, "t/a+", 0, 100, &number));
    INVALID(m531x_connect(online, "host\r\nAT+NRB", 1883, "c-test", 100));
    INVALID(m531x_connect(online, "host\",1,\"x", 1883, "c-test", 100));
    INVALID(m531x_connect(online, "", 1883, "c-test", 100));
}

static void numbers_out_of_range(void)
{
    INVALID(m531x_open("virtual://", 0, NULL, -2, &number));
    INVALID(m531x_open("virtual://", 0, NULL, INT32_MIN, &number));
    INVALID(m531x_open("virtual://", 0, "M9999", 100, &number));
    INVALID(m531x_open("virtual://", 0, "", 100, &number));
    INVALID(m531x_connect(online, "broker.example", 1883, "c-test", -2));
    INVALID(m531x_disconnect(online, -2));
    INVALID(m531x_wait_for_network(online, -2));
    INVALID(m531x_publish(online, "t/a", bytes, 1, 3, 0, 100));
    INVALID(m531x_publish(online, "t/a", bytes, 1, 0xFFFFFFFF, 0, 100));
    INVALID(m531x_publish(online, "t/a", bytes, 1, 0, 2, 100));
    INVALID(m531x_publish(online, "t/a", bytes, 1, 0, 0, -2));
    INVALID(m531x_publish(online, "t/a", bytes, 0xFFFFFFFF, 0, 0, 100));
    INVALID(m531x_publish(online, "t/a", bytes, 0x80000000, 0, 0, 100));
    INVALID(m531x_publish_start(online, "t/a", bytes, 0xFFFFFFFF, 0, 0, &number));
    INVALID(m531x_publish_start(online, "t/a", bytes, 1, 3, 0, &number));
    INVALID(m531x_publish_wait(online, 0, 0));
    INVALID(m531x_publish_wait(online, 12345, 0));
    INVALID(m531x_publish_wait(online, 12345, -2));
    INVALID(m531x_subscribe(online, "t/a", 3, 100, &number));
    INVALID(m531x_subscribe(online, "t/a", 0, -2, &number));
    INVALID(m531x_unsubscribe(online, "t/a", INT32_MIN));
    INVALID(m531x_wait_message(online, -2, text, sizeof text, NULL, bytes, sizeof bytes, &number, NULL));
    INVALID(m531x_wait_event(online, -2, &value, NULL, text, sizeof text, &number));
    INVALID(m531x_command(online, "AT", -2, text, sizeof text, &number));
    INVALID(m531x_set_u32(online, 0, 1));
    INVALID(m531x_set_u32(online, -1, 1));
    INVALID(m531x_set_u32(online, INT32_MAX, 1));
    INVALID(m531x_set_string(online, 0, "x"));
    INVALID(m531x_set_string(online, 9999, "x"));
}

static void the_wrong_order_of_calls(void)
{
    static const uint8_t byte = 'x';
    CASE(M531X_ERR_NOT_CONNECTED, m531x_publish(fresh, "t/a", &byte, 1, 1, 0, 1000));
    CASE(M531X_ERR_NOT_CONNECTED, m531x_subscribe(fresh, "t/a", 1, 1000, &number));
    CASE(M531X_ERR_NOT_CONNECTED, m531x_unsubscribe(fresh, "t/a", 1000));
    CASE(M531X_ERR_NOT_CONNECTED, m531x_disconnect(fresh, 1000));
    CASE(M531X_ERR_TIMEOUT, m531x_wait_message(fresh, 0, text, sizeof text, NULL, bytes, sizeof bytes, NULL, NULL));
    CASE(M531X_ERR_TIMEOUT, m531x_wait_message(online, 1, text, sizeof text, NULL, bytes, sizeof bytes, NULL, NULL));
    CASE(M531X_ERR_PORT_NOT_FOUND, m531x_open("/dev/no-such-port", 0, NULL, 100, &number));
    CASE(M531X_ERR_PORT, m531x_open("/dev/null", 0, NULL, 100, &number));
    CASE(M531X_ERR_PORT, m531x_open("tcp://127.0.0.1:1", 0, NULL, 1000, &number));
}

static void handles_that_are_none(void)
{
    STALE(m531x_close(0));
    STALE(m531x_close(gone));
    STALE(m531x_cancel(gone));
    STALE(m531x_connect(gone, "broker.example", 1883, "c-test", 100));
    STALE(m531x_connect(gone, NULL, 0, NULL, -7));
    STALE(m531x_disconnect(gone, -1));
    STALE(m531x_wait_for_network(gone, -1));
    STALE(m531x_mqtt_state(gone, &value));
    STALE(m531x_publish(gone, "t/a", bytes, 1, 0, 0, -1));
    STALE(m531x_publish_start(gone, "t/a", bytes, 1, 0, 0, &number));
    STALE(m531x_publish_wait(gone, 1, -1));
    STALE(m531x_subscribe(gone, "t/a", 0, -1, &number));
    STALE(m531x_unsubscribe(gone, "t/a", -1));
    STALE(m531x_wait_message(gone, -1, text, sizeof text, NULL, bytes, sizeof bytes, &number, NULL));
    STALE(m531x_wait_event(gone, -1, &value, NULL, text, sizeof text, &number));
    STALE(m531x_event_fd(gone, &value));
    STALE(m531x_command(gone, "AT", -1, text, sizeof text, &number));
    STALE(m531x_set_u32(gone, M531X_OPTION_TLS, 0));
    STALE(m531x_set_string(gone, M531X_OPTION_USERNAME, "x"));
    STALE(m531x_set_message_callback(gone, NULL, NULL, NULL));
    STALE(m531x_set_event_callback(gone, NULL, NULL, NULL));
    STALE(m531x_last_error_text(gone, text, sizeof text, &number));
    STALE(m531x_last_modem_error(gone, &value));
    STALE(m531x_virtual_modem_stop(0));
    STALE(m531x_virtual_modem_stop(online));
}

static void after_all_that_the_modem_works(void)
{
    struct message message;
    CHECK(cases >= 60);
    /* None of what was refused was published. */
    CHECK_STATUS(M531X_OK, publish(online, "t/end", "x", 1));
    CHECK_STATUS(M531X_OK, next_message(online, PATIENCE_MS, &message));
    CHECK(strcmp(message.topic, "t/end") == 0);
    CHECK_STATUS(M531X_OK, m531x_close(online));
    CHECK_STATUS(M531X_OK, m531x_close(fresh));
}

int main(void)
{
    check_limit(60);
    fresh = opened();
    gone = opened();
    CHECK_STATUS(M531X_OK, m531x_close(gone));
    online = subscribed();
    null_everywhere();
    texts_that_are_none();
    topics_that_are_none();
    numbers_out_of_range();
    the_wrong_order_of_calls();
    handles_that_are_none();
    RUN(after_all_that_the_modem_works);
    return check_result();
}
