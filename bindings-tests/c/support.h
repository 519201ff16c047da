/* Modems to test with, and messages in one piece. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <dirent.h>
#include <string.h>

#include "check.h"

/* Long enough for a busy machine; nothing that works takes as long. */
enum { PATIENCE_MS = 60000 };

/* Waits until something holds that another thread brings about. */
#define WAIT_FOR(condition) \
    do { \
        int tries; \
        for (tries = 0; tries < PATIENCE_MS / 5 && !(condition); tries++) \
            check_sleep(5); \
    } while (0)

struct message {
    char topic[512];
    uint8_t payload[2048];
    uint32_t length;
    uint32_t flags;
};

/* A modem on a virtual one in memory, with a broker of its own. */
static inline m531x_modem opened(void)
{
    m531x_modem modem = 0;
    CHECK_STATUS(M531X_OK, m531x_open("virtual://", 0, "M5310-A", PATIENCE_MS, &modem));
    CHECK(modem != 0);
    return modem;
}

static inline m531x_modem connected(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    return modem;
}

/* A connected modem that hears what it publishes below t/. */
static inline m531x_modem subscribed(void)
{
    m531x_modem modem = connected();
    uint32_t granted = 99;
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "t/#", 2, PATIENCE_MS, &granted));
    CHECK(granted == 2);
    return modem;
}

static inline m531x_status publish(m531x_modem modem, const char *topic, const char *text, uint32_t qos)
{
    return m531x_publish(modem, topic, (const uint8_t *)text, (uint32_t)strlen(text), qos, 0, PATIENCE_MS);
}

static inline m531x_status next_message(m531x_modem modem, int32_t timeout_ms, struct message *message)
{
    return m531x_wait_message(modem, timeout_ms, message->topic, sizeof message->topic, NULL, message->payload,
                              sizeof message->payload, &message->length, &message->flags);
}

static inline int is_payload(const struct message *message, const char *text)
{
    return message->length == strlen(text) && memcmp(message->payload, text, message->length) == 0;
}

/* A callback that does nothing. */
static inline void ignore_event(m531x_modem modem, int32_t kind, int32_t value, const char *text, void *user_data)
{
    (void)modem, (void)kind, (void)value, (void)text, (void)user_data;
}

/* How many entries a folder has: those of /proc/self/task are the threads, those of /proc/self/fd the descriptors. */
static inline long entries(const char *folder)
{
    DIR *directory = opendir(folder);
    long count = 0;
    CHECK(directory != NULL);
    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* What the process has in memory. */
static inline long resident_kib(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL && fscanf(statm, "%*s %ld", &pages) == 1);
    if (statm != NULL)
        fclose(statm);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static inline const char *last_error(m531x_modem modem)
{
    static char text[512];
    if (m531x_last_error_text(modem, text, sizeof text, NULL) != M531X_OK)
        return "(no text)";
    return text;
}

#endif
