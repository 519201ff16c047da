/* Raw commands and the network. */
#include "support.h"

static void a_command_gives_its_lines(void)
{
    m531x_modem modem = opened();
    char answer[256];
    uint32_t needed = 0;
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+CSQ", PATIENCE_MS, answer, sizeof answer, &needed));
    CHECK(strncmp(answer, "+CSQ:", 5) == 0);
    CHECK(answer[strlen(answer) - 1] == '\n');
    CHECK(needed == strlen(answer) + 1);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void a_command_without_lines_gives_an_empty_text(void)
{
    m531x_modem modem = opened();
    char answer[16] = "untouched";
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT", -1, answer, sizeof answer, NULL));
    CHECK(answer[0] == '\0');
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_answer_may_be_left_out(void)
{
    m531x_modem modem = opened();
    uint32_t needed = 0;
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+CSQ", -1, NULL, 0, &needed));
    CHECK(needed > 5);
    CHECK_STATUS(M531X_OK, m531x_command(modem, "AT+CSQ", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void an_answer_that_does_not_fit_is_told(void)
{
    m531x_modem modem = opened();
    char answer[8];
    uint32_t needed = 0;
    memset(answer, 0x55, sizeof answer);
    CHECK_STATUS(M531X_ERR_BUFFER_TOO_SMALL, m531x_command(modem, "AT+CGMM", -1, answer, 1, &needed));
    CHECK(needed > 1 && answer[0] == 0x55);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void what_the_module_refuses_is_told_with_its_number(void)
{
    m531x_modem modem = opened();
    int32_t number = -1;
    CHECK_STATUS(M531X_ERR_COMMAND, m531x_command(modem, "AT+NOSUCHCOMMAND", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_last_modem_error(modem, &number));
    CHECK(number >= 0);
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void two_commands_in_one_line_are_refused(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_command(modem, "AT\rAT+CFUN=0", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_command(modem, "AT\nAT+CFUN=0", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_ERR_INVALID_ARGUMENT, m531x_command(modem, "AT\x1a", -1, NULL, 0, NULL));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

static void the_network_is_there(void)
{
    m531x_modem modem = opened();
    CHECK_STATUS(M531X_OK, m531x_wait_for_network(modem, PATIENCE_MS));
    CHECK_STATUS(M531X_OK, m531x_close(modem));
}

int main(void)
{
    check_limit(60);
    RUN(a_command_gives_its_lines);
    RUN(a_command_without_lines_gives_an_empty_text);
    RUN(the_answer_may_be_left_out);
    RUN(an_answer_that_does_not_fit_is_told);
    RUN(what_the_module_refuses_is_told_with_its_number);
    RUN(two_commands_in_one_line_are_refused);
    RUN(the_network_is_there);
    return check_result();
}
