/*
 * The registry. The host keeps it, as files below a folder; a module sees its own settings under the path that the property
 * ModuleRegistryLocation names, its classes under HKEY_CLASSES_ROOT, and what it writes itself.
 */
#ifndef EXEUNT_WINREG_H
#define EXEUNT_WINREG_H

#include "windef.h"

EXEUNT_BEGIN_C

#define HKEY_CLASSES_ROOT ((HKEY)(ULONG_PTR)(LONG_PTR)(LONG)0x80000000)
#define HKEY_CURRENT_USER ((HKEY)(ULONG_PTR)(LONG_PTR)(LONG)0x80000001)
#define HKEY_LOCAL_MACHINE ((HKEY)(ULONG_PTR)(LONG_PTR)(LONG)0x80000002)
#define HKEY_USERS ((HKEY)(ULONG_PTR)(LONG_PTR)(LONG)0x80000003)

typedef LONG LSTATUS;
typedef DWORD REGSAM;

#define KEY_QUERY_VALUE 0x0001u
#define KEY_SET_VALUE 0x0002u
#define KEY_CREATE_SUB_KEY 0x0004u
#define KEY_ENUMERATE_SUB_KEYS 0x0008u
#define KEY_NOTIFY 0x0010u
#define KEY_WOW64_64KEY 0x0100u
#define KEY_WOW64_32KEY 0x0200u
#define KEY_READ 0x20019u
#define KEY_WRITE 0x20006u
#define KEY_EXECUTE 0x20019u
#define KEY_ALL_ACCESS 0xf003fu
#define REG_OPTION_NON_VOLATILE 0u
#define REG_OPTION_VOLATILE 1u
#define REG_CREATED_NEW_KEY 1u
#define REG_OPENED_EXISTING_KEY 2u

#define REG_NONE 0u
#define REG_SZ 1u
#define REG_EXPAND_SZ 2u
#define REG_BINARY 3u
#define REG_DWORD 4u
#define REG_DWORD_LITTLE_ENDIAN 4u
#define REG_MULTI_SZ 7u
#define REG_QWORD 11u

LSTATUS RegOpenKeyExW(HKEY key, LPCWSTR path, DWORD options, REGSAM access, PHKEY opened);
LSTATUS RegOpenKeyW(HKEY key, LPCWSTR path, PHKEY opened);
LSTATUS RegCreateKeyExW(HKEY key, LPCWSTR path, DWORD reserved, LPWSTR class_name, DWORD options, REGSAM access,
                        struct _SECURITY_ATTRIBUTES *security, PHKEY opened, LPDWORD disposition);
LSTATUS RegCreateKeyW(HKEY key, LPCWSTR path, PHKEY opened);
LSTATUS RegCloseKey(HKEY key);
LSTATUS RegQueryValueExW(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD bytes);
#define RRF_RT_REG_NONE 0x1u
#define RRF_RT_REG_SZ 0x2u
#define RRF_RT_REG_EXPAND_SZ 0x4u
#define RRF_RT_REG_BINARY 0x8u
#define RRF_RT_REG_DWORD 0x10u
#define RRF_RT_REG_MULTI_SZ 0x20u
#define RRF_RT_REG_QWORD 0x40u
#define RRF_RT_DWORD (RRF_RT_REG_BINARY | RRF_RT_REG_DWORD)
#define RRF_RT_ANY 0xffffu
#define RRF_NOEXPAND 0x10000000u
#define RRF_ZEROONFAILURE 0x20000000u
LSTATUS RegGetValueW(HKEY key, LPCWSTR path, LPCWSTR name, DWORD flags, LPDWORD type, PVOID data, LPDWORD bytes);
LSTATUS RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD bytes);
LSTATUS RegDeleteValueW(HKEY key, LPCWSTR name);
LSTATUS RegDeleteKeyW(HKEY key, LPCWSTR path);
LSTATUS RegDeleteTreeW(HKEY key, LPCWSTR path);
LSTATUS RegEnumKeyExW(HKEY key, DWORD index, LPWSTR name, LPDWORD characters, LPDWORD reserved, LPWSTR class_name,
                      LPDWORD class_characters, struct _FILETIME *written);
LSTATUS RegEnumValueW(HKEY key, DWORD index, LPWSTR name, LPDWORD characters, LPDWORD reserved, LPDWORD type, LPBYTE data,
                      LPDWORD bytes);
LSTATUS RegQueryInfoKeyW(HKEY key, LPWSTR class_name, LPDWORD class_characters, LPDWORD reserved, LPDWORD keys,
                         LPDWORD key_name_max, LPDWORD class_max, LPDWORD values, LPDWORD value_name_max, LPDWORD data_max,
                         LPDWORD security, struct _FILETIME *written);

#define RegOpenKeyEx RegOpenKeyExW
#define RegOpenKey RegOpenKeyW
#define RegCreateKeyEx RegCreateKeyExW
#define RegCreateKey RegCreateKeyW
#define RegQueryValueEx RegQueryValueExW
#define RegGetValue RegGetValueW
#define RegSetValueEx RegSetValueExW
#define RegDeleteValue RegDeleteValueW
#define RegDeleteKey RegDeleteKeyW
#define RegDeleteTree RegDeleteTreeW
#define RegEnumKeyEx RegEnumKeyExW
#define RegEnumValue RegEnumValueW
#define RegQueryInfoKey RegQueryInfoKeyW

EXEUNT_END_C

#endif
