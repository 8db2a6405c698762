/*
 * The wide-character part of the C library as the Windows compilers have it. The functions that standard C knows (wcslen,
 * swprintf, ...) are declared by <wchar.h>; the runtime defines them anew for 16-bit characters, and the module uses those,
 * never the C library's. Formats are those of Windows: %s is a wide text and %S a narrow one (UTF-8), %ls and %hs say it
 * outright; long has 32 bits; %I64 and %ll have 64.
 */
#ifndef EXEUNT_WIDE_H
#define EXEUNT_WIDE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wctype.h>

#include "windef.h"

EXEUNT_BEGIN_C

typedef int errno_t;

int _wcsicmp(const wchar_t *first, const wchar_t *second);
int _wcsnicmp(const wchar_t *first, const wchar_t *second, size_t characters);
wchar_t *_wcsdup(const wchar_t *text);
wchar_t *_wcslwr(wchar_t *text);
wchar_t *_wcsupr(wchar_t *text);
wchar_t *_wcsrev(wchar_t *text);
#define wcsicmp _wcsicmp
#define wcsnicmp _wcsnicmp
#define _stricmp strcasecmp
#define stricmp strcasecmp
#define _strnicmp strncasecmp
#define _strdup strdup

/* -1, and no terminator, where the text does not fit: as _snwprintf always did. _snprintf likewise. */
int _snwprintf(wchar_t *buffer, size_t characters, const wchar_t *format, ...);
int _vsnwprintf(wchar_t *buffer, size_t characters, const wchar_t *format, va_list arguments);
int _snprintf(char *buffer, size_t bytes, const char *format, ...);
int _vsnprintf(char *buffer, size_t bytes, const char *format, va_list arguments);
/* The characters the text needs. */
int _vscwprintf(const wchar_t *format, va_list arguments);
int _scwprintf(const wchar_t *format, ...);

/* The _s forms. What does not fit is an error: ERANGE, EINVAL, and an empty text; the process is not ended as on Windows. */
errno_t wcscpy_s(wchar_t *destination, size_t characters, const wchar_t *source);
errno_t wcscat_s(wchar_t *destination, size_t characters, const wchar_t *source);
errno_t wcsncpy_s(wchar_t *destination, size_t characters, const wchar_t *source, size_t count);
int swprintf_s(wchar_t *buffer, size_t characters, const wchar_t *format, ...);
int vswprintf_s(wchar_t *buffer, size_t characters, const wchar_t *format, va_list arguments);
int _snwprintf_s(wchar_t *buffer, size_t characters, size_t count, const wchar_t *format, ...);
errno_t strcpy_s(char *destination, size_t bytes, const char *source);
errno_t strcat_s(char *destination, size_t bytes, const char *source);
int sprintf_s(char *buffer, size_t bytes, const char *format, ...);
#define _TRUNCATE ((size_t)-1)
#define memcpy_s(destination, room, source, bytes)                                                                             \
    ((size_t)(bytes) <= (size_t)(room) ? (memcpy((destination), (source), (bytes)), 0) : ERANGE)

int _wtoi(const wchar_t *text);
long _wtol(const wchar_t *text);
__int64 _wtoi64(const wchar_t *text);
wchar_t *_itow(int value, wchar_t *text, int radix);
wchar_t *_ultow(unsigned long value, wchar_t *text, int radix);
unsigned __int64 _wcstoui64(const wchar_t *text, wchar_t **end, int radix);

/* A path as for CreateFileW. fputws and fwprintf write UTF-8. */
FILE *_wfopen(const wchar_t *path, const wchar_t *mode);
errno_t _wfopen_s(FILE **file, const wchar_t *path, const wchar_t *mode);

EXEUNT_END_C

#ifdef __cplusplus
#include <type_traits>

/* swprintf and vswprintf without a size, as Windows compilers had them before 2005. An array's own size bounds what is written; a
 * pointer has none. */
namespace exeunt {
template <typename Buffer>
using IfWide = typename std::enable_if<std::is_same<typename std::decay<Buffer>::type, wchar_t *>::value, int>::type;

template <typename Buffer> constexpr size_t room() {
    using Plain = typename std::remove_reference<Buffer>::type;
    return std::is_array<Plain>::value ? std::extent<Plain>::value : static_cast<size_t>(-1) / sizeof(wchar_t);
}
} // namespace exeunt

template <typename Buffer, typename... Arguments>
exeunt::IfWide<Buffer> swprintf(Buffer &&buffer, const wchar_t *format, Arguments... arguments) {
    return swprintf(static_cast<wchar_t *>(buffer), exeunt::room<Buffer>(), format, arguments...);
}
template <typename Buffer> exeunt::IfWide<Buffer> vswprintf(Buffer &&buffer, const wchar_t *format, va_list arguments) {
    return vswprintf(static_cast<wchar_t *>(buffer), exeunt::room<Buffer>(), format, arguments);
}
#endif

#endif
