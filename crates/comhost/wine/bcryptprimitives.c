/*
 * Wine before version 9 has no bcryptprimitives.dll, from which Rust's standard library takes its random numbers. This is that
 * one function, on top of what every Wine has. It lies beside exeunt-comhost.exe; a Wine that has its own prefers that.
 */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x10000000 ? 0x10000000 : (ULONG)length;
        if (!RtlGenRandom(data, part)) {
            return FALSE;
        }
        data += part;
        length -= part;
    }
    return TRUE;
}
