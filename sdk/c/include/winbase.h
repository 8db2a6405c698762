/* Modules, errors, memory, files, environment, time, synchronisation, the event log. The W forms; plain names mean those. */
#ifndef EXEUNT_WINBASE_H
#define EXEUNT_WINBASE_H

#include "windef.h"

EXEUNT_BEGIN_C

/* --- the module ---------------------------------------------------------------------------------------------------------- */

#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3
/* Called when the host attaches (not from a constructor: the registry is there already), and when it detaches. */
BOOL DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);
BOOL DisableThreadLibraryCalls(HMODULE module);
/* The module's own file for the handle that DllMain got, the host's executable for null. */
DWORD GetModuleFileNameW(HMODULE module, LPWSTR path, DWORD characters);

/* --- errors -------------------------------------------------------------------------------------------------------------- */

DWORD GetLastError(void);
void SetLastError(DWORD error);
#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x100u
#define FORMAT_MESSAGE_IGNORE_INSERTS 0x200u
#define FORMAT_MESSAGE_FROM_STRING 0x400u
#define FORMAT_MESSAGE_FROM_HMODULE 0x800u
#define FORMAT_MESSAGE_FROM_SYSTEM 0x1000u
#define FORMAT_MESSAGE_ARGUMENT_ARRAY 0x2000u
#define FORMAT_MESSAGE_MAX_WIDTH_MASK 0xffu
#define MAKELANGID(primary, sub) ((((WORD)(sub)) << 10) | (WORD)(primary))
#define LANG_NEUTRAL 0x00
#define SUBLANG_DEFAULT 0x01
#define MAKELCID(language, sort) ((LCID)((((DWORD)((WORD)(sort))) << 16) | ((DWORD)((WORD)(language)))))
/* FROM_STRING and FROM_SYSTEM (texts of our own, in English). Inserts %1 to %99 are texts, from ARGUMENT_ARRAY or a va_list. */
DWORD FormatMessageW(DWORD flags, LPCVOID source, DWORD message, DWORD language, LPWSTR buffer, DWORD characters, va_list *arguments);
void OutputDebugStringW(LPCWSTR text);
void OutputDebugStringA(LPCSTR text);

/* --- memory -------------------------------------------------------------------------------------------------------------- */

#define LMEM_FIXED 0x0000u
#define LMEM_ZEROINIT 0x0040u
#define LPTR (LMEM_FIXED | LMEM_ZEROINIT)
#define GMEM_FIXED 0x0000u
#define GMEM_ZEROINIT 0x0040u
#define GPTR (GMEM_FIXED | GMEM_ZEROINIT)
#define HEAP_ZERO_MEMORY 0x00000008u
/* Fixed memory only. */
HLOCAL LocalAlloc(UINT flags, SIZE_T bytes);
HLOCAL LocalFree(HLOCAL memory);
HGLOBAL GlobalAlloc(UINT flags, SIZE_T bytes);
HGLOBAL GlobalFree(HGLOBAL memory);
HANDLE GetProcessHeap(void);
LPVOID HeapAlloc(HANDLE heap, DWORD flags, SIZE_T bytes);
LPVOID HeapReAlloc(HANDLE heap, DWORD flags, LPVOID memory, SIZE_T bytes);
BOOL HeapFree(HANDLE heap, DWORD flags, LPVOID memory);
#define CopyMemory(destination, source, bytes) memcpy((destination), (source), (bytes))
#define MoveMemory(destination, source, bytes) memmove((destination), (source), (bytes))
#define FillMemory(destination, bytes, value) memset((destination), (value), (bytes))
#define ZeroMemory(destination, bytes) memset((destination), 0, (bytes))
#define RtlZeroMemory ZeroMemory
#define RtlCopyMemory CopyMemory
PVOID SecureZeroMemory(PVOID memory, SIZE_T bytes);

/* --- files --------------------------------------------------------------------------------------------------------------- */
/* Paths: C:\ is a folder of the host, Z:\ the whole file system, as under Wine; a path without a drive is taken as it stands.
 * Backslash and slash both separate. A name that does not exist as written is looked for without case. */

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor; /* not used: files get the mode 0666 less the umask */
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;
typedef struct _OVERLAPPED OVERLAPPED, *LPOVERLAPPED;

#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u
#define FILE_APPEND_DATA 0x4u
#define FILE_SHARE_READ 0x1u
#define FILE_SHARE_WRITE 0x2u
#define FILE_SHARE_DELETE 0x4u
#define CREATE_NEW 1u
#define CREATE_ALWAYS 2u
#define OPEN_EXISTING 3u
#define OPEN_ALWAYS 4u
#define TRUNCATE_EXISTING 5u
#define FILE_ATTRIBUTE_READONLY 0x1u
#define FILE_ATTRIBUTE_HIDDEN 0x2u
#define FILE_ATTRIBUTE_SYSTEM 0x4u
#define FILE_ATTRIBUTE_DIRECTORY 0x10u
#define FILE_ATTRIBUTE_ARCHIVE 0x20u
#define FILE_ATTRIBUTE_NORMAL 0x80u
#define FILE_ATTRIBUTE_TEMPORARY 0x100u
#define FILE_FLAG_WRITE_THROUGH 0x80000000u
#define FILE_FLAG_SEQUENTIAL_SCAN 0x08000000u
#define FILE_FLAG_DELETE_ON_CLOSE 0x04000000u
#define INVALID_FILE_ATTRIBUTES 0xffffffffu
#define INVALID_FILE_SIZE 0xffffffffu
#define INVALID_SET_FILE_POINTER 0xffffffffu
#define FILE_BEGIN 0u
#define FILE_CURRENT 1u
#define FILE_END 2u
#define MOVEFILE_REPLACE_EXISTING 0x1u
#define MOVEFILE_COPY_ALLOWED 0x2u
#define MOVEFILE_WRITE_THROUGH 0x8u

HANDLE CreateFileW(LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security, DWORD disposition, DWORD flags,
                   HANDLE pattern);
BOOL ReadFile(HANDLE file, LPVOID buffer, DWORD bytes, LPDWORD read, LPOVERLAPPED overlapped);
BOOL WriteFile(HANDLE file, LPCVOID buffer, DWORD bytes, LPDWORD written, LPOVERLAPPED overlapped);
BOOL FlushFileBuffers(HANDLE file);
BOOL GetFileSizeEx(HANDLE file, PLARGE_INTEGER size);
DWORD GetFileSize(HANDLE file, LPDWORD high);
BOOL SetFilePointerEx(HANDLE file, LARGE_INTEGER distance, PLARGE_INTEGER position, DWORD method);
DWORD SetFilePointer(HANDLE file, LONG distance, PLONG high, DWORD method);
BOOL SetEndOfFile(HANDLE file);
BOOL CloseHandle(HANDLE handle);
BOOL DeleteFileW(LPCWSTR path);
BOOL MoveFileW(LPCWSTR existing, LPCWSTR path);
/* Within one file system the new name is there in one step. */
BOOL MoveFileExW(LPCWSTR existing, LPCWSTR path, DWORD flags);
BOOL CopyFileW(LPCWSTR existing, LPCWSTR path, BOOL fail_if_exists);
BOOL CreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES security);
BOOL RemoveDirectoryW(LPCWSTR path);
DWORD GetFileAttributesW(LPCWSTR path);
/* Only FILE_ATTRIBUTE_READONLY means something here: the right to write. */
BOOL SetFileAttributesW(LPCWSTR path, DWORD attributes);
DWORD GetFullPathNameW(LPCWSTR path, DWORD characters, LPWSTR full, LPWSTR *name);
DWORD GetCurrentDirectoryW(DWORD characters, LPWSTR path);
DWORD GetTempPathW(DWORD characters, LPWSTR path);
UINT GetTempFileNameW(LPCWSTR folder, LPCWSTR prefix, UINT unique, LPWSTR path);
UINT GetSystemDirectoryW(LPWSTR path, UINT characters);
UINT GetWindowsDirectoryW(LPWSTR path, UINT characters);

typedef struct _WIN32_FIND_DATAW {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    DWORD nFileSizeHigh;
    DWORD nFileSizeLow;
    DWORD dwReserved0;
    DWORD dwReserved1;
    WCHAR cFileName[MAX_PATH];
    WCHAR cAlternateFileName[14];
} WIN32_FIND_DATAW, *LPWIN32_FIND_DATAW, WIN32_FIND_DATA, *LPWIN32_FIND_DATA;
/* The last part of the path may hold * and ?. Names in no particular order, "." and ".." among them. */
HANDLE FindFirstFileW(LPCWSTR path, LPWIN32_FIND_DATAW found);
BOOL FindNextFileW(HANDLE search, LPWIN32_FIND_DATAW found);
BOOL FindClose(HANDLE search);

#define CreateFile CreateFileW
#define DeleteFile DeleteFileW
#define MoveFile MoveFileW
#define MoveFileEx MoveFileExW
#define CopyFile CopyFileW
#define CreateDirectory CreateDirectoryW
#define RemoveDirectory RemoveDirectoryW
#define GetFileAttributes GetFileAttributesW
#define SetFileAttributes SetFileAttributesW
#define GetFullPathName GetFullPathNameW
#define GetCurrentDirectory GetCurrentDirectoryW
#define GetTempPath GetTempPathW
#define GetTempFileName GetTempFileNameW
#define GetSystemDirectory GetSystemDirectoryW
#define GetWindowsDirectory GetWindowsDirectoryW
#define FindFirstFile FindFirstFileW
#define FindNextFile FindNextFileW
#define GetModuleFileName GetModuleFileNameW
#define FormatMessage FormatMessageW
#define OutputDebugString OutputDebugStringW

/* --- environment --------------------------------------------------------------------------------------------------------- */
/* Names without case. SystemRoot, windir, SystemDrive, ProgramData, ALLUSERSPROFILE, TEMP, TMP and COMPUTERNAME always exist. */

DWORD GetEnvironmentVariableW(LPCWSTR name, LPWSTR value, DWORD characters);
BOOL SetEnvironmentVariableW(LPCWSTR name, LPCWSTR value);
DWORD ExpandEnvironmentStringsW(LPCWSTR text, LPWSTR expanded, DWORD characters);
#define MAX_COMPUTERNAME_LENGTH 15
BOOL GetComputerNameW(LPWSTR name, LPDWORD characters);
typedef enum _COMPUTER_NAME_FORMAT {
    ComputerNameNetBIOS,
    ComputerNameDnsHostname,
    ComputerNameDnsDomain,
    ComputerNameDnsFullyQualified
} COMPUTER_NAME_FORMAT;
BOOL GetComputerNameExW(COMPUTER_NAME_FORMAT format, LPWSTR name, LPDWORD characters);
#define GetEnvironmentVariable GetEnvironmentVariableW
#define SetEnvironmentVariable SetEnvironmentVariableW
#define ExpandEnvironmentStrings ExpandEnvironmentStringsW
#define GetComputerName GetComputerNameW
#define GetComputerNameEx GetComputerNameExW

/* --- time ---------------------------------------------------------------------------------------------------------------- */

void GetSystemTime(LPSYSTEMTIME time);
void GetLocalTime(LPSYSTEMTIME time);
void GetSystemTimeAsFileTime(LPFILETIME time);
#define GetSystemTimePreciseAsFileTime GetSystemTimeAsFileTime
BOOL FileTimeToSystemTime(const FILETIME *file, LPSYSTEMTIME system);
BOOL SystemTimeToFileTime(const SYSTEMTIME *system, LPFILETIME file);
BOOL FileTimeToLocalFileTime(const FILETIME *file, LPFILETIME local);
LONG CompareFileTime(const FILETIME *first, const FILETIME *second);
DWORD GetTickCount(void);
ULONGLONG GetTickCount64(void);
BOOL QueryPerformanceCounter(LARGE_INTEGER *count);
BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency);

/* --- synchronisation ----------------------------------------------------------------------------------------------------- */

#define INFINITE 0xffffffffu
#define WAIT_OBJECT_0 0u
#define WAIT_ABANDONED 0x80u
#define WAIT_FAILED 0xffffffffu

typedef struct _RTL_CRITICAL_SECTION {
    PVOID lock;
} CRITICAL_SECTION, *PCRITICAL_SECTION, *LPCRITICAL_SECTION;
void InitializeCriticalSection(LPCRITICAL_SECTION section);
BOOL InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION section, DWORD spins);
BOOL InitializeCriticalSectionEx(LPCRITICAL_SECTION section, DWORD spins, DWORD flags);
void EnterCriticalSection(LPCRITICAL_SECTION section);
BOOL TryEnterCriticalSection(LPCRITICAL_SECTION section);
void LeaveCriticalSection(LPCRITICAL_SECTION section);
void DeleteCriticalSection(LPCRITICAL_SECTION section);

typedef struct _RTL_SRWLOCK {
    uint32_t state;
} SRWLOCK, *PSRWLOCK;
#define SRWLOCK_INIT {0}
void InitializeSRWLock(PSRWLOCK lock);
void AcquireSRWLockExclusive(PSRWLOCK lock);
void ReleaseSRWLockExclusive(PSRWLOCK lock);
void AcquireSRWLockShared(PSRWLOCK lock);
void ReleaseSRWLockShared(PSRWLOCK lock);

/* Events, mutexes and threads of this process: names are not shared with other processes, and must be null. */
HANDLE CreateEventW(LPSECURITY_ATTRIBUTES security, BOOL manual_reset, BOOL initial_state, LPCWSTR name);
BOOL SetEvent(HANDLE event);
BOOL ResetEvent(HANDLE event);
HANDLE CreateMutexW(LPSECURITY_ATTRIBUTES security, BOOL initial_owner, LPCWSTR name);
BOOL ReleaseMutex(HANDLE mutex);
typedef DWORD (*LPTHREAD_START_ROUTINE)(LPVOID parameter);
HANDLE CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack, LPTHREAD_START_ROUTINE start, LPVOID parameter, DWORD flags,
                    LPDWORD id);
BOOL GetExitCodeThread(HANDLE thread, LPDWORD code);
DWORD WaitForSingleObject(HANDLE object, DWORD milliseconds);
void Sleep(DWORD milliseconds);
DWORD GetCurrentThreadId(void);
DWORD GetCurrentProcessId(void);
#define STILL_ACTIVE 259u
#define CreateEvent CreateEventW
#define CreateMutex CreateMutexW

#define EXEUNT_ATOMIC(type) FORCEINLINE __attribute__((unused)) type
EXEUNT_ATOMIC(LONG) InterlockedIncrement(volatile LONG *value) { return __atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(LONG) InterlockedDecrement(volatile LONG *value) { return __atomic_sub_fetch(value, 1, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(LONG) InterlockedExchange(volatile LONG *value, LONG other) { return __atomic_exchange_n(value, other, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(LONG) InterlockedExchangeAdd(volatile LONG *value, LONG more) { return __atomic_fetch_add(value, more, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(LONG) InterlockedCompareExchange(volatile LONG *value, LONG other, LONG comparand) {
    __atomic_compare_exchange_n(value, &comparand, other, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}
EXEUNT_ATOMIC(LONGLONG) InterlockedIncrement64(volatile LONGLONG *value) { return __atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(LONGLONG) InterlockedDecrement64(volatile LONGLONG *value) { return __atomic_sub_fetch(value, 1, __ATOMIC_SEQ_CST); }
EXEUNT_ATOMIC(PVOID) InterlockedExchangePointer(PVOID volatile *value, PVOID other) {
    return __atomic_exchange_n(value, other, __ATOMIC_SEQ_CST);
}
EXEUNT_ATOMIC(PVOID) InterlockedCompareExchangePointer(PVOID volatile *value, PVOID other, PVOID comparand) {
    __atomic_compare_exchange_n(value, &comparand, other, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return comparand;
}

/* --- event log ----------------------------------------------------------------------------------------------------------- */
/* What is reported goes to the log of the server, under the module's name. */

#define EVENTLOG_SUCCESS 0x0000
#define EVENTLOG_ERROR_TYPE 0x0001
#define EVENTLOG_WARNING_TYPE 0x0002
#define EVENTLOG_INFORMATION_TYPE 0x0004
#define EVENTLOG_AUDIT_SUCCESS 0x0008
#define EVENTLOG_AUDIT_FAILURE 0x0010
HANDLE RegisterEventSourceW(LPCWSTR server, LPCWSTR source);
BOOL ReportEventW(HANDLE log, WORD type, WORD category, DWORD event, PVOID sid, WORD strings, DWORD bytes, LPCWSTR *texts,
                  LPVOID data);
BOOL DeregisterEventSource(HANDLE log);
#define RegisterEventSource RegisterEventSourceW
#define ReportEvent ReportEventW

EXEUNT_END_C

#endif
