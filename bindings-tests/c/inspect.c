/* What a modem and the library report about themselves. */
#include "support.h"

static char text[4096];

static void the_module_says_who_it_is(void)
{
    m531x_modem modem = 0;
    uint32_t needed = 0;
    CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, "M5313", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_info(modem, PATIENCE_MS, text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    CHECK(strncmp(text, "model=M5313\nname=", 17) == 0);
    CHECK(strstr(text, "\nimei=") && strstr(text, "\nimsi=") && strstr(text, "\niccid=") && strstr(text, "\nfirmware="));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_info(modem, M531X_NO_LIMIT, text, 5, &needed));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_signal_is_reported(void)
{
    m531x_modem modem = opened();
    int32_t rssi = 1, ber = 99;
    CHECK_STATUS(M531X_OK, m531x_signal(modem, M531X_NO_LIMIT, &rssi, &ber));
    CHECK(rssi >= -113 && rssi <= 0 && ber >= -1 && ber <= 7);
    CHECK_STATUS(M531X_OK, m531x_signal(modem, PATIENCE_MS, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static uint32_t stat_of(m531x_modem modem, int32_t stat)
{
    uint32_t value = 0, high = 99;
    CHECK_STATUS(M531X_OK, m531x_stats(modem, stat, &value, &high));
    CHECK(high == 0);
    return value;
}

static void counters_count(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    uint32_t wakeups;
    CHECK(stat_of(modem, M531X_STAT_PUBLISHED) == 0);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(stat_of(modem, M531X_STAT_PUBLISHED) == 1);
    CHECK(stat_of(modem, M531X_STAT_MESSAGES) == 1);
    CHECK(stat_of(modem, M531X_STAT_QUEUED_MESSAGES) == 0);
    CHECK(stat_of(modem, M531X_STAT_BYTES_SENT) > 0 && stat_of(modem, M531X_STAT_BYTES_RECEIVED) > 0);
    CHECK(stat_of(modem, M531X_STAT_OUTBOX_DROPPED) == 0);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_stats(modem, 0, NULL, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_stats(modem, M531X_STAT_OUTBOX_DROPPED + 1, NULL, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_stats(modem, INT32_MIN, NULL, NULL));
    /* While nothing happens no thread wakes. */
    check_sleep(100);
    wakeups = stat_of(modem, M531X_STAT_READER_WAKEUPS);
    check_sleep(300);
    CHECK(stat_of(modem, M531X_STAT_READER_WAKEUPS) == wakeups);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void subscriptions_are_listed(void)
{
    m531x_modem modem = subscribed();
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "other/+", 0, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, m531x_subscriptions(modem, text, sizeof text, NULL));
    CHECK(strcmp(text, "t/#\nother/+\n") == 0);
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_subscriptions(modem, text, 5, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void ports_are_listed(void)
{
    uint32_t needed = 0;
    m531x_status status = m531x_list_ports(text, sizeof text, &needed);
    /* A container may have no list. */
    CHECK(status == M531X_OK || status == M531X_ERR_PORT);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_list_ports(NULL, 10, &needed));
}

static void topics_and_features_are_answered_without_a_modem(void)
{
    CHECK(m531x_topic_matches("a/+/c", "a/b/c") == 1);
    CHECK(m531x_topic_matches("a/#", "b") == 0);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_topic_matches(NULL, "b"));
    CHECK(m531x_has_feature("virtual-modem") == 1);
    CHECK(m531x_has_feature("outbox") == 1);
    CHECK(m531x_has_feature("time-travel") == 0);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_has_feature(NULL));
}

static void a_modem_keeps_a_pointer(void)
{
    m531x_modem modem = opened();
    CHECK(m531x_user_data(modem) == NULL);
    CHECK_STATUS(M531X_OK, m531x_set_user_data(modem, text));
    CHECK(m531x_user_data(modem) == (void *)text);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(m531x_user_data(modem) == NULL);
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_set_user_data(modem, text));
}

static void all_modems_are_closed_at_once(void)
{
    m531x_modem modems[3];
    int i;
    for (i = 0; i < 3; i++)
        modems[i] = opened();
    CHECK_STATUS(M531X_OK, m531x_close_all());
    for (i = 0; i < 3; i++)
        CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modems[i]));
    CHECK_STATUS(M531X_OK, m531x_close_all());
}

static volatile int of_filter, of_other, of_rest, finished;

static void count(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                  void *user_data)
{
    (void)modem, (void)topic, (void)payload, (void)length, (void)flags;
    ++*(volatile int *)user_data;
}

static void finish(void *user_data)
{
    (void)user_data;
    finished++;
}

static void await(volatile int *counter, int expected)
{
    WAIT_FOR(*counter == expected);
    CHECK(*counter == expected);
}

static void a_filter_has_a_callback_of_its_own(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_subscribe_callback(modem, "t/a/#", count, (void *)&of_filter, finish));
    CHECK_STATUS(M531X_OK, m531x_subscribe_callback(modem, "t/+/x", count, (void *)&of_other, finish));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a/x", "1", 1));
    await(&of_filter, 1);
    await(&of_other, 1);
    /* What matches none waits as before, */
    CHECK_STATUS(M531X_OK, publish(modem, "t/rest", "2", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(strcmp(message.topic, "t/rest") == 0);
    /* or goes to the callback of all messages. */
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, count, (void *)&of_rest, finish));
    CHECK_STATUS(M531X_OK, publish(modem, "t/rest", "3", 1));
    await(&of_rest, 1);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "4", 1));
    await(&of_filter, 2);
    CHECK(of_rest == 1 && of_other == 1);
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, NULL, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_subscribe_callback(modem, "t/a/#", NULL, NULL, NULL));
    CHECK(finished == 2);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "5", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "5"));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_subscribe_callback(modem, NULL, count, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK(finished == 3);
}

static void a_client_is_removed_and_a_module_restarted(void)
{
    m531x_modem modem = connected();
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, m531x_ask_mqtt_state(modem, PATIENCE_MS, &state));
    CHECK(state == M531X_STATE_CONNECTED);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_ask_mqtt_state(modem, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, m531x_wake(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_disconnect(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_delete(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_ask_mqtt_state(modem, PATIENCE_MS, &state));
    CHECK(state == M531X_STATE_OFF);
    CHECK_STATUS(M531X_OK, m531x_reboot(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void versions_agree(void)
{
    char version[16];
    CHECK_STATUS(M531X_OK, m531x_version_string(version, sizeof version, NULL));
    CHECK(strcmp(version, M531X_VERSION_STRING) == 0);
    CHECK(M531X_VERSION_MAJOR * 1000000 + M531X_VERSION_MINOR * 1000 + M531X_VERSION_PATCH == M531X_VERSION_NUMBER);
    CHECK(M531X_NO_WAIT == 0 && M531X_NO_LIMIT == -1);
}

int main(void)
{
    check_limit(120);
    RUN(the_module_says_who_it_is);
    RUN(the_signal_is_reported);
    RUN(counters_count);
    RUN(subscriptions_are_listed);
    RUN(ports_are_listed);
    RUN(topics_and_features_are_answered_without_a_modem);
    RUN(a_modem_keeps_a_pointer);
    RUN(all_modems_are_closed_at_once);
    RUN(a_filter_has_a_callback_of_its_own);
    RUN(a_client_is_removed_and_a_module_restarted);
    RUN(versions_agree);
    return check_result();
}
