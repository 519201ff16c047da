/* Loads m531x.dll as LabVIEW does, and tests it: main.exe PATH-OF-THE-DLL [--loss|--return] (PORT MODEL)... */
#include <stdio.h>
#include <windows.h>

#include "api.h"
#include "check.h"

struct api api;

static const char *path_of_the_dll;
static HMODULE library;
static uint32_t virtual_modem;
static char virtual_port[256];

static void a_path_is_no_port_of_a_virtual_modem_and_tcp_is_the_default(void)
{
    __typeof__(m531x_virtual_modem_start) *start =
        (__typeof__(start))(void (*)(void))GetProcAddress(library, "m531x_virtual_modem_start");
    char text[512] = "";
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT,
                 start(NULL, NULL, "C:\\modem", &virtual_modem, virtual_port, sizeof virtual_port, NULL));
    api.last_error_text(0, text, sizeof text, NULL);
    CHECK(strstr(text, "use a TCP link") != NULL);
    CHECK_STATUS(M531X_OK, start(NULL, NULL, NULL, &virtual_modem, virtual_port, sizeof virtual_port, NULL));
    CHECK(strncmp(virtual_port, "tcp://127.0.0.1:", 16) == 0);
}

static void a_virtual_modem_stops(void)
{
    __typeof__(m531x_virtual_modem_stop) *stop =
        (__typeof__(stop))(void (*)(void))GetProcAddress(library, "m531x_virtual_modem_stop");
    CHECK_STATUS(M531X_OK, stop(virtual_modem));
}

/* wine opens a port as often as it is asked to, but keeps a file that is not shared. */
static void what_another_program_keeps_to_itself_is_in_use(void)
{
    char folder[MAX_PATH], path[MAX_PATH];
    HANDLE holder;
    m531x_modem modem = 0;
    CHECK(GetTempPathA(sizeof folder, folder) != 0);
    CHECK(GetTempFileNameA(folder, "m53", 0, path) != 0);
    holder = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CHECK(holder != INVALID_HANDLE_VALUE);
    CHECK_STATUS(M531X_ERR_PORT_IN_USE, api.open(path, 0, NULL, 0, &modem));
    CloseHandle(holder);
}

/* Ends after the library is gone that it called. */
static void call_and_unload(void *unused)
{
    HMODULE loaded = LoadLibraryA(path_of_the_dll);
    __typeof__(m531x_version_string) *version_string =
        (__typeof__(version_string))(void (*)(void))GetProcAddress(loaded, "m531x_version_string");
    __typeof__(m531x_last_error_text) *last_error_text =
        (__typeof__(last_error_text))(void (*)(void))GetProcAddress(loaded, "m531x_last_error_text");
    char text[512];
    (void)unused;
    CHECK_STATUS(M531X_OK, version_string(text, sizeof text, NULL));
    CHECK_STATUS(M531X_OK, last_error_text(0, text, sizeof text, NULL));
    CHECK(FreeLibrary(loaded));
}

static void a_library_without_threads_is_unloaded(void)
{
    int round;
    for (round = 0; round < 5; round++) {
        struct thread thread;
        thread_start(&thread, call_and_unload, NULL);
        thread_join(&thread);
        CHECK(GetModuleHandleA("m531x.dll") == NULL);
    }
}

struct waiting {
    m531x_modem modem;
    m531x_status status;
};

static void wait_for_a_message(void *argument)
{
    struct waiting *waiting = argument;
    waiting->status = api.wait_message(waiting->modem, -1, NULL, 0, NULL, NULL, 0, NULL, NULL);
}

static void unloading_an_open_modem_crashes_nothing(void)
{
    struct waiting waiting = {0, 1};
    struct thread thread;
    CHECK_STATUS(M531X_OK, api.open("virtual://", 0, NULL, -1, &waiting.modem));
    thread_start(&thread, wait_for_a_message, &waiting);
    pause_ms(200);
    /* However often: a test before may have loaded it too. */
    CHECK(FreeLibrary(library));
    FreeLibrary(library);
    pause_ms(200);
    CHECK(GetModuleHandleA("m531x.dll") == library);
    CHECK_STATUS(M531X_OK, api.cancel(waiting.modem));
    thread_join(&thread);
    CHECK_STATUS(M531X_ERR_CANCELLED, waiting.status);
    CHECK_STATUS(M531X_OK, api.connect(waiting.modem, "broker.example", 1883, "unloaded", -1));
    CHECK_STATUS(M531X_OK, api.close(waiting.modem));
}

static struct waiting left[2];
static const char *left_port;

/* LabVIEW that is closed after an aborted VI: the run script sees that the program ends, and its exit code. */
static void modems_are_left_open_with_threads_that_wait(void)
{
    static struct thread threads[2];
    CHECK_STATUS(M531X_OK, api.open("virtual://", 0, NULL, -1, &left[0].modem));
    CHECK_STATUS(M531X_OK, api.open(left_port, 0, NULL, -1, &left[1].modem));
    thread_start(&threads[0], wait_for_a_message, &left[0]);
    thread_start(&threads[1], wait_for_a_message, &left[1]);
    pause_ms(200);
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "usage: %s PATH-OF-THE-DLL [--loss|--return] (PORT MODEL)...\n", arguments[0]);
        return 2;
    }
    path_of_the_dll = arguments[1];
    library = LoadLibraryA(path_of_the_dll);
    if (library == NULL) {
        fprintf(stderr, "%s cannot be loaded: error %lu\n", path_of_the_dll, GetLastError());
        return 1;
    }
    FreeLibrary(library);
    test_one("unloading without threads", a_library_without_threads_is_unloaded);
    library = LoadLibraryA(path_of_the_dll);

#define FIND(name) \
    api.name = (__typeof__(api.name))(void (*)(void))GetProcAddress(library, "m531x_" #name); \
    if (api.name == NULL) { \
        fprintf(stderr, "m531x_" #name " is not exported\n"); \
        return 1; \
    }
    API_FUNCTIONS(FIND)

    if (arguments[2][0] != '-') {
        char *inside[] = {"virtual://", "M5310-A", virtual_port, "M5310-A", NULL};
        test_one("the default of a virtual modem", a_path_is_no_port_of_a_virtual_modem_and_tcp_is_the_default);
        test_all(inside);
        test_one("the end of a virtual modem", a_virtual_modem_stops);
    }
    test_all(arguments + 2);
    test_one("a port in use", what_another_program_keeps_to_itself_is_in_use);
    test_one("unloading", unloading_an_open_modem_crashes_nothing);
    if (arguments[2][0] != '-') {
        left_port = arguments[count - 2];
        test_one("modems left open", modems_are_left_open_with_threads_that_wait);
    }
    return test_result();
}
