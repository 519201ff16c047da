/* A password that expires: it is asked for by an event whenever a lost connection is made again. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

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

/* A broker that answers the first `welcome` logins with 0 and all others with `code`; it does nothing else. */
struct guard {
    int listener;
    int welcome;
    uint8_t code;
    int logins;
    char passwords[8][32];
    m531x_modem modem;
    uint32_t virtual_modem;
};

/* The password is the last field of a CONNECT. */
static void remember(struct guard *guard, const uint8_t *packet, size_t size)
{
    size_t length = 0;
    while (length < 31 && length + 2 < size && packet[size - length - 1] >= ' ')
        length++;
    if (guard->logins < 8)
        memcpy(guard->passwords[guard->logins], packet + size - length, length);
}

static void *answer_logins(void *argument)
{
    struct guard *guard = argument;
    int client, last = -1;
    while ((client = accept(guard->listener, NULL, NULL)) >= 0) {
        uint8_t packet[256], answer[] = {0x20, 2, 0, 0};
        ssize_t size = read(client, packet, sizeof packet);
        if (size > 0 && packet[0] == 0x10) {
            remember(guard, packet, (size_t)size);
            answer[3] = guard->logins++ < guard->welcome ? 0 : guard->code;
            CHECK(write(client, answer, sizeof answer) == sizeof answer);
        }
        if (last >= 0)
            close(last);
        last = client;
    }
    if (last >= 0)
        close(last);
    return NULL;
}

/* A modem that asks for passwords, on a module that reports the code of this broker. */
static pthread_t guarded(struct guard *guard)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    char broker[32], port[256];
    pthread_t thread;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    guard->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(guard->listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(guard->listener, 8) == 0);
    getsockname(guard->listener, (struct sockaddr *)&address, &length);
    pthread_create(&thread, NULL, answer_logins, guard);
    sprintf(broker, "127.0.0.1:%d", ntohs(address.sin_port));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start_with("M5310-A", "manual", broker, NULL, NULL, &guard->virtual_modem, port,
                                                          sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5310-A", PATIENCE_MS, &guard->modem));
    CHECK_STATUS(M531X_OK, m531x_set_string(guard->modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_u32(guard->modem, M531X_OPTION_ASK_PASSWORD, 1));
    CHECK_STATUS(M531X_OK, m531x_set_u32(guard->modem, M531X_OPTION_RECOVERY_INITIAL_DELAY_MS, 50));
    return thread;
}

static void leave(struct guard *guard, pthread_t thread)
{
    CHECK_STATUS(M531X_OK, m531x_close(guard->modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(guard->virtual_modem));
    shutdown(guard->listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(guard->listener);
}

/* The refused password is asked for once more, and the second refusal is reported with the broker's code. */
static void refused_twice(uint8_t code)
{
    struct guard guard = {.welcome = 1, .code = code};
    pthread_t thread = guarded(&guard);
    m531x_modem modem = guard.modem;
    struct event event;
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "first"));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 0, "c-test", PATIENCE_MS));
    m531x_command(modem, "AT+NRB", PATIENCE_MS, NULL, 0, NULL);
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PASSWORD_WANTED, &event));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "second"));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_PASSWORD_WANTED, &event));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "third"));
    CHECK_STATUS(M531X_OK, next_of_kind(modem, M531X_EVENT_LOGIN_REFUSED, &event));
    CHECK(event.value == code);
    CHECK(strstr(event.text, "second") == NULL && strstr(event.text, "third") == NULL);
    leave(&guard, thread);
    CHECK(guard.logins == 3);
    CHECK(strcmp(guard.passwords[0], "first") == 0);
    CHECK(strcmp(guard.passwords[1], "second") == 0);
    CHECK(strcmp(guard.passwords[2], "third") == 0);
}

static void a_recovery_refused_with_code_4_asks_once_more_and_is_reported(void)
{
    refused_twice(4);
}

static void a_recovery_refused_with_code_5_asks_once_more_and_is_reported(void)
{
    refused_twice(5);
}

/* The program that waits for its outcome can connect again by itself. */
static void a_begun_connect_that_is_refused_asks_once_and_ends_with_the_error(void)
{
    struct guard guard = {.welcome = 0, .code = 5};
    pthread_t thread = guarded(&guard);
    struct event event;
    int32_t status = 0, value = 0;
    uint32_t token = 0;
    CHECK_STATUS(M531X_OK, m531x_connect_start(guard.modem, "broker.example", 0, "c-test", &token));
    CHECK_STATUS(M531X_OK, next_of_kind(guard.modem, M531X_EVENT_PASSWORD_WANTED, &event));
    CHECK_STATUS(M531X_OK, m531x_set_string(guard.modem, M531X_OPTION_PASSWORD, "one"));
    CHECK_STATUS(M531X_OK, m531x_wait_event_of(guard.modem, 1u << M531X_EVENT_DONE, PATIENCE_MS, &event.kind, &value, &status,
                                               event.text, sizeof event.text, NULL));
    CHECK((uint32_t)value == token);
    CHECK_STATUS(M531X_ERR_CONNECT, status);
    leave(&guard, thread);
    CHECK(guard.logins == 1);
    CHECK(strcmp(guard.passwords[0], "one") == 0);
}

int main(void)
{
    check_limit(120);
    RUN(the_event_is_answered_by_setting_the_password);
    RUN(no_password_ends_the_attempt_and_is_told);
    RUN(without_the_option_the_password_stays_the_same);
    RUN(the_limit_of_a_connect_packet_can_be_raised);
    RUN(a_recovery_refused_with_code_4_asks_once_more_and_is_reported);
    RUN(a_recovery_refused_with_code_5_asks_once_more_and_is_reported);
    RUN(a_begun_connect_that_is_refused_asks_once_and_ends_with_the_error);
    return check_result();
}
