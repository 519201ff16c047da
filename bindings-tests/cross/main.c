/* Is linked with libm531x and tests it: main [--loss] (PORT MODEL)... */
#include <stdio.h>

#include "api.h"

#define LINKED(name) m531x_##name,

struct api api = {API_FUNCTIONS(LINKED)};

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: %s [--loss] (PORT MODEL)...\n", arguments[0]);
        return 2;
    }
    test_all(arguments + 1);
    return test_result();
}
