/* bcryptprimitives.dll for wine 8, which lacks it: the one function that Rust's library calls. For tests only. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(void *bytes, ULONG count); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T count)
{
    return SystemFunction036(bytes, (ULONG)count);
}
