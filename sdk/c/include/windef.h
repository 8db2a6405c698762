/*
 * The basic types of 64-bit Windows, for a module compiled on Linux. Sizes are those of Windows: LONG and DWORD have 32 bits,
 * WCHAR has 16, pointers and the *_PTR types have 64. A plain `long` has 64 bits here and 32 there: source that must compile
 * on both says LONG.
 */
#ifndef EXEUNT_WINDEF_H
#define EXEUNT_WINDEF_H

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "exeunt_compiler.h"

#ifndef UNICODE
#define UNICODE
#endif
#ifndef _UNICODE
#define _UNICODE
#endif

typedef void VOID;
typedef void *PVOID, *LPVOID;
typedef const void *LPCVOID;
typedef void *HANDLE, **PHANDLE, **LPHANDLE;

typedef char CHAR, *PCHAR, *PSTR, *LPSTR;
typedef const char *PCSTR, *LPCSTR;
typedef wchar_t WCHAR, *PWCHAR, *PWSTR, *LPWSTR, *LPWCH, *PWCH;
typedef const wchar_t *PCWSTR, *LPCWSTR, *LPCWCH, *PCWCH;
typedef WCHAR *PZZWSTR, TCHAR, *PTCHAR, *PTSTR, *LPTSTR;
typedef const WCHAR *PCTSTR, *LPCTSTR;

typedef unsigned char BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN;
typedef int8_t INT8;
typedef uint8_t UINT8;
typedef int16_t SHORT, INT16, *PSHORT;
typedef uint16_t WORD, *PWORD, *LPWORD, USHORT, *PUSHORT, UINT16, ATOM, LANGID;
typedef int32_t INT, *PINT, *LPINT, LONG, *PLONG, *LPLONG, BOOL, *PBOOL, *LPBOOL, INT32, LONG32, HRESULT, NTSTATUS;
typedef uint32_t UINT, *PUINT, DWORD, *PDWORD, *LPDWORD, ULONG, *PULONG, UINT32, ULONG32, DWORD32, COLORREF, LCID;
typedef int64_t INT64, LONG64, LONGLONG, *PLONGLONG, INT_PTR, LONG_PTR, SSIZE_T;
typedef uint64_t UINT64, ULONG64, DWORD64, ULONGLONG, *PULONGLONG, DWORDLONG, UINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR, SIZE_T;
typedef float FLOAT;
typedef double DOUBLE;

typedef INT_PTR(*FARPROC)(void);
typedef UINT_PTR WPARAM;
typedef LONG_PTR LPARAM, LRESULT;

/* Handles that are told apart by the compiler. No window is ever behind an HWND here: a host has no desktop. */
#define DECLARE_HANDLE(name)                                                                                                   \
    struct name##__ {                                                                                                          \
        int unused;                                                                                                            \
    };                                                                                                                         \
    typedef struct name##__ *name
DECLARE_HANDLE(HINSTANCE);
DECLARE_HANDLE(HWND);
DECLARE_HANDLE(HKEY);
typedef HINSTANCE HMODULE;
typedef HANDLE HGLOBAL, HLOCAL;
typedef HKEY *PHKEY;

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* 100 ns units since 1601-01-01T00:00:00Z. */
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;     /* 1 to 12 */
    WORD wDayOfWeek; /* 0 is Sunday */
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#define MAX_PATH 260
#define FAR
#define NEAR
#define MAXDWORD 0xffffffffu
#define MAXLONG 0x7fffffff

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

#define MAKEWORD(low, high) ((WORD)(((BYTE)(low)) | ((WORD)((BYTE)(high))) << 8))
#define MAKELONG(low, high) ((LONG)(((WORD)(low)) | ((DWORD)((WORD)(high))) << 16))
#define LOWORD(value) ((WORD)((DWORD_PTR)(value) & 0xffff))
#define HIWORD(value) ((WORD)(((DWORD_PTR)(value) >> 16) & 0xffff))
#define LOBYTE(value) ((BYTE)((DWORD_PTR)(value) & 0xff))
#define HIBYTE(value) ((BYTE)(((DWORD_PTR)(value) >> 8) & 0xff))

#define UNREFERENCED_PARAMETER(name) ((void)(name))
#define DBG_UNREFERENCED_PARAMETER(name) ((void)(name))
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)((char *)(address)-offsetof(type, field)))

#define __TEXT(text) L##text
#define TEXT(text) __TEXT(text)

/* min and max would break the C++ library, so C++ source uses std::min and std::max, as on Windows with NOMINMAX. */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

#endif
