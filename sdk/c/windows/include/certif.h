/* certif.h of mingw-w64, with what __uuidof is of its interfaces. */
#ifndef EXEUNT_WINDOWS_CERTIF_H
#define EXEUNT_WINDOWS_CERTIF_H

#pragma GCC system_header
#include_next <certif.h>

#ifdef __cplusplus
__CRT_UUID_DECL(ICertServerExit, 0x4ba9eb90, 0x732c, 0x11d0, 0x88, 0x16, 0x00, 0xa0, 0xc9, 0x03, 0xb8, 0x3c)
__CRT_UUID_DECL(ICertServerPolicy, 0xaa000922, 0xffbe, 0x11cf, 0x88, 0x00, 0x00, 0xa0, 0xc9, 0x03, 0xb8, 0x3c)
#endif

#endif
