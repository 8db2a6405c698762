/* certmod.h of mingw-w64, with what __uuidof is of its interfaces. */
#ifndef EXEUNT_WINDOWS_CERTMOD_H
#define EXEUNT_WINDOWS_CERTMOD_H

#pragma GCC system_header
#include_next <certmod.h>

#ifdef __cplusplus
__CRT_UUID_DECL(ICertManageModule, 0xe7d7ad42, 0xbd3d, 0x11d1, 0x9a, 0x4d, 0x00, 0xc0, 0x4f, 0xc2, 0x97, 0xeb)
#endif

#endif
