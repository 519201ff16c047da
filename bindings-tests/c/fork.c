/* In a forked child every handle is stale; the parent goes on. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "support.h"

static m531x_modem modem_of_parent;
static uint32_t virtual_of_parent;
static pid_t parent;
static int exit_report[2] = {-1, -1};

/* Runs it in a child, whose output must stay empty; nonzero if the child hung, failed or wrote something. */
static int in_child(int (*use)(void), int by_exit)
{
    int out[2], status = 0;
    char text[256] = "";
    ssize_t written;
    pid_t child;
    fflush(stdout);
    CHECK(pipe(out) == 0);
    child = fork();
    if (child == 0) {
        int failed;
        alarm(30);
        dup2(out[1], 1), dup2(out[1], 2);
        close(out[0]), close(out[1]);
        failed = use();
        if (by_exit)
            exit(failed);
        _exit(failed);
    }
    close(out[1]);
    written = read(out[0], text, sizeof text - 1);
    if (written > 0)
        printf("the child wrote: %s\n", text);
    close(out[0]);
    CHECK(waitpid(child, &status, 0) == child);
    return status != 0 || written != 0;
}

static int use_everything(void)
{
    struct message message;
    char text[64];
    int32_t number;
    m531x_modem modem = modem_of_parent;
    return m531x_publish(modem, "t/a", NULL, 0, 1, 0, -1) != M531X_ERR_STALE_HANDLE ||
           m531x_command(modem, "AT", -1, NULL, 0, NULL) != M531X_ERR_STALE_HANDLE ||
           next_message(modem, -1, &message) != M531X_ERR_STALE_HANDLE ||
           m531x_wait_event(modem, -1, NULL, NULL, text, sizeof text, NULL) != M531X_ERR_STALE_HANDLE ||
           m531x_mqtt_state(modem, &number) != M531X_ERR_STALE_HANDLE ||
           m531x_set_message_callback(modem, NULL, NULL, NULL) != M531X_ERR_STALE_HANDLE ||
           m531x_last_error_text(modem, text, sizeof text, NULL) != M531X_ERR_STALE_HANDLE ||
           m531x_last_error_text(0, text, sizeof text, NULL) != M531X_OK ||
           m531x_cancel(modem) != M531X_ERR_STALE_HANDLE || m531x_cancel_open() != M531X_OK ||
           m531x_close(modem) != M531X_ERR_STALE_HANDLE ||
           m531x_virtual_modem_stop(virtual_of_parent) != M531X_ERR_STALE_HANDLE;
}

static int open_one_of_its_own(void)
{
    m531x_modem modem = 0;
    struct message message;
    if (m531x_open("virtual://", 0, "M5311", PATIENCE_MS, &modem) != M531X_OK || modem == modem_of_parent ||
        m531x_close(modem_of_parent) != M531X_ERR_STALE_HANDLE)
        return 1;
    return m531x_connect(modem, "broker.example", 1883, "child", PATIENCE_MS) != M531X_OK ||
           m531x_subscribe(modem, "t/#", 1, PATIENCE_MS, NULL) != M531X_OK ||
           publish(modem, "t/a", "x", 1) != M531X_OK ||
           next_message(modem, PATIENCE_MS, &message) != M531X_OK || m531x_close(modem) != M531X_OK;
}

static int nothing(void)
{
    return 0;
}

static volatile int received;

static void count_message(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                          void *user_data)
{
    (void)modem, (void)topic, (void)payload, (void)length, (void)flags, (void)user_data;
    received++;
}

/* The parent's modem publishes and receives as before. */
static void check_parent_goes_on(void)
{
    int before = received;
    CHECK_STATUS(M531X_OK, publish(modem_of_parent, "t/a", "x", 1));
    WAIT_FOR(received != before);
    CHECK(received == before + 1);
}

static void start(void)
{
    char port[256];
    CHECK_STATUS(M531X_OK,
                 m531x_virtual_modem_start("M5311", NULL, NULL, &virtual_of_parent, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem_of_parent));
    CHECK_STATUS(M531X_OK, m531x_connect(modem_of_parent, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem_of_parent, "t/#", 1, PATIENCE_MS, NULL));
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem_of_parent, count_message, NULL, NULL));
}

static void every_handle_is_stale_in_the_child(void)
{
    CHECK(in_child(use_everything, 0) == 0);
    check_parent_goes_on();
}

static void a_child_opens_a_modem_of_its_own(void)
{
    CHECK(in_child(open_one_of_its_own, 0) == 0);
    check_parent_goes_on();
}

/* Runs at the exit of the children, and at that of this program. */
static void close_at_exit(void)
{
    m531x_status status = m531x_close(modem_of_parent);
    if (getpid() != parent && status != M531X_ERR_STALE_HANDLE)
        _exit(42);
    if (getpid() != parent && exit_report[1] >= 0)
        (void)!write(exit_report[1], "x", 1);
}

__attribute__((destructor)) static void close_in_destructor(void)
{
    close_at_exit();
}

static void atexit_and_destructor_of_the_child_close_nothing(void)
{
    char marks[8];
    CHECK(pipe(exit_report) == 0);
    CHECK(in_child(nothing, 1) == 0);
    CHECK(read(exit_report[0], marks, sizeof marks) == 2);
    close(exit_report[0]), close(exit_report[1]);
    exit_report[1] = -1;
    check_parent_goes_on();
}

static volatile int busy_ended;

static void *keep_busy(void *modem)
{
    while (!busy_ended)
        m531x_command(*(m531x_modem *)modem, "AT", -1, NULL, 0, NULL);
    return NULL;
}

/* The locks of the library are held at most moments. */
static void a_fork_in_the_middle_of_things_hangs_nothing(void)
{
    pthread_t busy[2];
    int i;
    busy_ended = 0;
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&busy[i], NULL, keep_busy, &modem_of_parent) == 0);
    for (i = 0; i < 20; i++)
        CHECK(in_child(use_everything, 0) == 0);
    CHECK(in_child(open_one_of_its_own, 1) == 0);
    busy_ended = 1;
    for (i = 0; i < 2; i++)
        pthread_join(busy[i], NULL);
    check_parent_goes_on();
}

static volatile pid_t forked_in_callback;

static void fork_and_return(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                            void *user_data)
{
    if (forked_in_callback == 0) {
        pid_t child = fork();
        if (child != 0)
            forked_in_callback = child;
    }
    count_message(modem, topic, payload, length, flags, user_data);
}

static void a_child_forked_in_a_callback_ends_when_that_returns(void)
{
    int status = -1;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem_of_parent, fork_and_return, NULL, NULL));
    check_parent_goes_on();
    CHECK(waitpid(forked_in_callback, &status, 0) == forked_in_callback);
    CHECK(status == 0);
    check_parent_goes_on();
}

int main(void)
{
    check_limit(120);
    parent = getpid();
    atexit(close_at_exit);
    start();
    RUN(every_handle_is_stale_in_the_child);
    RUN(a_child_opens_a_modem_of_its_own);
    RUN(atexit_and_destructor_of_the_child_close_nothing);
    RUN(a_fork_in_the_middle_of_things_hangs_nothing);
    RUN(a_child_forked_in_a_callback_ends_when_that_returns);
    CHECK_STATUS(M531X_OK, m531x_close(modem_of_parent));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_of_parent));
    return check_result();
}
