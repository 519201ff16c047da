/* Opening and closing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support.h"

static void a_modem_opens_and_closes(void)
{
    m531x_modem modem = opened();
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state == M531X_STATE_OFF);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void every_model_opens_by_its_name(void)
{
    static const char *const models[] = {"M5310-A", "M5311", "M5312", "M5313"};
    size_t i;
    for (i = 0; i < sizeof models / sizeof *models; i++) {
        m531x_modem modem = 0;
        CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, models[i], PATIENCE_MS, &modem));
        CHECK_STATUS(M531X_OK, m531x_close(modem));
    }
}

static void the_model_is_asked_for_if_it_is_not_named(void)
{
    m531x_modem modem = 0;
    CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, NULL, PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, "auto", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void closing_twice_is_an_error_and_harmless(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
}

static void a_handle_is_not_given_again(void)
{
    m531x_modem first = opened(), second;
    CHECK_STATUS(M531X_OK, m531x_close(first));
    second = opened();
    CHECK(second != first);
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(first));
    CHECK_STATUS(M531X_OK, m531x_close(second));
}

static void several_modems_are_open_at_once(void)
{
    m531x_modem modems[10];
    int i, j;
    for (i = 0; i < 10; i++)
        modems[i] = opened();
    for (i = 0; i < 10; i++)
        for (j = 0; j < i; j++)
            CHECK(modems[i] != modems[j]);
    for (i = 0; i < 10; i++)
        CHECK_STATUS(M531X_OK, m531x_close(modems[i]));
}

static void a_port_that_is_not_there_is_told(void)
{
    m531x_modem modem = 7;
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, m531x_open("/dev/no-such-port", 0, "M5311", 1000, &modem));
    CHECK(modem == 7);
}

static void a_port_that_another_has_open_is_told(void)
{
    m531x_modem first = 0, second = 7;
    uint32_t virtual_modem = 0;
    char port[256];
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start(NULL, NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, NULL, PATIENCE_MS, &first));
    CHECK_STATUS(M531X_ERR_PORT_IN_USE, m531x_open(port, 0, NULL, PATIENCE_MS, &second));
    CHECK(second == 7);
    CHECK_STATUS(M531X_OK, m531x_close(first));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, NULL, PATIENCE_MS, &first));
    CHECK_STATUS(M531X_OK, m531x_close(first));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static void a_port_where_nothing_answers_is_given_up_in_time(void)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    m531x_modem modem = 7;
    char port[64];
    double begun;
    /* Enough to be connected in, under valgrind on a busy machine too. */
    int32_t limit_ms = check_is_slow() ? 5000 : 1000;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 1) == 0);
    getsockname(server, (struct sockaddr *)&address, &length);
    sprintf(port, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    begun = check_now();
    CHECK_STATUS(M531X_ERR_NO_ANSWER, m531x_open(port, 0, NULL, limit_ms, &modem));
    CHECK(check_now() - begun >= limit_ms / 1000.0 - 0.01);
    CHECK(check_now() - begun < 30);
    CHECK(modem == 7);
    close(server);
}

int main(void)
{
    check_limit(60);
    RUN(a_modem_opens_and_closes);
    RUN(every_model_opens_by_its_name);
    RUN(the_model_is_asked_for_if_it_is_not_named);
    RUN(closing_twice_is_an_error_and_harmless);
    RUN(a_handle_is_not_given_again);
    RUN(several_modems_are_open_at_once);
    RUN(a_port_that_is_not_there_is_told);
    RUN(a_port_that_another_has_open_is_told);
    RUN(a_port_where_nothing_answers_is_given_up_in_time);
    return check_result();
}
