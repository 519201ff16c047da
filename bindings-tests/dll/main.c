/* Loads m531x.dll as LabVIEW does, and tests it: main.exe PATH-OF-THE-DLL [--loss|--return] (PORT MODEL)... */
#include <stdio.h>
#include <windows.h>

#include "api.h"

struct api api;

int main(int count, char **arguments)
{
    HMODULE library;
    if (count < 4) {
        fprintf(stderr, "usage: %s PATH-OF-THE-DLL [--loss|--return] (PORT MODEL)...\n", arguments[0]);
        return 2;
    }
    library = LoadLibraryA(arguments[1]);
    if (library == NULL) {
        fprintf(stderr, "%s cannot be loaded: error %lu\n", arguments[1], GetLastError());
        return 1;
    }

#define FIND(name) \
    api.name = (__typeof__(api.name))(void (*)(void))GetProcAddress(library, "m531x_" #name); \
    if (api.name == NULL) { \
        fprintf(stderr, "m531x_" #name " is not exported\n"); \
        return 1; \
    }
    API_FUNCTIONS(FIND)

    test_all(arguments + 2);
    return test_result();
}
