/* No signal handler of the application runs on a thread of the library. */
#include "support.h"

#include <pthread.h>
#include <signal.h>

static pthread_t main_thread;
static volatile sig_atomic_t handled, handled_elsewhere;

static void handler(int signal)
{
    (void)signal;
    handled++;
    if (!pthread_equal(pthread_self(), main_thread))
        handled_elsewhere++;
}

static void ignore_message(m531x_modem modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t flags,
                           void *user_data)
{
    (void)modem, (void)topic, (void)payload, (void)length, (void)flags, (void)user_data;
}

static void a_signal_to_the_process_waits_for_the_applications_own_thread(void)
{
    struct sigaction action;
    sigset_t set, before;
    m531x_modem modem = subscribed();
    int i;
    CHECK_STATUS(M531X_OK, m531x_set_message_callback(modem, ignore_message, NULL, NULL));
    main_thread = pthread_self();
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    /* From here on no thread of the application takes it. */
    pthread_sigmask(SIG_BLOCK, &set, &before);
    for (i = 0; i < 20; i++) {
        kill(getpid(), SIGUSR1);
        CHECK_STATUS(M531X_OK, publish(modem, "t/a", "x", 1));
    }
    CHECK(handled == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK(handled == 1);
    CHECK(handled_elsewhere == 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(a_signal_to_the_process_waits_for_the_applications_own_thread);
    return check_result();
}
