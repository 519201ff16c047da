/* An exception of C++ does not get out of a callback. */
#include <stdexcept>

#include "aborted.h"

static void throw_out(m531x_modem, int32_t, int32_t, const char *, void *)
{
    throw std::runtime_error("out of a callback");
}

static void throw_finally(void *)
{
    throw std::runtime_error("out of a finalizer");
}

static void use_callbacks(m531x_finalizer finalizer)
{
    m531x_modem modem = 0;
    /* Not -1, which is 10 s: under valgrind on a busy machine it takes longer. */
    m531x_status status = m531x_open("virtual://", 0, "M5311", 60000, &modem);
    if (status < 0) {
        fprintf(stderr, "open: %s\n", m531x_error_name(status));
        return;
    }
    m531x_set_event_callback(modem, throw_out, nullptr, finalizer);
    if (finalizer != nullptr)
        m531x_set_event_callback(modem, nullptr, nullptr, nullptr);
    m531x_connect(modem, "broker.example", 1883, "c-test", 60000);
    check_sleep(60000);
}

static void use_callback()
{
    use_callbacks(nullptr);
}

static void use_finalizer()
{
    use_callbacks(throw_finally);
}

static void an_exception_out_of_a_callback_ends_the_process_with_a_text()
{
    check_aborted(use_callback, "m531x: a callback was left by an exception");
}

static void an_exception_out_of_a_finalizer_does_too()
{
    check_aborted(use_finalizer, "m531x: a finalizer was left by an exception");
}

int main()
{
    check_limit(60);
    RUN(an_exception_out_of_a_callback_ends_the_process_with_a_text);
    RUN(an_exception_out_of_a_finalizer_does_too);
    return check_result();
}
