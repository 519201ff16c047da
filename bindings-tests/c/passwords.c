/* A password that expires: it is asked for by an event whenever a lost connection is made again. */
#include "support.h"

struct event {
    int32_t kind;
    int32_t value;
    char text[512];
};

/* The next event of a kind; whatever comes before it is passed over. */
static m531x_status next_of_kind(m531x_modem modem, int32_t kind, struct event *event)
{
    m531x_status status;
    do
        status = m531x_wait_event(modem, PATIENCE_MS, &event->kind, &event->value, event->text, sizeof event->text, NULL);
    while (status == M531X_OK && event->kind != kind);
    return status;
}

/* Connected with a first password; the module restarts. */
static m531x_modem lost(void)
{
    m531x_modem modem = opened();
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "first"));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_ASK_PASSWORD, 1));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY_INITIAL_DELAY_MS, 50));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    m531x_command(modem, "AT+NRB", PATIENCE_MS, NULL, 0, NULL);
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PASSWORD_WANTED, &event));
    CHECK(strstr(event.text, "broker.example") != NULL);
    return modem;
}

static void the_event_is_answered_by_setting_the_password(void)
{
    m531x_modem modem = lost();
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "second"));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    CHECK_STATUS(M531X_OK, publish(modem, "t/x", "text", 1));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void no_password_ends_the_attempt_and_is_told(void)
{
    m531x_modem modem = lost();
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, NULL));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_LOGIN_REFUSED, &event));
    CHECK(event.value == -1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void without_the_option_the_password_stays_the_same(void)
{
    m531x_modem modem = opened();
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "first"));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY_INITIAL_DELAY_MS, 50));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_CONNECTED, &event));
    m531x_command(modem, "AT+NRB", PATIENCE_MS, NULL, 0, NULL);
    do
        CHECK_STATUS(M531X_OK,
                     m531x_wait_event(modem, PATIENCE_MS, &event.kind, &event.value, event.text, sizeof event.text, NULL));
    while (check_in_test == 0 && event.kind != M531X_EVENT_CONNECTED && event.kind != M531X_EVENT_PASSWORD_WANTED);
    CHECK(event.kind == M531X_EVENT_CONNECTED);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

/* 300 characters do not fit the 256 bytes of the model; with a higher limit the module itself is asked. */
static void the_limit_of_a_connect_packet_can_be_raised(void)
{
    char password[301];
    m531x_modem modem = opened();
    m531x_status refused;
    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = 0;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, password));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_CONNECT_LIMIT, 512));
    refused = m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS);
    CHECK(refused != M531X_OK && refused != M531X_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_CONNECT_LIMIT, 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(the_event_is_answered_by_setting_the_password);
    RUN(no_password_ends_the_attempt_and_is_told);
    RUN(without_the_option_the_password_stays_the_same);
    RUN(the_limit_of_a_connect_packet_can_be_raised);
    return check_result();
}
