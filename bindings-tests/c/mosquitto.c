/* Against a real broker, mosquitto, with its own clients on the other side. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "support.h"

static int broker_port;
static m531x_modem modem;

static int try_to_reach(int port)
{
    struct sockaddr_in address = {0};
    int reached, client = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    reached = connect(client, (struct sockaddr *)&address, sizeof address) == 0;
    close(client);
    return reached;
}

/* Starts mosquitto on a port that was free a moment ago; if another program took it, on another one. */
static pid_t start_broker(void)
{
    int attempt, tries;
    for (attempt = 0; attempt < 5; attempt++) {
        struct sockaddr_in address = {0};
        socklen_t length = sizeof address;
        char port[16];
        pid_t broker;
        int probe = socket(AF_INET, SOCK_STREAM, 0);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bind(probe, (struct sockaddr *)&address, sizeof address);
        getsockname(probe, (struct sockaddr *)&address, &length);
        close(probe);
        broker_port = ntohs(address.sin_port);
        sprintf(port, "%d", broker_port);
        broker = fork();
        if (broker == 0) {
            freopen("/dev/null", "w", stderr);
            execlp("mosquitto", "mosquitto", "-p", port, (char *)NULL);
            _exit(127);
        }
        for (tries = 0; tries < 500 && waitpid(broker, NULL, WNOHANG) == 0; tries++) {
            if (try_to_reach(broker_port))
                return broker;
            check_sleep(10);
        }
        kill(broker, SIGKILL);
    }
    return -1;
}

static void what_mosquitto_pub_publishes_arrives(void)
{
    struct message message;
    char command[256];
    uint32_t granted = 99;
    CHECK_STATUS(M531X_OK, m531x_subscribe(modem, "c/#", 2, PATIENCE_MS, &granted));
    CHECK(granted == 2);
    sprintf(command, "mosquitto_pub -h 127.0.0.1 -p %d -q 2 -t c/a,1,b -m 'a,2,b'", broker_port);
    CHECK(system(command) == 0);
    CHECK_STATUS(M531X_OK, next_message(modem, PATIENCE_MS, &message));
    CHECK(strcmp(message.topic, "c/a,1,b") == 0 && is_payload(&message, "a,2,b"));
    CHECK((message.flags & M531X_MESSAGE_QOS_MASK) == 2);
}

static void what_is_published_arrives_at_mosquitto_sub(void)
{
    char command[256], line[64] = "";
    FILE *subscriber;
    CHECK_STATUS(M531X_OK, m531x_publish(modem, "d/kept", (const uint8_t *)"21.5", 4, 1, 1, PATIENCE_MS));
    sprintf(command, "mosquitto_sub -h 127.0.0.1 -p %d -t d/# -v -C 1 -W 20", broker_port);
    subscriber = popen(command, "r");
    CHECK(subscriber != NULL && fgets(line, sizeof line, subscriber) != NULL);
    CHECK(strcmp(line, "d/kept 21.5\n") == 0);
    CHECK(subscriber != NULL && pclose(subscriber) == 0);
}

static void the_connection_ends_and_comes_back(void)
{
    int32_t state = -1;
    CHECK_STATUS(M531X_OK, m531x_disconnect(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_ERR_NOT_CONNECTED, publish(modem, "c/a", "x", 1));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_mqtt_state(modem, &state));
    CHECK(state == M531X_STATE_CONNECTED);
    CHECK_STATUS(M531X_OK, publish(modem, "c/a", "x", 2));
}

int main(void)
{
    char broker[64], port[256];
    uint32_t virtual_modem = 0;
    pid_t process;
    check_limit(60);
    process = start_broker();
    if (process < 0) {
        puts("mosquitto did not start\n0 passed, 1 failed");
        return 1;
    }
    sprintf(broker, "127.0.0.1:%d", broker_port);
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_start("M5311", broker, NULL, &virtual_modem, port, sizeof port, NULL));
    CHECK_STATUS(M531X_OK, m531x_open(port, 0, NULL, PATIENCE_MS, &modem));
    CHECK_STATUS(M531X_OK, m531x_connect(modem, "broker.example", 1883, "c-test", PATIENCE_MS));
    RUN(what_mosquitto_pub_publishes_arrives);
    RUN(what_is_published_arrives_at_mosquitto_sub);
    RUN(the_connection_ends_and_comes_back);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
    CHECK_STATUS(M531X_OK, m531x_virtual_modem_stop(virtual_modem));
    kill(process, SIGTERM);
    waitpid(process, NULL, 0);
    return check_result();
}
