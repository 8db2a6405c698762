/*
 * Bounded text functions that answer an HRESULT: STRSAFE_E_INSUFFICIENT_BUFFER, with what fitted and a terminator, where there
 * is less room than needed; STRSAFE_E_INVALID_PARAMETER for no room at all. Cch counts characters, Cb bytes.
 */
#ifndef EXEUNT_STRSAFE_H
#define EXEUNT_STRSAFE_H

#include "exeunt_wide.h"
#include "winerror.h"

#define STRSAFE_MAX_CCH 2147483647u
#define STRSAFE_LPWSTR LPWSTR
#define STRSAFE_LPCWSTR LPCWSTR

EXEUNT_BEGIN_C

HRESULT StringCchCopyW(LPWSTR destination, size_t characters, LPCWSTR source);
HRESULT StringCchCopyNW(LPWSTR destination, size_t characters, LPCWSTR source, size_t count);
HRESULT StringCchCatW(LPWSTR destination, size_t characters, LPCWSTR source);
HRESULT StringCchCatNW(LPWSTR destination, size_t characters, LPCWSTR source, size_t count);
HRESULT StringCchPrintfW(LPWSTR destination, size_t characters, LPCWSTR format, ...);
HRESULT StringCchVPrintfW(LPWSTR destination, size_t characters, LPCWSTR format, va_list arguments);
HRESULT StringCchLengthW(LPCWSTR text, size_t characters_max, size_t *characters);
HRESULT StringCbCopyW(LPWSTR destination, size_t bytes, LPCWSTR source);
HRESULT StringCbCatW(LPWSTR destination, size_t bytes, LPCWSTR source);
HRESULT StringCbPrintfW(LPWSTR destination, size_t bytes, LPCWSTR format, ...);
HRESULT StringCbLengthW(LPCWSTR text, size_t bytes_max, size_t *bytes);
HRESULT StringCchCopyA(LPSTR destination, size_t bytes, LPCSTR source);
HRESULT StringCchCatA(LPSTR destination, size_t bytes, LPCSTR source);
HRESULT StringCchPrintfA(LPSTR destination, size_t bytes, LPCSTR format, ...);
HRESULT StringCchLengthA(LPCSTR text, size_t bytes_max, size_t *bytes);

EXEUNT_END_C

#define StringCchCopy StringCchCopyW
#define StringCchCopyN StringCchCopyNW
#define StringCchCat StringCchCatW
#define StringCchCatN StringCchCatNW
#define StringCchPrintf StringCchPrintfW
#define StringCchVPrintf StringCchVPrintfW
#define StringCchLength StringCchLengthW
#define StringCbCopy StringCbCopyW
#define StringCbCat StringCbCatW
#define StringCbPrintf StringCbPrintfW
#define StringCbLength StringCbLengthW

#endif
