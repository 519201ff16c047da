/* Presses Ctrl-C in the console of a program: ctrl_c.exe READY PROGRAM ARGUMENT...

   It is pressed after a line with the text READY. Prints what the program has printed, its exit code, and whether it ended
   within five seconds. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

enum { PATIENCE_MS = 60000, QUICK_MS = 5000 };

static BOOL WINAPI stay(DWORD event)
{
    (void)event;
    return TRUE;
}

static int fail(const char *what)
{
    printf("%s: error %lu\n", what, GetLastError());
    return 1;
}

int main(int count, char **arguments)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION program;
    HANDLE from, to;
    char line[4096] = "", text[4096] = "", byte;
    DWORD got, code, begun;
    int i;
    if (count < 3)
        return 2;
    for (i = 2; i < count; i++) {
        strcat(line, arguments[i]);
        strcat(line, " ");
    }
    /* The one of the shell, if any, is shared with others. */
    FreeConsole();
    if (!AllocConsole())
        return fail("AllocConsole");
    SetConsoleCtrlHandler(stay, TRUE);
    if (!CreatePipe(&from, &to, &inherited, 0))
        return fail("CreatePipe");
    SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
    start.hStdInput = CreateFileA("NUL", GENERIC_READ, 0, &inherited, OPEN_EXISTING, 0, NULL);
    start.hStdOutput = start.hStdError = to;
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &program))
        return fail("CreateProcess");
    CloseHandle(to);
    line[0] = 0;
    begun = 0;
    while (ReadFile(from, &byte, 1, &got, NULL) && got == 1) {
        size_t length = strlen(line);
        if (byte == '\n') {
            if (!begun && strstr(line, arguments[1]) != NULL) {
                begun = GetTickCount();
                if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
                    return fail("GenerateConsoleCtrlEvent");
            }
            strncat(text, line, sizeof text - strlen(text) - 2);
            strcat(text, "\n");
            line[0] = 0;
        } else if (byte != '\r' && length + 1 < sizeof line) {
            line[length] = byte;
            line[length + 1] = 0;
        }
    }
    if (WaitForSingleObject(program.hProcess, PATIENCE_MS) != WAIT_OBJECT_0)
        return fail("it did not end");
    GetExitCodeProcess(program.hProcess, &code);
    printf("%s%s\nexit %lu %s\n", text, line, code,
           begun && GetTickCount() - begun < QUICK_MS ? "at once" : "late");
    return 0;
}
