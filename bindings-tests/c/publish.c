/* Publishing, waiting for the end or not. */
#include "support.h"

static void every_quality_of_service_completes_and_arrives(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    uint32_t qos;
    for (qos = 0; qos <= 2; qos++) {
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "21.5", qos));
        CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
        CHECK(strcmp(message.topic, "t/a") == 0);
        CHECK(is_payload(&message, "21.5"));
        CHECK((message.flags & M531X_MESSAGE_QOS_MASK) == qos);
    }
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void every_byte_arrives_as_it_was_sent(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    uint8_t bytes[256];
    int i;
    for (i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    CHECK_STATUS(M531X_OK, m531x_publish(modem, "t/bytes", bytes, sizeof bytes, 1, 0, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(message.length == sizeof bytes && memcmp(message.payload, bytes, sizeof bytes) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_payload_may_look_like_an_answer(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    const char *text = "\r\nOK\r\n\r\nERROR\r\n+MQTTDISC: OK\r\n+MQTTPUBLISH: 0,0,0,0,t/b,1,x\r\n";
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", text, 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, text));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 50, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_payload_may_be_empty(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_publish(modem, "t/empty", NULL, 0, 0, 0, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(message.length == 0 && strcmp(message.topic, "t/empty") == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_topic_may_be_in_any_script(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    const char *topic = "t/\xe6\xb8\xa9\xe5\xba\xa6";
    CHECK_STATUS(M531X_OK, publish(modem, topic, "x", 0));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(strcmp(message.topic, topic) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void what_is_retained_comes_with_its_flag(void)
{
    m531x_modem modem = connected();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_publish(modem, "t/kept", (const uint8_t *)"k", 1, 1, 1, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/kept", 1, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "k"));
    CHECK(message.flags & M531X_MESSAGE_RETAIN);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_publish_may_be_begun_and_waited_for_later(void)
{
    m531x_modem modem = connected();
    uint32_t first = 0, second = 0;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"1", 1, 1, 0, &first));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"2", 1, 2, 0, &second));
    CHECK(first != 0 && second != 0 && first != second);
    CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, second, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, first, -1));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_publish_wait(modem, first, 0));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_publish_may_be_polled_for_its_end(void)
{
    m531x_modem modem = connected();
    uint32_t token = 0;
    m531x_status status;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"1", 1, 1, 0, &token));
    while ((status = m531x_publish_wait(modem, token, 0)) == M531X_ERR_TIMEOUT)
        check_sleep(1);
    CHECK_STATUS(M531X_OK, status);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_publish_nobody_asks_for_goes_on_by_itself(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", (const uint8_t *)"1", 1, 1, 0, NULL));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "1"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void without_a_connection_nothing_is_published(void)
{
    m531x_modem modem = opened();
    uint32_t token = 0;
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "t/a", "x", 0));
    CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t/a", NULL, 0, 0, 0, &token));
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, m531x_publish_wait(modem, token, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void what_the_module_cannot_take_is_refused_with_the_limit(void)
{
    static uint8_t zeros[4096];
    m531x_modem modem = connected();
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_publish(modem, "t/a", zeros, sizeof zeros, 0, 0, PATIENCE_MS));
    CHECK(strstr(last_error(modem), "10") != NULL || strstr(last_error(modem), "20") != NULL);
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(every_quality_of_service_completes_and_arrives);
    RUN(every_byte_arrives_as_it_was_sent);
    RUN(a_payload_may_look_like_an_answer);
    RUN(a_payload_may_be_empty);
    RUN(a_topic_may_be_in_any_script);
    RUN(what_is_retained_comes_with_its_flag);
    RUN(a_publish_may_be_begun_and_waited_for_later);
    RUN(a_publish_may_be_polled_for_its_end);
    RUN(a_publish_nobody_asks_for_goes_on_by_itself);
    RUN(without_a_connection_nothing_is_published);
    RUN(what_the_module_cannot_take_is_refused_with_the_limit);
    return check_result();
}
