/* Options. */
#include "support.h"

static void numbers_are_taken_within_their_range(void)
{
    static const struct {
        int32_t option;
        uint32_t good[3];
        uint32_t bad;
    } cases[] = {
        {M531X_OPTION_KEEPALIVE_S, {0, 60, 65535}, 65536},
        {M531X_OPTION_CLEAN_SESSION, {0, 1, 1}, 2},
        {M531X_OPTION_TLS, {1, 0, 0}, 2},
        {M531X_OPTION_WILL_QOS, {0, 1, 2}, 3},
        {M531X_OPTION_WILL_RETAIN, {0, 1, 0}, 0xFFFFFFFF},
        {M531X_OPTION_PORT, {1, 1883, 65535}, 0},
        {M531X_OPTION_ACK_TIMEOUT_S, {1, 10, 65535}, 0},
        {M531X_OPTION_COMMAND_TIMEOUT_MS, {1, 10000, 0xFFFFFFFF}, 0},
        {M531X_OPTION_OVERFLOW, {M531X_OVERFLOW_DROP_OLDEST, M531X_OVERFLOW_DROP_NEWEST, M531X_OVERFLOW_BLOCK}, 3},
        {M531X_OPTION_QUEUE_SIZE, {1, 10000, 0xFFFFFFFF}, 0},
        {M531X_OPTION_HEX_DELIVERY, {0, 1, 0}, 2},
        {M531X_OPTION_ASK_PASSWORD, {0, 1, 0}, 2},
        {M531X_OPTION_MAX_WAITING, {1, 10000, 0xFFFFFFFF}, 0},
        {M531X_OPTION_OUTBOX_MAX_MESSAGES, {1, 100000, 0xFFFFFFFF}, 0},
        {M531X_OPTION_OUTBOX_MAX_BYTES, {1, 1 << 26, 0xFFFFFFFF}, 0},
        {M531X_OPTION_OUTBOX_OVERFLOW, {M531X_OUTBOX_OVERFLOW_DROP_OLDEST, M531X_OUTBOX_OVERFLOW_REFUSE, 0}, 2},
        {M531X_OPTION_OUTBOX_IN_FLIGHT, {1, 16, 32}, 33},
    };
    m531x_modem modem = opened();
    size_t i, j;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (j = 0; j < 3; j++)
            CHECK_STATUS(M531X_OK, m531x_set_u32(modem, cases[i].option, cases[i].good[j]));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, cases[i].option, cases[i].bad));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(modem, cases[i].option, "1"));
    }
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void texts_are_taken_and_taken_back(void)
{
    static const int32_t options[] = {M531X_OPTION_USERNAME, M531X_OPTION_PASSWORD, M531X_OPTION_WILL_TOPIC,
                                      M531X_OPTION_WILL_PAYLOAD};
    m531x_modem modem = opened();
    size_t i;
    for (i = 0; i < sizeof options / sizeof *options; i++) {
        CHECK_STATUS(M531X_OK, m531x_set_string(modem, options[i], "text"));
        CHECK_STATUS(M531X_OK, m531x_set_string(modem, options[i], NULL));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, options[i], 1));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(modem, options[i], "\xff"));
    }
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void what_was_set_reaches_the_module(void)
{
    m531x_modem modem = opened();
    char answer[512];
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "secret"));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_KEEPALIVE_S, 123));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_CLEAN_SESSION, 0));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_PORT, 2883));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_WILL_TOPIC, "t/will"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_WILL_PAYLOAD, "gone"));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+MQTTCFG?", -1, answer, sizeof answer, NULL));
    CHECK(strstr(answer, "\"broker.example\",2883,\"c-test\",123,\"meter\"") != NULL);
    CHECK(strstr(answer, "secret") == NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_port_of_the_call_wins(void)
{
    m531x_modem modem = opened();
    char answer[512];
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_PORT, 2883));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 3883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+MQTTCFG?", -1, answer, sizeof answer, NULL));
    CHECK(strstr(answer, ",3883,") != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_keep_alive_below_the_ack_timeout_is_refused_when_connecting(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_KEEPALIVE_S, 5));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_KEEPALIVE_S, 60));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_newest_messages_are_dropped_if_so_told(void)
{
    m531x_modem modem = subscribed();
    struct message message;
    int i;
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_OVERFLOW, M531X_OVERFLOW_DROP_NEWEST));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 2));
    for (i = 0; i < 6; i++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", i < 2 ? "old" : "new", 2));
    check_sleep(100);
    for (i = 0; i < 2; i++) {
        CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
        CHECK(is_payload(&message, "old"));
    }
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 50, &message));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void hex_delivery_works_where_the_model_can(void)
{
    m531x_modem modem = 0;
    struct message message;
    CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_HEX_DELIVERY, 1));
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/#", 1, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a,1,b", "x,2,y", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(strcmp(message.topic, "t/a,1,b") == 0 && is_payload(&message, "x,2,y"));
    CHECK((message.flags & M531X_MESSAGE_AMBIGUOUS) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static const char *string_of(uint32_t handle, int32_t option)
{
    static char text[256];
    CHECK_STATUS(M531X_OK, m531x_get_string(handle, option, text, sizeof text, NULL));
    return text;
}

static void options_are_set_before_the_first_byte(void)
{
    char recording[] = "/tmp/m531x-c-options-XXXXXX", first[256] = "", answer[512];
    uint32_t options = 0, value = 0;
    m531x_modem modem = 0;
    FILE *file;
    CHECK(mkdtemp(recording) != NULL);
    strcat(strcpy(answer, recording), "/session");
    CHECK_STATUS(M531X_OK, m531x_options_new(&options));
    CHECK(options != 0);
    CHECK_STATUS(M531X_OK, m531x_set_string(options, M531X_OPTION_MODEL, "M5313"));
    CHECK_STATUS(M531X_OK, m531x_set_string(options, M531X_OPTION_RECORDING, answer));
    CHECK_STATUS(M531X_OK, m531x_set_u32(options, M531X_OPTION_QUEUE_SIZE, 7));
    CHECK_STATUS(M531X_OK, m531x_set_u32(options, M531X_OPTION_KEEPALIVE_S, 123));
    CHECK_STATUS(M531X_OK, m531x_open_with("virtual://", options, PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_options_free(options));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_options_free(options));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_set_u32(options, M531X_OPTION_QUEUE_SIZE, 7));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_open_with("virtual://", options, PATIENCE_MS, &modem));
    /* The modem has them. */
    CHECK_STATUS(M531X_OK, m531x_get_u32(modem, M531X_OPTION_QUEUE_SIZE, &value));
    CHECK(value == 7);
    CHECK(strcmp(string_of(modem, M531X_OPTION_MODEL), "M5313") == 0);
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+CGMM", -1, first, sizeof first, NULL));
    CHECK(strstr(first, "M5313") != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    file = fopen(answer, "r");
    CHECK(file != NULL && fread(first, 1, sizeof first - 1, file) > 100);
    fclose(file);
    remove(answer), remove(recording);
    /* Without options they are the defaults. */
    CHECK_STATUS(M531X_OK, m531x_open_with("virtual://", 0, PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_get_u32(modem, M531X_OPTION_QUEUE_SIZE, &value));
    CHECK(value == 10000);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void what_was_set_is_returned(void)
{
    uint32_t options = 0, value = 99;
    m531x_modem modem = opened();
    int which;
    CHECK_STATUS(M531X_OK, m531x_options_new(&options));
    for (which = 0; which < 2; which++) {
        uint32_t handle = which == 0 ? options : modem;
        CHECK_STATUS(M531X_OK, m531x_get_u32(handle, M531X_OPTION_KEEPALIVE_S, &value));
        CHECK(value == 60);
        CHECK_STATUS(M531X_OK, m531x_set_u32(handle, M531X_OPTION_KEEPALIVE_S, 61));
        CHECK_STATUS(M531X_OK, m531x_get_u32(handle, M531X_OPTION_KEEPALIVE_S, &value));
        CHECK(value == 61);
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(handle, M531X_OPTION_KEEPALIVE_S, 65536));
        CHECK(strstr(last_error(handle), "M531X_OPTION_KEEPALIVE_S is 65536: use 0 to 65535") != NULL);
        CHECK_STATUS(M531X_OK, m531x_get_u32(handle, M531X_OPTION_KEEPALIVE_S, &value));
        CHECK(value == 61);
        CHECK(string_of(handle, M531X_OPTION_USERNAME)[0] == '\0');
        CHECK_STATUS(M531X_OK, m531x_set_string(handle, M531X_OPTION_USERNAME, "meter"));
        CHECK(strcmp(string_of(handle, M531X_OPTION_USERNAME), "meter") == 0);
        CHECK_STATUS(M531X_OK, m531x_set_string(handle, M531X_OPTION_PASSWORD, "secret"));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_string(handle, M531X_OPTION_PASSWORD, NULL, 0, &value));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_string(handle, M531X_OPTION_PORT, NULL, 0, &value));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_u32(handle, M531X_OPTION_USERNAME, &value));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_u32(handle, 0, &value));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_u32(handle, 9999, &value));
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_u32(handle, M531X_OPTION_PORT, NULL));
        CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_get_string(handle, M531X_OPTION_USERNAME, NULL, 0, &value));
        CHECK(value == 6);
    }
    /* Too late. */
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_u32(modem, M531X_OPTION_BAUDRATE, 9600));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(modem, M531X_OPTION_MODEL, "M5311"));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(options, M531X_OPTION_MODEL, "M9999"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_options_free(options));
}

static void a_will_is_given_by_its_length(void)
{
    static const uint8_t payload[] = {'g', 'o', 'n', 'e', '!', 0, 255};
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_WILL_TOPIC, "t/will"));
    CHECK_STATUS(M531X_OK, m531x_set_bytes(modem, M531X_OPTION_WILL_PAYLOAD, payload, 4));
    CHECK(strcmp(string_of(modem, M531X_OPTION_WILL_PAYLOAD), "gone") == 0);
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_bytes(modem, M531X_OPTION_WILL_TOPIC, payload, sizeof payload));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_bytes(modem, M531X_OPTION_PORT, payload, sizeof payload));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_disconnect(modem, PATIENCE_MS));
    /* The modules have no way to write these two. */
    CHECK_STATUS(M531X_OK, m531x_set_bytes(modem, M531X_OPTION_WILL_PAYLOAD, payload, sizeof payload));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_get_string(modem, M531X_OPTION_WILL_PAYLOAD, NULL, 0, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK(strstr(last_error(modem), "will payload") != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(numbers_are_taken_within_their_range);
    RUN(texts_are_taken_and_taken_back);
    RUN(what_was_set_reaches_the_module);
    RUN(the_port_of_the_call_wins);
    RUN(a_keep_alive_below_the_ack_timeout_is_refused_when_connecting);
    RUN(the_newest_messages_are_dropped_if_so_told);
    RUN(options_are_set_before_the_first_byte);
    RUN(what_was_set_is_returned);
    RUN(a_will_is_given_by_its_length);
    RUN(hex_delivery_works_where_the_model_can);
    return check_result();
}
