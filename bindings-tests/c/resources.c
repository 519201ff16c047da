/* A system without threads or descriptors left is a status of its own. */
#include <sys/resource.h>

#include "support.h"

static void lower(int resource, rlim_t to, struct rlimit *before)
{
    struct rlimit limit;
    CHECK(getrlimit(resource, before) == 0);
    limit = *before;
    limit.rlim_cur = to;
    CHECK(setrlimit(resource, &limit) == 0);
}

static void without_descriptors(void)
{
    struct rlimit before;
    char port[256];
    uint32_t virtual_modem = 0;
    m531x_modem modem = 7, other;
    int32_t fd = -1;
    int left, next = dup(0);
    close(next);
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start("M5311", NULL, NULL, &virtual_modem, port, sizeof port, NULL));
    other = opened();
    next = dup(0);
    close(next);
    /* Wherever in the opening they run out. */
    for (left = 0; left < 4; left++) {
        lower(RLIMIT_NOFILE, (rlim_t)(next + left), &before);
        CHECK_STATUS(M531X_ERR_OUT_OF_RESOURCES, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
        if (left == 0) {
            CHECK_STATUS(M531X_ERR_OUT_OF_RESOURCES, m531x_event_fd(other, &fd));
            CHECK_STATUS(M531X_ERR_OUT_OF_RESOURCES, m531x_open("virtual://", 0, "M5311", PATIENCE_MS, &modem));
        }
        setrlimit(RLIMIT_NOFILE, &before);
        CHECK(modem == 7);
    }
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, "M5311", PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_close(other));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
}

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int finalized;

static void count_finalizer(void *user_data)
{
    (void)user_data;
    finalized++;
}

static void without_memory_for_a_thread(void)
{
    /* More than the stacks that the C library keeps of earlier threads. */
    enum { MODEMS = 40 };
    struct rlimit before;
    m531x_modem modems[MODEMS];
    int i, refused = 0;
    for (i = 0; i < MODEMS; i++)
        modems[i] = opened();
    /* Enough for small things, too little for a stack. */
    lower(RLIMIT_AS, address_space() + (1 << 20), &before);
    for (i = 0; i < MODEMS; i++) {
        m531x_status status = m531x_set_event_callback(modems[i], ignore_event, NULL, count_finalizer);
        CHECK(status == M531X_OK || status == M531X_ERR_OUT_OF_RESOURCES);
        refused += status == M531X_ERR_OUT_OF_RESOURCES;
    }
    setrlimit(RLIMIT_AS, &before);
    CHECK(refused > 0);
    /* Of a callback that was refused the finalizer is not called. */
    CHECK(finalized == 0);
    for (i = 0; i < MODEMS; i++) {
        CHECK_STATUS(M531X_OK, m531x_set_event_callback(modems[i], ignore_event, NULL, NULL));
        CHECK_STATUS(M531X_OK, m531x_close(modems[i]));
    }
}

int main(void)
{
    check_limit(60);
    RUN(without_descriptors);
    /* A checker has the address space for itself. */
    if (!check_is_slow())
        RUN(without_memory_for_a_thread);
    return check_result();
}
