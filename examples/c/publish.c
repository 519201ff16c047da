/* Publishes one message: publish [PORT BROKER]; by default through a virtual modem with a broker of its own. */
#include <stdio.h>
#include <string.h>

#include "m531x.h"

/* Says what went wrong, as exactly as the library knows it. */
static int failed(m531x_modem modem, const char *what, m531x_status status)
{
    char text[256] = "";
    m531x_last_error_text(modem, text, sizeof text, NULL);
    fprintf(stderr, "%s: %s (%s)\n", what, text, m531x_error_name(status));
    return 1;
}

int main(int argc, char **argv)
{
    const char *port = argc > 2 ? argv[1] : "virtual://";
    const char *broker = argc > 2 ? argv[2] : "broker.example";
    const char *reading = "21.5";
    m531x_modem modem;
    m531x_status status;

    if ((status = m531x_open(port, 0, NULL, -1, &modem)) < 0)
        return failed(0, "open", status);
    if ((status = m531x_connect(modem, broker, 1883, "meter-17", -1)) < 0)
        return failed(modem, "connect", status);
    status = m531x_publish(modem, "meters/17", (const uint8_t *)reading, (uint32_t)strlen(reading), 1, 0, -1);
    if (status < 0)
        return failed(modem, "publish", status);
    puts("published, and acknowledged by the broker");
    m531x_disconnect(modem, -1);
    m531x_close(modem);
    return 0;
}
