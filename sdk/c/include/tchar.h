/* The generic-text names: always wide. */
#ifndef EXEUNT_TCHAR_H
#define EXEUNT_TCHAR_H

#include "exeunt_wide.h"

#define _T(text) __TEXT(text)
#define _TEXT(text) __TEXT(text)
#define _tcslen wcslen
#define _tcscpy wcscpy
#define _tcsncpy wcsncpy
#define _tcscat wcscat
#define _tcsncat wcsncat
#define _tcscmp wcscmp
#define _tcsncmp wcsncmp
#define _tcsicmp _wcsicmp
#define _tcsnicmp _wcsnicmp
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcsdup _wcsdup
#define _tcstok wcstok
#define _tcstol wcstol
#define _tcstoul wcstoul
#define _tcspbrk wcspbrk
#define _tcsspn wcsspn
#define _tcscspn wcscspn
#define _tcslwr _wcslwr
#define _tcsupr _wcsupr
#define _tcstod wcstod
#define _itot _itow
#define _ttoi _wtoi
#define _ttol _wtol
#define _tprintf wprintf
#define _ftprintf fwprintf
#define _fputts fputws
#define _stprintf swprintf
#define _vstprintf vswprintf
#define _sntprintf _snwprintf
#define _vsntprintf _vsnwprintf
#define _stprintf_s swprintf_s
#define _tcscpy_s wcscpy_s
#define _tcscat_s wcscat_s
#define _tfopen _wfopen
#define _istdigit iswdigit
#define _istspace iswspace
#define _totlower towlower
#define _totupper towupper

#endif
