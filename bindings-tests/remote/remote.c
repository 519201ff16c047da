/* What a program sees of the library on a machine that has no virtual modem of its own. */
#include "api.h"
#include "check.h"

enum { PATIENCE_MS = 60000, MESSAGES = 500 };

int check_failures_here;

static const char *port = "";
static const char *model;
static int passed;
static int failed;

static void run(const char *name, void (*test)(void))
{
    check_failures_here = 0;
    test();
    if (check_failures_here == 0) {
        passed++;
    } else {
        failed++;
        printf("FAILED %s (%s)\n", name, port);
    }
    fflush(stdout);
}

static m531x_modem opened(void)
{
    m531x_modem modem = 0;
    m531x_status status = api.open(port, 0, model, PATIENCE_MS, &modem);
    CHECK_STATUS(M531X_OK, status);
    if (status != M531X_OK) {
        char text[512] = "";
        api.last_error_text(0, text, sizeof text, NULL);
        printf("%s\n", text);
    }
    return modem;
}

static m531x_modem subscribed(void)
{
    m531x_modem modem = opened();
    uint32_t granted = 99;
    CHECK_STATUS(M531X_OK, api.connect(modem, "broker.example", 1883, "remote-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, api.subscribe(modem, "t/#", 2, PATIENCE_MS, &granted));
    CHECK(granted == 2);
    return modem;
}

static void the_version_is_that_of_the_header(void)
{
    char text[32] = "";
    uint32_t needed = 0;
    CHECK(api.version_number() == M531X_VERSION_NUMBER);
    CHECK(api.abi_version() == M531X_ABI_VERSION);
    CHECK_STATUS(M531X_OK, api.version_string(text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    CHECK(strchr(text, '.') != NULL);
}

static void a_publish_comes_back_as_a_message(void)
{
    static const uint8_t payload[] = {0, 255, '\r', '\n', 'O', 'K', '\r', '\n', '"', 26};
    m531x_modem modem = subscribed();
    uint32_t qos;
    for (qos = 0; qos <= 2; qos++) {
        char topic[64] = "";
        uint8_t bytes[64];
        uint32_t topic_needed = 0, length = 0, flags = 0;
        CHECK_STATUS(M531X_OK, api.publish(modem, "t/one", payload, sizeof payload, qos, 0, PATIENCE_MS));
        CHECK_STATUS(M531X_OK, api.wait_message(modem, PATIENCE_MS, topic, sizeof topic, &topic_needed, bytes,
                                                sizeof bytes, &length, &flags));
        CHECK(strcmp(topic, "t/one") == 0);
        CHECK(topic_needed == sizeof "t/one");
        CHECK(length == sizeof payload && memcmp(bytes, payload, sizeof payload) == 0);
        CHECK((flags & M531X_MESSAGE_QOS_MASK) == qos);
    }
    CHECK_STATUS(M531X_OK, api.unsubscribe(modem, "t/#", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, api.disconnect(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void a_message_stays_until_its_buffers_are_large_enough(void)
{
    m531x_modem modem = subscribed();
    char topic[64] = "";
    uint8_t payload[64];
    uint32_t topic_needed = 0, length = 0;
    CHECK_STATUS(M531X_OK, api.publish(modem, "t/two", (const uint8_t *)"twelve bytes", 12, 0, 0, PATIENCE_MS));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL,
                 api.wait_message(modem, PATIENCE_MS, topic, sizeof topic, &topic_needed, payload, 11, &length, NULL));
    CHECK(length == 12);
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL,
                 api.wait_message(modem, 0, NULL, 0, &topic_needed, payload, sizeof payload, &length, NULL));
    CHECK(topic_needed == sizeof "t/two");
    CHECK_STATUS(M531X_OK, api.wait_message(modem, 0, topic, topic_needed, NULL, payload, length, &length, NULL));
    CHECK(memcmp(payload, "twelve bytes", 12) == 0);
    CHECK_STATUS(M531X_ERR_TIMEOUT, api.wait_message(modem, 0, NULL, 0, NULL, NULL, 0, NULL, NULL));
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void a_command_gives_the_modules_answer(void)
{
    m531x_modem modem = opened();
    char answer[64] = "";
    uint32_t needed = 0;
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, api.command(modem, "AT+CGMM", PATIENCE_MS, answer, sizeof answer, &needed));
    CHECK(strstr(answer, model) != NULL);
    CHECK_STATUS(M531X_ERR_COMMAND, api.command(modem, "AT+NOSUCH", PATIENCE_MS, answer, sizeof answer, &needed));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, api.last_error_text(modem, answer, 0, &needed));
    CHECK(needed > 1);
    CHECK_STATUS(M531X_OK, api.mqtt_state(modem, &state));
    CHECK(state >= M531X_STATE_OFF && state <= M531X_STATE_LOST);
    CHECK_STATUS(M531X_OK, api.close(modem));
}

struct waiting {
    m531x_modem modem;
    m531x_status status;
    double until;
};

static void wait_for_a_message(void *argument)
{
    struct waiting *waiting = argument;
    waiting->status = api.wait_message(waiting->modem, -1, NULL, 0, NULL, NULL, 0, NULL, NULL);
    waiting->until = now_s();
}

static void wait_for_an_answer(void *argument)
{
    struct waiting *waiting = argument;
    char answer[16];
    waiting->status = api.command(waiting->modem, "AT+CGMM", PATIENCE_MS, answer, sizeof answer, NULL);
    waiting->until = now_s();
}

static void is_woken_by(m531x_status (*wake)(m531x_modem), m531x_status expected)
{
    struct waiting waiting = {0, 1, 0};
    struct thread thread;
    double begun;
    waiting.modem = opened();
    thread_start(&thread, wait_for_a_message, &waiting);
    pause_ms(200);
    begun = now_s();
    CHECK_STATUS(M531X_OK, wake(waiting.modem));
    thread_join(&thread);
    CHECK_STATUS(expected, waiting.status);
    CHECK(waiting.until - begun < 1.0);
    api.close(waiting.modem);
}

static void cancel_wakes_a_waiter(void)
{
    is_woken_by(api.cancel, M531X_ERR_CANCELLED);
}

static void close_wakes_a_waiter(void)
{
    is_woken_by(api.close, M531X_ERR_CLOSED);
}

static void a_command_is_not_held_up_by_a_waiter(void)
{
    struct waiting receiver = {0, 1, 0}, caller = {0, 1, 0};
    struct thread waits, calls;
    double begun;
    receiver.modem = caller.modem = opened();
    thread_start(&waits, wait_for_a_message, &receiver);
    pause_ms(200);
    begun = now_s();
    thread_start(&calls, wait_for_an_answer, &caller);
    thread_join(&calls);
    CHECK_STATUS(M531X_OK, caller.status);
    CHECK(caller.until - begun < 5.0);
    CHECK_STATUS(M531X_OK, api.cancel(receiver.modem));
    thread_join(&waits);
    CHECK_STATUS(M531X_OK, api.close(receiver.modem));
}

static void close_is_quick_and_the_handle_is_stale_then(void)
{
    m531x_modem modem = opened();
    double begun = now_s();
    CHECK_STATUS(M531X_OK, api.close(modem));
    CHECK(now_s() - begun < 0.5);
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, api.close(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, api.cancel(modem));
    CHECK_STATUS(M531X_ERR_STALE_HANDLE, api.wait_message(modem, 0, NULL, 0, NULL, NULL, 0, NULL, NULL));
}

static void publish_many(void *argument)
{
    m531x_modem modem = *(m531x_modem *)argument;
    uint32_t number;
    for (number = 0; number < MESSAGES; number++)
        CHECK_STATUS(M531X_OK, api.publish(modem, "t/many", (const uint8_t *)&number, sizeof number, 0, 0, PATIENCE_MS));
}

static void no_message_of_many_is_lost(void)
{
    m531x_modem modem = subscribed();
    struct thread thread;
    uint32_t number;
    thread_start(&thread, publish_many, &modem);
    for (number = 0; number < MESSAGES; number++) {
        char topic[64] = "";
        uint32_t payload = MESSAGES, length = 0;
        m531x_status status = api.wait_message(modem, PATIENCE_MS, topic, sizeof topic, NULL, (uint8_t *)&payload,
                                               sizeof payload, &length, NULL);
        CHECK_STATUS(M531X_OK, status);
        CHECK(length == sizeof payload && payload == number);
        if (check_failures_here)
            break;
    }
    thread_join(&thread);
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void publish_one(void *argument)
{
    uint32_t token = 0;
    m531x_modem modem = *(m531x_modem *)argument;
    CHECK_STATUS(M531X_OK, api.publish_start(modem, "t/hop", (const uint8_t *)"x", 1, 1, 0, &token));
}

/* LabVIEW makes every call in whatever thread is free, and ends threads as it likes. */
static void each_call_may_come_from_a_thread_of_its_own(void)
{
    m531x_modem modem = subscribed();
    int round;
    for (round = 0; round < 20; round++) {
        struct thread thread;
        struct waiting waiting = {0, 1, 0};
        char topic[64];
        uint8_t payload[8];
        thread_start(&thread, publish_one, &modem);
        thread_join(&thread);
        CHECK_STATUS(M531X_OK, api.wait_message(modem, PATIENCE_MS, topic, sizeof topic, NULL, payload, sizeof payload,
                                                NULL, NULL));
        waiting.modem = modem;
        thread_start(&thread, wait_for_an_answer, &waiting);
        thread_join(&thread);
        CHECK_STATUS(M531X_OK, waiting.status);
    }
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void nothing_is_computed_while_nothing_happens(void)
{
    m531x_modem modem = opened();
    double before;
    pause_ms(300);
    before = computed_s();
    CHECK_STATUS(M531X_ERR_TIMEOUT, api.wait_message(modem, 2000, NULL, 0, NULL, NULL, 0, NULL, NULL));
    CHECK(computed_s() - before < 0.1);
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void wrong_ports_are_told_apart(void)
{
    m531x_modem modem = 7;
    char text[512] = "";
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, api.open("", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, api.open("tcp://127.0.0.1", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_ERR_PORT, api.open("tcp://127.0.0.1:1", 0, NULL, 10000, &modem));
#ifdef _WIN32
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, api.open("COM211", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_OK, api.last_error_text(0, text, sizeof text, NULL));
    CHECK(strstr(text, "COM211") != NULL);
#else
    /* The libraries for gateways have no virtual modem inside. */
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, api.open("virtual://", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_ERR_PORT_NOT_FOUND, api.open("/dev/ttyNONE9", 0, NULL, 1000, &modem));
    CHECK_STATUS(M531X_OK, api.last_error_text(0, text, sizeof text, NULL));
    CHECK(strstr(text, "/dev/ttyNONE9") != NULL);
#endif
}

static void the_event_descriptor_exists_where_it_can(void)
{
    m531x_modem modem = opened();
    int32_t fd = -1;
#ifdef _WIN32
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, api.event_fd(modem, &fd));
    CHECK(fd == -1);
#else
    CHECK_STATUS(M531X_OK, api.event_fd(modem, &fd));
    CHECK(fd >= 0);
#endif
    CHECK_STATUS(M531X_OK, api.close(modem));
}

/* Whoever reads the output takes the module away when it says so. */
static void a_port_that_goes_ends_the_wait(void)
{
    m531x_modem modem = opened();
    char text[512] = "";
    CHECK_STATUS(M531X_OK, api.set_u32(modem, M531X_OPTION_RECOVERY, 0));
    printf("ready\n");
    fflush(stdout);
    CHECK_STATUS(M531X_ERR_PORT, api.wait_message(modem, PATIENCE_MS, NULL, 0, NULL, NULL, 0, NULL, NULL));
    CHECK_STATUS(M531X_ERR_PORT, api.command(modem, "AT", PATIENCE_MS, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, api.last_error_text(modem, text, sizeof text, NULL));
    CHECK(text[0] != 0);
    CHECK_STATUS(M531X_OK, api.close(modem));
}

static void await_event(m531x_modem modem, int32_t wanted)
{
    int32_t kind = 0;
    char text[512];
    m531x_status status;
    do {
        status = api.wait_event(modem, PATIENCE_MS, &kind, NULL, text, sizeof text, NULL);
    } while (status >= 0 && kind != wanted);
    CHECK(kind == wanted);
}

static void a_port_that_comes_back_is_used_again(void)
{
    m531x_modem modem = subscribed();
    char topic[64];
    uint8_t bytes[64];
    printf("ready\n");
    fflush(stdout);
    await_event(modem, M531X_EVENT_PORT_LOST);
    CHECK_STATUS(M531X_OK, api.publish(modem, "t/one", (const uint8_t *)"x", 1, 1, 0, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, api.wait_message(modem, PATIENCE_MS, topic, sizeof topic, NULL, bytes, sizeof bytes, NULL,
                                            NULL));
    CHECK_STATUS(M531X_OK, api.close(modem));
}

void test_loss(const char *its_port, const char *its_model)
{
    port = its_port;
    model = its_model;
    run("a_port_that_goes_ends_the_wait", a_port_that_goes_ends_the_wait);
}

void test_return(const char *its_port, const char *its_model)
{
    port = its_port;
    model = its_model;
    run("a_port_that_comes_back_is_used_again", a_port_that_comes_back_is_used_again);
}

void test_everything(const char *its_port, const char *its_model)
{
    port = its_port;
    model = its_model;
    run("the_version_is_that_of_the_header", the_version_is_that_of_the_header);
    run("wrong_ports_are_told_apart", wrong_ports_are_told_apart);
    run("the_event_descriptor_exists_where_it_can", the_event_descriptor_exists_where_it_can);
    run("a_command_gives_the_modules_answer", a_command_gives_the_modules_answer);
    run("a_publish_comes_back_as_a_message", a_publish_comes_back_as_a_message);
    run("a_message_stays_until_its_buffers_are_large_enough", a_message_stays_until_its_buffers_are_large_enough);
    run("cancel_wakes_a_waiter", cancel_wakes_a_waiter);
    run("close_wakes_a_waiter", close_wakes_a_waiter);
    run("a_command_is_not_held_up_by_a_waiter", a_command_is_not_held_up_by_a_waiter);
    run("close_is_quick_and_the_handle_is_stale_then", close_is_quick_and_the_handle_is_stale_then);
    run("no_message_of_many_is_lost", no_message_of_many_is_lost);
    run("each_call_may_come_from_a_thread_of_its_own", each_call_may_come_from_a_thread_of_its_own);
    run("nothing_is_computed_while_nothing_happens", nothing_is_computed_while_nothing_happens);
}

void test_one(const char *name, void (*test)(void))
{
    run(name, test);
}

void test_all(char **arguments)
{
    void (*test)(const char *, const char *) = test_everything;
    if (arguments[0] != NULL && strcmp(arguments[0], "--loss") == 0) {
        test = test_loss;
        arguments++;
    } else if (arguments[0] != NULL && strcmp(arguments[0], "--return") == 0) {
        test = test_return;
        arguments++;
    }
    for (; arguments[0] != NULL && arguments[1] != NULL; arguments += 2)
        test(arguments[0], arguments[1]);
}

int test_result(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
