/* Code pages and comparison of text. */
#ifndef EXEUNT_WINNLS_H
#define EXEUNT_WINNLS_H

#include "windef.h"

EXEUNT_BEGIN_C

#define CP_ACP 0u   /* UTF-8 here */
#define CP_OEMCP 1u /* UTF-8 here */
#define CP_UTF8 65001u
#define MB_PRECOMPOSED 0x1u
#define MB_ERR_INVALID_CHARS 0x8u
#define WC_ERR_INVALID_CHARS 0x80u
#define WC_NO_BEST_FIT_CHARS 0x400u

/* UTF-8, CP_ACP and CP_OEMCP (which are UTF-8), and 1252, 28591 and 20127; ERROR_INVALID_PARAMETER for another code page.
 * What is malformed becomes U+FFFD, or ERROR_NO_UNICODE_TRANSLATION with the flag that asks for it. */
int MultiByteToWideChar(UINT page, DWORD flags, LPCSTR bytes, int count, LPWSTR text, int characters);
int WideCharToMultiByte(UINT page, DWORD flags, LPCWSTR text, int characters, LPSTR bytes, int count, LPCSTR replacement,
                        LPBOOL replaced);
UINT GetACP(void);

#define CSTR_LESS_THAN 1
#define CSTR_EQUAL 2
#define CSTR_GREATER_THAN 3
/* By code unit, without case where asked for: the same everywhere. */
int CompareStringOrdinal(LPCWSTR first, int first_characters, LPCWSTR second, int second_characters, BOOL ignore_case);
int lstrcmpW(LPCWSTR first, LPCWSTR second);
int lstrcmpiW(LPCWSTR first, LPCWSTR second);
int lstrlenW(LPCWSTR text);
int lstrlenA(LPCSTR text);
/* To the terminator, whatever room there is. lstrcpyn: at most so many characters, the terminator among them. */
LPWSTR lstrcpyW(LPWSTR destination, LPCWSTR source);
LPWSTR lstrcatW(LPWSTR destination, LPCWSTR source);
LPWSTR lstrcpynW(LPWSTR destination, LPCWSTR source, int characters);
LPWSTR CharUpperW(LPWSTR text);
LPWSTR CharLowerW(LPWSTR text);
#define lstrcmp lstrcmpW
#define lstrcmpi lstrcmpiW
#define lstrlen lstrlenW
#define lstrcpy lstrcpyW
#define lstrcat lstrcatW
#define lstrcpyn lstrcpynW

EXEUNT_END_C

#endif
