/* A session is recorded into a file, without its password. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static char shown[1 << 20];

static const char *in_folder(const char *name)
{
    static char path[256];
    static char folder[] = "/tmp/m531x-record-XXXXXX";
    static int made = 0;
    if (!made)
        CHECK(mkdtemp(folder) != NULL);
    made = 1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *content(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t count = fread(shown, 1, sizeof shown - 1, file);
    shown[count] = '\0';
    fclose(file);
    return shown;
}

static void what_passes_is_in_the_file_and_the_password_is_not(void)
{
    const char *path = in_folder("field.rec");
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "me"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "hunter2-geheim"));
    CHECK_STATUS(M531X_OK, m531x_record(modem, path));
    CHECK_STATUS(M531X_ERR_BUSY, m531x_record(modem, path));
    CHECK(strstr(last_error(modem), "field.rec") != NULL);
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_record(modem, NULL));
    CHECK_STATUS(M531X_OK, m531x_record(modem, NULL));
    CHECK_STATUS(M531X_OK, publish(modem, "t/1", "unrecorded", 1));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    const char *text = content(path);
    CHECK(strncmp(text, "# m531x recording 1\n", 20) == 0);
    CHECK(strstr(text, "+MQTTOPEN:OK") != NULL);
    CHECK(strstr(text, "hunter2") == NULL);
    CHECK(strstr(text, "unrecorded") == NULL);
    unlink(path);
}

static void a_file_that_cannot_be_had_is_refused(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_ERR_RECORDING, m531x_record(modem, "/no/such/folder.rec"));
    CHECK_STATUS(M531X_ERR_RECORDING, m531x_record(modem, "/tmp"));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_record(modem, NULL));
}

int main(void)
{
    check_limit(60);
    RUN(what_passes_is_in_the_file_and_the_password_is_not);
    RUN(a_file_that_cannot_be_had_is_refused);
    return check_result();
}
