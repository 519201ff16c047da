/* Header and library are of one version, and say so as numbers, as text and as an ABI. */
#include "support.h"

static void library_and_header_have_the_same_version(void)
{
    CHECK(m531x_version_number() == M531X_VERSION_NUMBER);
    CHECK(m531x_abi_version() == M531X_ABI_VERSION);
}

static void the_text_is_the_number(void)
{
    char text[32];
    unsigned major, minor, patch;
    CHECK_STATUS(M531X_OK, m531x_version_string(text, sizeof text, NULL));
    CHECK(sscanf(text, "%u.%u.%u", &major, &minor, &patch) == 3);
    CHECK(major * 1000000 + minor * 1000 + patch == m531x_version_number());
}

static void the_text_tells_the_size_it_needs(void)
{
    char text[32];
    uint32_t needed = 0;
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_version_string(NULL, 0, &needed));
    CHECK(needed >= sizeof "0.1.0" && needed <= sizeof text);
    memset(text, 'x', sizeof text);
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_version_string(text, needed - 1, NULL));
    CHECK(text[0] == 'x');
    CHECK_STATUS(M531X_OK, m531x_version_string(text, needed, NULL));
    CHECK(strlen(text) + 1 == needed);
    CHECK(text[needed] == 'x');
}

int main(void)
{
    check_limit(20);
    RUN(library_and_header_have_the_same_version);
    RUN(the_text_is_the_number);
    RUN(the_text_tells_the_size_it_needs);
    return check_result();
}
