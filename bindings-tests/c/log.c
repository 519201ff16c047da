/* The log: lines about every modem, which take nothing from anybody. */
#include <pthread.h>

#include "support.h"

enum { MOST = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What the log has received; guarded by lock. */
static struct {
    m531x_modem modem;
    int32_t level;
    char text[256];
} lines[MOST];
static int count, finalized;

static void keep(m531x_modem modem, int32_t level, const char *text, void *user_data)
{
    pthread_mutex_lock(&lock);
    if (count < MOST && user_data == &finalized) {
        lines[count].modem = modem;
        lines[count].level = level;
        strncpy(lines[count].text, text, sizeof lines[count].text - 1);
        count++;
    }
    pthread_mutex_unlock(&lock);
}

static void finalize(void *user_data)
{
    pthread_mutex_lock(&lock);
    ++*(int *)user_data;
    pthread_mutex_unlock(&lock);
}

/* How many lines about a modem have this level, or any if that is 0, and these words. */
static int found(m531x_modem modem, int32_t level, const char *words)
{
    int i, hits = 0;
    pthread_mutex_lock(&lock);
    for (i = 0; i < count; i++)
        hits += lines[i].modem == modem && (level == 0 || lines[i].level == level) && strstr(lines[i].text, words) != NULL;
    pthread_mutex_unlock(&lock);
    return hits;
}

static void start(int32_t level)
{
    count = finalized = 0;
    memset(lines, 0, sizeof lines);
    CHECK_STATUS(M531X_OK, m531x_set_log_callback(level, keep, &finalized, finalize));
}

static void stop(void)
{
    CHECK_STATUS(M531X_OK, m531x_set_log_callback(0, NULL, NULL, NULL));
    CHECK(finalized == 1);
}

static void every_modem_is_logged_and_its_events_stay(void)
{
    m531x_modem early = opened(), late;
    int32_t kind = 0;
    char text[256];
    start(M531X_LOG_INFO);
    late = opened();
    CHECK_STATUS(M531X_OK, m531x_connect(early, "broker.example", 1883, "early", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_connect(late, "broker.example", 1883, "late", PATIENCE_MS));
    WAIT_FOR(found(early, M531X_LOG_INFO, "virtual://: connected") && found(late, M531X_LOG_INFO, "virtual://: connected"));
    CHECK(found(early, M531X_LOG_INFO, "virtual://: connected") == 1);
    CHECK(found(late, M531X_LOG_INFO, "virtual://: state changed: connected") == 1);
    CHECK(found(late, M531X_LOG_DEBUG, "") == 0);
    CHECK_STATUS(M531X_OK,
                 m531x_wait_event_of(late, 1u << M531X_EVENT_CONNECTED, 0, &kind, NULL, NULL, text, sizeof text, NULL));
    stop();
    m531x_close(early);
    m531x_close(late);
}

static void a_line_below_the_level_is_left_out(void)
{
    m531x_modem modem;
    uint32_t virtual_modem = 0;
    char port[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", NULL, "tcp://127.0.0.1:0", &virtual_modem, port, sizeof port, NULL));
    start(M531X_LOG_ERROR);
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_RECOVERY, 0));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    WAIT_FOR(found(modem, M531X_LOG_ERROR, ": port lost: "));
    CHECK(found(modem, M531X_LOG_ERROR, ": port lost: ") == 1);
    CHECK(count == 1);
    stop();
    m531x_close(modem);
}

static void everything_is_logged_at_debug(void)
{
    m531x_modem modem;
    uint32_t token;
    start(M531X_LOG_DEBUG);
    modem = connected();
    CHECK_STATUS(M531X_OK, m531x_disconnect_start(modem, &token));
    WAIT_FOR(found(modem, M531X_LOG_DEBUG, "virtual://: done"));
    CHECK(found(modem, M531X_LOG_DEBUG, "virtual://: done") == 1);
    stop();
    m531x_close(modem);
}

static void drops_are_logged_also_if_nobody_takes_anything(void)
{
    m531x_modem modem;
    int n;
    start(M531X_LOG_WARNING);
    modem = subscribed();
    CHECK_STATUS(M531X_OK, m531x_set_u32(modem, M531X_OPTION_QUEUE_SIZE, 1));
    for (n = 0; n < 5; n++)
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    /* A second after the first; on a machine too slow for that, ten seconds later once more. */
    WAIT_FOR(found(modem, M531X_LOG_WARNING, ": dropped: 4 messages or events so far"));
    CHECK(found(modem, M531X_LOG_WARNING, ": dropped: 4 messages or events so far") == 1);
    stop();
    m531x_close(modem);
}

static void no_line_holds_a_password(void)
{
    m531x_modem modem;
    start(M531X_LOG_DEBUG);
    modem = opened();
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_USERNAME, "user"));
    CHECK_STATUS(M531X_OK, m531x_set_string(modem, M531X_OPTION_PASSWORD, "Zq7vTr9Kx2"));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c", PATIENCE_MS));
    WAIT_FOR(found(modem, 0, ": connected"));
    CHECK(found(modem, 0, ": connected") >= 1);
    CHECK(found(modem, 0, "Zq7v") == 0);
    stop();
    m531x_close(modem);
}

static void a_level_that_is_none_is_refused(void)
{
    static const int32_t wrong[] = {INT32_MIN, -1, 0, 1, 2, 5, 8, INT32_MAX};
    unsigned n;
    finalized = 0;
    for (n = 0; n < sizeof wrong / sizeof *wrong; n++)
        CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_set_log_callback(wrong[n], keep, &finalized, finalize));
    CHECK(strstr(last_error(0), "M531X_LOG_") != NULL);
    CHECK(finalized == 0);
}

static void the_thread_goes_with_the_callback(void)
{
    long before = entries("/proc/self/task");
    int n;
    for (n = 0; n < 20; n++) {
        start(M531X_LOG_DEBUG);
        CHECK(entries("/proc/self/task") == before + 1);
        stop();
        WAIT_FOR(entries("/proc/self/task") == before);
    }
    CHECK(entries("/proc/self/task") == before);
}

static int closed;

/* Removes itself, and closes the modem. */
static void close_it(m531x_modem modem, int32_t level, const char *text, void *user_data)
{
    (void)level, (void)text, (void)user_data;
    m531x_set_log_callback(0, NULL, NULL, NULL);
    __sync_lock_test_and_set(&closed, m531x_close(modem) == M531X_OK);
}

static void the_callback_may_call_everything(void)
{
    m531x_modem modem = opened();
    uint32_t token;
    CHECK_STATUS(M531X_OK, m531x_set_log_callback(M531X_LOG_INFO, close_it, NULL, NULL));
    CHECK_STATUS(M531X_OK, m531x_connect_start(modem, "broker.example", 1883, "c", &token));
    WAIT_FOR(__sync_fetch_and_add(&closed, 0));
    CHECK(__sync_fetch_and_add(&closed, 0) == 1);
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, m531x_close(modem));
}

static void a_slow_log_holds_up_no_modem_and_says_what_it_lacks(void)
{
    m531x_modem modem = opened();
    int n;
    start(M531X_LOG_DEBUG);
    /* The callback waits for it. */
    pthread_mutex_lock(&lock);
    for (n = 0; n < 1100; n++) {
        uint32_t token;
        /* Each ends as an event, without a connection at once. */
        CHECK_STATUS(M531X_OK, m531x_publish_start(modem, "t", (const uint8_t *)"x", 1, 0, 0, &token));
        CHECK_STATUS(M531X_ERR_NOT_CONNECTED, m531x_publish_wait(modem, token, PATIENCE_MS));
    }
    pthread_mutex_unlock(&lock);
    WAIT_FOR(found(0, M531X_LOG_WARNING, "lines were not logged"));
    CHECK(found(0, M531X_LOG_WARNING, "lines were not logged") == 1);
    stop();
    m531x_close(modem);
}

int main(void)
{
    check_limit(240);
    RUN(every_modem_is_logged_and_its_events_stay);
    RUN(a_line_below_the_level_is_left_out);
    RUN(everything_is_logged_at_debug);
    RUN(drops_are_logged_also_if_nobody_takes_anything);
    RUN(no_line_holds_a_password);
    RUN(a_level_that_is_none_is_refused);
    RUN(the_thread_goes_with_the_callback);
    RUN(the_callback_may_call_everything);
    RUN(a_slow_log_holds_up_no_modem_and_says_what_it_lacks);
    return check_result();
}
