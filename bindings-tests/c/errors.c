/* Errors in words: by number, and the last one of each modem. */
#include <pthread.h>

#include "support.h"

static void every_number_has_a_name_and_a_sentence(void)
{
    m531x_status status;
    CHECK(strcmp(m531x_error_name(M531X_OK), "M531X_OK") == 0);
    for (status = M531X_ERR_OUTBOX_FAILED; status < 0; status++) {
        CHECK(strncmp(m531x_error_name(status), "M531X_ERR_", 10) == 0);
        CHECK(strcmp(m531x_error_name(status), "M531X_ERR_UNKNOWN") != 0);
        CHECK(strlen(m531x_error_text(status)) > 10);
    }
    CHECK(strcmp(m531x_error_name(M531X_ERR_TIMEOUT), "M531X_ERR_TIMEOUT") == 0);
}

static void numbers_that_are_not_known_have_texts_too(void)
{
    CHECK(strcmp(m531x_error_name(-12345), "M531X_ERR_UNKNOWN") == 0);
    CHECK(strlen(m531x_error_text(-12345)) > 10);
    /* Success that says more: a yes, a granted QoS. */
    CHECK(strcmp(m531x_error_name(1), "M531X_OK") == 0);
    CHECK(m531x_error_text(2) == m531x_error_text(M531X_OK));
    CHECK(m531x_error_text(INT32_MIN) != NULL);
}

static void the_texts_are_static(void)
{
    CHECK(m531x_error_name(M531X_ERR_PORT) == m531x_error_name(M531X_ERR_PORT));
}

static void each_modem_keeps_its_own_last_error(void)
{
    m531x_modem one = opened(), other = opened();
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(one, "t/a", "x", 0));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_command(other, "", -1, NULL, 0, NULL));
    CHECK(strlen(last_error(one)) > 0);
    CHECK(strstr(last_error(one), "connect") != NULL);
    CHECK(strstr(last_error(other), "connect") == NULL);
    CHECK_STATUS(M531X_OK, m531x_close(one));
    CHECK_STATUS(M531X_OK, m531x_close(other));
}

static void a_host_that_may_hold_a_password_is_refused_and_not_shown(void)
{
    static const char *const HOSTS[] = {"mqtt://me:hunter2@broker", "me:hunter2@broker", "hunter2:1883",
                                        "hunter2/path"};
    m531x_modem modem = opened();
    size_t i;
    for (i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, HOSTS[i], 1883, "c", PATIENCE_MS));
        CHECK(strstr(last_error(modem), "host holds a") != NULL);
        CHECK(strstr(last_error(modem), "hunter2") == NULL);
    }
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void *fail_to_publish(void *modem)
{
    publish(*(m531x_modem *)modem, "t/a", "x", 0);
    return NULL;
}

static void the_last_error_is_seen_from_another_thread(void)
{
    m531x_modem modem = opened();
    pthread_t thread;
    CHECK(last_error(modem)[0] == '\0');
    pthread_create(&thread, NULL, fail_to_publish, &modem);
    pthread_join(thread, NULL);
    CHECK(last_error(modem)[0] != '\0');
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void another_thread_does_not_overwrite_the_error_of_a_call(void)
{
    m531x_modem modem = opened();
    int32_t number = 0;
    pthread_t thread;
    CHECK_STATUS(M531X_ERR_COMMAND, m531x_command(modem, "AT+MQTTDISC", -1, NULL, 0, NULL));
    pthread_create(&thread, NULL, fail_to_publish, &modem);
    pthread_join(thread, NULL);
    CHECK(strstr(last_error(modem), "AT+MQTTDISC") != NULL);
    CHECK_STATUS(M531X_OK, m531x_last_modem_error(modem, &number));
    CHECK(number == 3);
    /* After a call that succeeded there is nothing of this thread's own. */
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT", -1, NULL, 0, NULL));
    CHECK(strstr(last_error(modem), "connect") != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void *fail_to_open(void *ignored)
{
    m531x_modem modem = 0;
    m531x_open("/dev/another-port", 0, NULL, 100, &modem);
    return ignored;
}

static void another_thread_does_not_overwrite_the_error_of_an_open(void)
{
    m531x_modem modem = 0;
    pthread_t thread;
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, m531x_open("/dev/no-such-port", 0, NULL, 100, &modem));
    pthread_create(&thread, NULL, fail_to_open, NULL);
    pthread_join(thread, NULL);
    CHECK(strstr(last_error(0), "/dev/no-such-port") != NULL);
}

static void polling_for_a_message_leaves_the_last_error_alone(void)
{
    m531x_modem modem = opened();
    struct message message;
    char before[512];
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "t/a", "x", 0));
    strcpy(before, last_error(modem));
    CHECK_STATUS(M531X_ERR_TIMEOUT, next_message(modem, 0, &message));
    CHECK(strcmp(before, last_error(modem)) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_number_of_the_module_is_kept(void)
{
    m531x_modem modem = opened();
    int32_t number = 0;
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "t/a", "x", 0));
    CHECK_STATUS(M531X_OK, m531x_last_modem_error(modem, &number));
    CHECK(number == -1);
    CHECK_STATUS(M531X_ERR_COMMAND, m531x_command(modem, "AT+MQTTDISC", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_last_modem_error(modem, &number));
    CHECK(number == 3);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_error_of_an_open_is_that_of_handle_zero(void)
{
    m531x_modem modem = 0;
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, m531x_open("/dev/no-such-port", 0, NULL, 100, &modem));
    CHECK(strstr(last_error(0), "/dev/no-such-port") != NULL);
}

static void a_password_is_in_no_error(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "meter"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "se\"cret"));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK(strlen(last_error(modem)) > 0);
    CHECK(strstr(last_error(modem), "cret") == NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(every_number_has_a_name_and_a_sentence);
    RUN(numbers_that_are_not_known_have_texts_too);
    RUN(the_texts_are_static);
    RUN(each_modem_keeps_its_own_last_error);
    RUN(a_host_that_may_hold_a_password_is_refused_and_not_shown);
    RUN(the_last_error_is_seen_from_another_thread);
    RUN(another_thread_does_not_overwrite_the_error_of_a_call);
    RUN(another_thread_does_not_overwrite_the_error_of_an_open);
    RUN(polling_for_a_message_leaves_the_last_error_alone);
    RUN(the_number_of_the_module_is_kept);
    RUN(the_error_of_an_open_is_that_of_handle_zero);
    RUN(a_password_is_in_no_error);
    return check_result();
}
