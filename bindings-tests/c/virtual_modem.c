/* The virtual modem, through the same library. */
#include <sys/stat.h>

#include "support.h"

static void talk_over(const char *model, const char *link)
{
    uint32_t virtual_modem = 0, needed = 0;
    m531x_modem modem = 0;
    struct message message;
    char port[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start(model, "embedded", link, &virtual_modem, port, sizeof port, &needed));
    CHECK(virtual_modem != 0 && needed == strlen(port) + 1);
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, NULL, PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/#", 1, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, publish(modem, "t/a", "21.5", 1));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "21.5"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void it_is_a_pseudo_terminal(void)
{
    talk_over("M5310-A", NULL);
}

static void it_is_a_tcp_port(void)
{
    talk_over("M5311", "tcp://127.0.0.1:0");
}

static void it_has_a_stable_name_while_it_runs(void)
{
    char link[64];
    uint32_t virtual_modem = 0, second = 7;
    char port[256];
    struct stat status;
    sprintf(link, "/tmp/m531x-c-test-%ld", (long)getpid());
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start(NULL, NULL, link, &virtual_modem, port, sizeof port, NULL));
    CHECK(strcmp(port, link) == 0);
    CHECK(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    CHECK_STATUS(M531X_ERR_PORT, m531x_virtual_modem_start(NULL, NULL, link, &second, port, sizeof port, NULL));
    CHECK(second == 7);
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK(lstat(link, &status) != 0);
}

static void it_is_not_started_if_its_name_does_not_fit(void)
{
    uint32_t virtual_modem = 7, needed = 0;
    char port[4];
    memset(port, 0x55, sizeof port);
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL,
                 m531x_virtual_modem_start(NULL, NULL, NULL, &virtual_modem, port, sizeof port, &needed));
    CHECK(virtual_modem == 7 && needed > sizeof port && port[0] == 0x55);
}

static void stopping_it_twice_is_an_error_and_harmless(void)
{
    uint32_t virtual_modem = 0;
    char port[256];
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start(NULL, NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_virtual_modem_stop(virtual_modem));
}

static void its_firmware_and_faults_can_be_chosen(void)
{
    /* Unsubscribing from what was never subscribed, and a signal that a fault makes weak. */
    static const struct {
        const char *firmware, *faults, *signal;
        int32_t refusal;
    } cases[] = {
        {"manual", NULL, "+CSQ:23,0", 0},
        {"vendor", "signal=2\nlate-disc=off", "+CSQ:2,99", 621},
    };
    unsigned i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t virtual_modem = 0, needed = 0;
        m531x_modem modem = 0;
        int32_t number = 0;
        char port[256], text[256];
        CHECK_STATUS(M531X_OK, m531x_virtual_modem_start_with(NULL, cases[i].firmware, NULL, NULL, cases[i].faults,
                                                              &virtual_modem, port, sizeof port, NULL));
        CHECK_STATUS(M531X_OK, m531x_open(port, 0, NULL, PATIENCE_MS, &modem));
        CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
        CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+CSQ", PATIENCE_MS, text, sizeof text, &needed));
        CHECK(strstr(text, cases[i].signal) == text);
        CHECK_STATUS(cases[i].refusal ? M531X_ERR_COMMAND : M531X_OK,
                     m531x_command(modem, "AT+MQTTUNSUB=\"never\"", PATIENCE_MS, text, sizeof text, &needed));
        if (cases[i].refusal) {
            CHECK_STATUS(M531X_OK, m531x_last_modem_error(modem, &number));
            CHECK(number == cases[i].refusal);
        }
        CHECK_STATUS(M531X_OK, m531x_close(modem));
        CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    }
}

static void what_it_cannot_be_is_refused(void)
{
    uint32_t handle = 7;
    char port[256];
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT,
                 m531x_virtual_modem_start("ML307", NULL, NULL, &handle, port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT,
                 m531x_virtual_modem_start(NULL, "nowhere", NULL, &handle, port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT,
                 m531x_virtual_modem_start(NULL, NULL, "tcp://nowhere", &handle, port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_virtual_modem_start_with(NULL, "my own", NULL, NULL, NULL, &handle,
                                                                            port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_virtual_modem_start_with(NULL, NULL, NULL, NULL, "garbage=0.1\nno-such",
                                                                            &handle, port, sizeof port, NULL));
    CHECK_STATUS(M531X_ERR_PORT,
                 m531x_virtual_modem_start(NULL, NULL, "/no/such/folder/modem", &handle, port, sizeof port, NULL));
    CHECK(handle == 7);
}

int main(void)
{
    check_limit(60);
    RUN(it_is_a_pseudo_terminal);
    RUN(it_is_a_tcp_port);
    RUN(it_has_a_stable_name_while_it_runs);
    RUN(it_is_not_started_if_its_name_does_not_fit);
    RUN(stopping_it_twice_is_an_error_and_harmless);
    RUN(its_firmware_and_faults_can_be_chosen);
    RUN(what_it_cannot_be_is_refused);
    return check_result();
}
