/* The library's functions, however they were found: linked, or by GetProcAddress. */
#ifndef API_H
#define API_H

#include "m531x.h"

#define API_FUNCTIONS(X) \
    X(version_number) X(version_string) X(abi_version) X(error_name) X(error_text) X(last_error_text) \
    X(last_modem_error) X(open) X(close) X(cancel) X(set_u32) X(set_string) X(wait_for_network) X(connect) \
    X(disconnect) X(mqtt_state) X(publish) X(publish_start) X(publish_wait) X(subscribe) X(unsubscribe) \
    X(wait_message) X(wait_event) X(event_fd) X(set_message_callback) X(set_event_callback) X(command)

#define API_MEMBER(name) __typeof__(m531x_##name) *name;

struct api {
    API_FUNCTIONS(API_MEMBER)
};

extern struct api api;

/* The tests; a virtual modem of that model is at the port. */
void test_everything(const char *port, const char *model);

/* The test of a port that goes: prints "ready" when the virtual modem is to end. */
void test_loss(const char *port, const char *model);

/* The test of a port that goes and comes back: prints "ready" when the virtual modem is to restart. */
void test_return(const char *port, const char *model);

/* One test more, of the program itself. */
void test_one(const char *name, void (*test)(void));

/* Tests every PORT MODEL of these; after "--loss" test_loss, after "--return" test_return. */
void test_all(char **arguments);

/* Prints the line with the counts and returns the exit code. */
int test_result(void);

#endif
