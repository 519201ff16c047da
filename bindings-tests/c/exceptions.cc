/* An exception of C++ does not get out of a callback. */
#include <csignal>
#include <stdexcept>
#include <sys/wait.h>

#include "m531x.h"
#include "check.h"

#include <cstring>

static void throw_out(m531x_modem, int32_t, int32_t, const char *, void *)
{
    throw std::runtime_error("out of a callback");
}

static void throw_finally(void *)
{
    throw std::runtime_error("out of a finalizer");
}

static void wait_for_abort(int finalizer)
{
    m531x_modem modem = 0;
    m531x_open("virtual://", 0, "M5311", -1, &modem);
    m531x_set_event_callback(modem, throw_out, nullptr, finalizer ? throw_finally : nullptr);
    if (finalizer)
        m531x_set_event_callback(modem, nullptr, nullptr, nullptr);
    m531x_connect(modem, "broker.example", 1883, "c-test", -1);
    check_sleep(60000);
}

static void check_aborted(int finalizer, const char *expected)
{
    char text[512] = "";
    int out[2], status = 0;
    CHECK(pipe(out) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 2);
        close(out[1]);
        wait_for_abort(finalizer);
        _exit(1);
    }
    close(out[1]);
    size_t length = 0;
    ssize_t more;
    while (length < sizeof text - 1 && (more = read(out[0], text + length, sizeof text - 1 - length)) > 0)
        length += static_cast<size_t>(more);
    close(out[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, expected) != nullptr);
}

static void an_exception_out_of_a_callback_ends_the_process_with_a_text()
{
    check_aborted(0, "m531x: a callback was left by an exception");
}

static void an_exception_out_of_a_finalizer_does_too()
{
    check_aborted(1, "m531x: a finalizer was left by an exception");
}

int main()
{
    check_limit(60);
    RUN(an_exception_out_of_a_callback_ends_the_process_with_a_text);
    RUN(an_exception_out_of_a_finalizer_does_too);
    return check_result();
}
