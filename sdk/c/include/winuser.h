/* Of what belongs to windows, the one thing that has nothing to do with them: a module has no desktop. */
#ifndef EXEUNT_WINUSER_H
#define EXEUNT_WINUSER_H

#include "windef.h"

EXEUNT_BEGIN_C

/* At most 1,024 characters, the terminator among them: what is longer is cut off. The characters written. */
int wsprintfW(LPWSTR buffer, LPCWSTR format, ...);
int wvsprintfW(LPWSTR buffer, LPCWSTR format, va_list arguments);
#define wsprintf wsprintfW
#define wvsprintf wvsprintfW

EXEUNT_END_C

#endif
