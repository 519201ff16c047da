/* Events, without callbacks. */
#include "support.h"

struct event {
    int32_t kind;
    int32_t value;
    char text[512];
};

static m531x_status next_event(m531x_modem modem, int32_t timeout_ms, struct event *event)
{
    return m531x_wait_event(modem, timeout_ms, &event->kind, &event->value, event->text, sizeof event->text, NULL);
}

/* The next event of a kind; whatever comes before it is passed over. */
static m531x_status next_of_kind(m531x_modem modem, int32_t kind, struct event *event)
{
    m531x_status status;
    do
        status = next_event(modem, PATIENCE_MS, event);
    while (status == M531X_OK && event->kind != kind);
    return status;
}

static void connecting_and_disconnecting_are_told(void)
{
    m531x_modem modem = connected();
    struct event event;
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state == M531X_STATE_CONNECTED);
    CHECK_STATUS(M531X_OK, m531x_disconnect(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_DISCONNECTED, &event));
    CHECK(event.text[0] != '\0');
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state == M531X_STATE_CONFIGURED);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_change_of_state_tells_the_new_state(void)
{
    m531x_modem modem = connected();
    struct event event;
    do
        CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_STATE_CHANGED, &event));
    while (check_in_test == 0 && event.value != M531X_STATE_CONNECTED);
    CHECK(event.value == M531X_STATE_CONNECTED);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_port_that_is_lost_ends_every_wait(void)
{
    uint32_t virtual_modem = 0;
    m531x_modem modem = 0;
    struct message message;
    struct event event;
    char port[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", NULL, "tcp://127.0.0.1:0", &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY, 0));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PORT_LOST, &event));
    CHECK_STATUS(M531X_ERR_PORT, next_event(modem, -1, &event));
    CHECK_STATUS(M531X_ERR_PORT, next_message(modem, -1, &message));
    CHECK_STATUS(M531X_ERR_PORT, m531x_command(modem, "AT", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

/* What a wait reports while the event is being handed over. */
static void note_status(m531x_modem modem, int32_t kind, int32_t value, const char *text, void *user_data)
{
    struct event event;
    (void)value;
    (void)text;
    if (kind == M531X_EVENT_PORT_LOST)
        __sync_lock_test_and_set((m531x_status *)user_data, next_event(modem, 0, &event));
}

static void a_wait_ends_only_after_the_event_that_says_why(void)
{
    uint32_t virtual_modem = 0;
    m531x_modem modem = 0;
    struct message message;
    m531x_status seen = M531X_OK;
    char port[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", NULL, "tcp://127.0.0.1:0", &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY, 0));
    CHECK_STATUS(M531X_OK, m531x_set_event_callback(modem, note_status, &seen, NULL));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_ERR_PORT, next_message(modem, -1, &message));
    CHECK_STATUS(M531X_ERR_TIMEOUT, __sync_fetch_and_add(&seen, 0));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_port_that_is_lost_and_looked_for_ends_no_wait(void)
{
    uint32_t virtual_modem = 0;
    m531x_modem modem = 0;
    struct message message;
    struct event event;
    char port[256], again[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", NULL, "tcp://127.0.0.1:0", &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PORT_LOST, &event));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 100, &message));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start("M5311", NULL, port, &virtual_modem, again, sizeof again, NULL));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PORT_BACK, &event));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 100, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void a_module_that_reboots_is_connected_again(void)
{
    m531x_modem modem = connected();
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY_INITIAL_DELAY_MS, 50));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY_MAX_DELAY_MS, 500));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY_MAX_ATTEMPTS, 0));
    m531x_command(modem, "AT+NRB", PATIENCE_MS, NULL, 0, NULL);
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_REBOOTED, &event));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_RECOVERING, &event));
    CHECK(event.value == 1);
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, M531X_OPTION_RECOVERY, 2));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_connection_is_checked_and_nobody_sees_it(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    char lines[512] = "";
    int i;
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(modem, M531X_OPTION_HEALTH_CHECK_TOPIC, "a/#"));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_MISSES, 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_S, 86401));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_TOPIC, 1));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_HEALTH_CHECK_TOPIC, "t/health"));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_TIMEOUT_S, 5));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_LOOP_BACK, 1));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_S, 1));
    for (i = 0; i < 100 && strstr(lines, "t/health") == NULL; i++) {
        CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+MQTTSUB?", PATIENCE_MS, lines, sizeof lines, NULL));
        CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 100, &message));
    }
    CHECK(i < 100);
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 1500, &message));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_HEALTH_CHECK_S, 0));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_module_that_reboots_is_told(void)
{
    m531x_modem modem = connected();
    struct event event;
    int32_t state = -1;
    /* How the command itself ends depends on the moment. */
    m531x_command(modem, "AT+NRB", PATIENCE_MS, NULL, 0, NULL);
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_REBOOTED, &event));
    CHECK(event.text[0] != '\0');
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state != M531X_STATE_CONNECTED);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void messages_that_are_dropped_are_counted(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    struct event event;
    int i;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 3));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_OVERFLOW, M531X_OVERFLOW_DROP_OLDEST));
    for (i = 0; i < 10; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", i < 7 ? "old" : "new", 2));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_DROPPED, &event));
    check_sleep(100);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
        CHECK(is_payload(&message, "new"));
    }
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 50, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_bound_is_hard_and_events_wait_apart(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    struct event event;
    int i, queued = 0;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 10));
    for (i = 0; i < 200; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 0));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "last", 1));
    check_sleep(100);
    while (next_message(modem, 0, &message) == M531X_OK)
        queued++;
    CHECK(queued > 0 && queued <= 10);
    /* The event of the connection is still there, ahead of the one that counts. */
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_DROPPED, &event));
    CHECK(event.value == 201 - queued);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void nothing_is_needed_of_an_event_but_its_text_must_fit(void)
{
    m531x_modem modem = connected();
    uint32_t needed = 0;
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_wait_event(modem, PATIENCE_MS, NULL, NULL, NULL, 0, &needed));
    CHECK(needed >= 1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(connecting_and_disconnecting_are_told);
    RUN(a_change_of_state_tells_the_new_state);
    RUN(a_port_that_is_lost_ends_every_wait);
    RUN(a_wait_ends_only_after_the_event_that_says_why);
    RUN(a_port_that_is_lost_and_looked_for_ends_no_wait);
    RUN(a_connection_is_checked_and_nobody_sees_it);
    RUN(a_module_that_reboots_is_told);
    RUN(a_module_that_reboots_is_connected_again);
    RUN(messages_that_are_dropped_are_counted);
    RUN(the_bound_is_hard_and_events_wait_apart);
    RUN(nothing_is_needed_of_an_event_but_its_text_must_fit);
    return check_result();
}
