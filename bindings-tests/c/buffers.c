/* Buffers of every size around the one that is needed. */
#include "support.h"

static const char topic[] = "t/sizes";
static const char payload[] = "12345";
enum { TOPIC_NEEDED = sizeof topic, PAYLOAD_LENGTH = sizeof payload - 1 };

/* Takes the next message into buffers of these capacities, and checks that not a byte beyond them is written. */
static m531x_status take(m531x_modem modem, uint32_t topic_capacity, uint32_t payload_capacity, uint32_t expect_fit)
{
    char name[64];
    uint8_t bytes[64];
    uint32_t name_needed = 0, length = 99, flags = 0xDEAD;
    m531x_status status;
    size_t i;
    memset(name, 0x55, sizeof name);
    memset(bytes, 0x55, sizeof bytes);
    status = m531x_wait_message(modem, PATIENCE_MS, name, topic_capacity, &name_needed, bytes, payload_capacity,
                                &length, &flags);
    CHECK(name_needed == TOPIC_NEEDED);
    CHECK(length == PAYLOAD_LENGTH);
    CHECK((flags != 0xDEAD) == expect_fit);
    for (i = expect_fit ? TOPIC_NEEDED : 0; i < sizeof name; i++)
        CHECK(name[i] == 0x55);
    for (i = expect_fit ? PAYLOAD_LENGTH : 0; i < sizeof bytes; i++)
        CHECK(bytes[i] == 0x55);
    if (expect_fit) {
        CHECK(strcmp(name, topic) == 0);
        CHECK(memcmp(bytes, payload, PAYLOAD_LENGTH) == 0);
    }
    return status;
}

static void a_message_that_does_not_fit_stays_the_next_one(void)
{
    static const uint32_t topic_sizes[] = {0, 1, TOPIC_NEEDED - 1};
    static const uint32_t payload_sizes[] = {0, 1, PAYLOAD_LENGTH - 1};
    m531x_modem modem = subscribed();
    size_t i, j;
    CHECK_STATUS(M531X_OK, publish(modem, topic, payload, 1));
    CHECK_STATUS(M531X_OK, publish(modem, topic, payload, 1));
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, take(modem, topic_sizes[i], 64, 0));
        CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, take(modem, 64, payload_sizes[i], 0));
        for (j = 0; j < 3; j++)
            CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, take(modem, topic_sizes[i], payload_sizes[j], 0));
    }
    CHECK_STATUS(M531X_OK, take(modem, TOPIC_NEEDED, PAYLOAD_LENGTH, 1));
    CHECK_STATUS(M531X_OK, take(modem, TOPIC_NEEDED + 1, PAYLOAD_LENGTH + 1, 1));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_sizes_may_be_asked_for_first(void)
{
    m531x_modem modem = subscribed();
    uint32_t name_needed = 0, length = 0;
    char *name;
    uint8_t *bytes;
    CHECK_STATUS(M531X_OK, publish(modem, topic, payload, 0));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL,
                 m531x_wait_message(modem, PATIENCE_MS, NULL, 0, &name_needed, NULL, 0, &length, NULL));
    /* Exactly as large as needed, so that valgrind sees a byte too many. */
    name = malloc(name_needed);
    bytes = malloc(length);
    CHECK_STATUS(M531X_OK, m531x_wait_message(modem, 0, name, name_needed, NULL, bytes, length, NULL, NULL));
    CHECK(strcmp(name, topic) == 0);
    free(name);
    free(bytes);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void an_empty_payload_needs_no_buffer(void)
{
    m531x_modem modem = subscribed();
    char name[64];
    uint32_t length = 99;
    CHECK_STATUS(M531X_OK, m531x_publish(modem, topic, NULL, 0, 0, 0, PATIENCE_MS));
    CHECK_STATUS(M531X_OK,
                 m531x_wait_message(modem, PATIENCE_MS, name, sizeof name, NULL, NULL, 0, &length, NULL));
    CHECK(length == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void results_may_go_to_places_that_are_not_aligned(void)
{
    m531x_modem modem = subscribed();
    uint8_t cluster[32] = {0};
    char name[64];
    uint8_t bytes[64];
    uint32_t length;
    CHECK_STATUS(M531X_OK, publish(modem, topic, payload, 0));
    /* LabVIEW packs clusters: the place is where it is. */
    CHECK_STATUS(M531X_OK, m531x_wait_message(modem, PATIENCE_MS, name, sizeof name, NULL, bytes, sizeof bytes,
                                              (uint32_t *)(void *)(cluster + 1), NULL));
    memcpy(&length, cluster + 1, sizeof length);
    CHECK(length == PAYLOAD_LENGTH);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void an_event_that_does_not_fit_stays_the_next_one(void)
{
    m531x_modem modem = connected();
    char text[512], again[512];
    uint32_t needed = 0;
    int32_t kind = -1;
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_wait_event(modem, PATIENCE_MS, &kind, NULL, NULL, 0, &needed));
    CHECK(kind == -1);
    memset(text, 0x55, sizeof text);
    if (needed > 1) {
        CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_wait_event(modem, 0, &kind, NULL, text, needed - 1, NULL));
        CHECK(text[0] == 0x55 && kind == -1);
    }
    CHECK_STATUS(M531X_OK, m531x_wait_event(modem, 0, &kind, NULL, text, needed, NULL));
    CHECK(kind != -1 && strlen(text) + 1 == needed && text[needed] == 0x55);
    CHECK(m531x_wait_event(modem, 0, NULL, NULL, again, sizeof again, NULL) != M531X_ERR_BUFFER_TOO_SMALL);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_last_error_tells_the_size_it_needs(void)
{
    m531x_modem modem = opened();
    char text[512];
    uint32_t needed = 0;
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, topic, payload, 0));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_last_error_text(modem, NULL, 0, &needed));
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_last_error_text(modem, text, needed - 1, NULL));
    CHECK_STATUS(M531X_OK, m531x_last_error_text(modem, text, needed, NULL));
    CHECK(strlen(text) + 1 == needed);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(a_message_that_does_not_fit_stays_the_next_one);
    RUN(the_sizes_may_be_asked_for_first);
    RUN(an_empty_payload_needs_no_buffer);
    RUN(results_may_go_to_places_that_are_not_aligned);
    RUN(an_event_that_does_not_fit_stays_the_next_one);
    RUN(the_last_error_tells_the_size_it_needs);
    return check_result();
}
