/* The outbox: publishes that survive the process. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static char path[256];

/* A path in a folder of its own, where there is no file yet. */
static void choose_path(void)
{
    static char folder[200];
    snprintf(folder, sizeof folder, "%s/m531x-outbox-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/outbox.db", folder);
}

static void remove_file(void)
{
    CHECK(unlink(path) == 0);
    *strrchr(path, '/') = '\0';
    CHECK(rmdir(path) == 0);
}

static m531x_status keep(m531x_modem modem, const char *text, uint32_t *token)
{
    return m531x_publish_start(modem, "t/kept", (const uint8_t *)text, (uint32_t)strlen(text), 1, 0, token);
}

static uint32_t waiting(m531x_modem modem)
{
    uint32_t messages = 999;
    CHECK_STATUS(M531X_OK, m531x_outbox_size(modem, &messages, NULL, NULL));
    return messages;
}

static void what_was_accepted_is_sent_by_the_next_process(void)
{
    m531x_modem modem = opened();
    struct message message;
    uint32_t granted;
    choose_path();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_OK, keep(modem, "one", NULL));
    CHECK_STATUS(M531X_OK, keep(modem, "two", NULL));
    CHECK(waiting(modem) == 2);
    CHECK_STATUS(M531X_OK, m531x_close(modem));

    modem = connected();
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/#", 1, PATIENCE_MS, &granted));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "one"));
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(is_payload(&message, "two"));
    CHECK_STATUS(M531X_OK, publish(modem, "t/kept", "three", 1));
    CHECK(waiting(modem) == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    remove_file();
}

static void a_token_tells_the_end_once_there_is_a_connection(void)
{
    m531x_modem modem = opened();
    uint32_t token = 0;
    choose_path();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_OK, keep(modem, "one", &token));
    CHECK_STATUS(M531X_ERR_TIMEOUT, m531x_publish_wait(modem, token, 20));
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "t/kept", "two", 1));
    CHECK(strstr(last_error(modem), "in the outbox") != NULL);
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_publish_wait(modem, token, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_outbox_size(modem, NULL, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    remove_file();
}

static void a_full_outbox_refuses(void)
{
    m531x_modem modem = opened();
    uint32_t bytes = 0, set_aside = 999;
    choose_path();
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_OUTBOX_MAX_MESSAGES, 1));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_OK, keep(modem, "one", NULL));
    CHECK_STATUS(M531X_ERR_OUTBOX_FULL, keep(modem, "two", NULL));
    CHECK_STATUS(M531X_OK, m531x_outbox_size(modem, NULL, &bytes, &set_aside));
    CHECK(bytes == strlen("t/kept") + strlen("one"));
    CHECK(set_aside == 0);

    CHECK_STATUS(M531X_OK,
                 m531x_set_u32(modem, M531X_OPTION_OUTBOX_OVERFLOW, M531X_OUTBOX_OVERFLOW_DROP_OLDEST));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_OK, keep(modem, "two", NULL));
    CHECK(waiting(modem) == 1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    remove_file();
}

static void a_file_that_cannot_be_used_is_told_by_name(void)
{
    m531x_modem modem = opened(), other = opened();
    FILE *file;
    choose_path();
    CHECK_STATUS(M531X_ERR_OUTBOX_FAILED, m531x_set_string(modem, M531X_OPTION_OUTBOX, "/no/such/folder/outbox.db"));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_string(modem, M531X_OPTION_OUTBOX, ""));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_OUTBOX, path));
    CHECK_STATUS(M531X_ERR_OUTBOX_IN_USE, m531x_set_string(other, M531X_OPTION_OUTBOX, path));
    CHECK(strstr(last_error(other), path) != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    file = fopen(path, "r+");
    CHECK(file != NULL && fputs("not a database", file) >= 0 && fclose(file) == 0);
    CHECK_STATUS(M531X_ERR_OUTBOX_CORRUPT, m531x_set_string(other, M531X_OPTION_OUTBOX, path));
    CHECK(strstr(last_error(other), path) != NULL);
    CHECK_STATUS(M531X_OK, m531x_close(other));
    remove_file();
}

int main(void)
{
    check_limit(60);
    RUN(what_was_accepted_is_sent_by_the_next_process);
    RUN(a_token_tells_the_end_once_there_is_a_connection);
    RUN(a_full_outbox_refuses);
    RUN(a_file_that_cannot_be_used_is_told_by_name);
    return check_result();
}
