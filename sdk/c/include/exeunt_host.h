/*
 * The agreement between exeunt-comhost and a module that was compiled for Linux.
 *
 * A module source never includes this file: the runtime of this kit does. The runtime is compiled into the module, and stands
 * between what the source calls (CoCreateInstance, RegOpenKeyExW, ReportEventW, ...) and the host.
 *
 * A module is a shared object. It exports, in C linkage,
 *
 *     exeunt_attach       from the runtime; see below
 *     exeunt_detach       from the runtime; see below
 *     DllGetClassObject   from the source, as on Windows
 *     DllRegisterServer   from the source, where it has one: the host learns the module's ProgIDs and CLSIDs from what it writes
 *     DllUnregisterServer from the source, where it has one
 *
 * and nothing else. The host calls, in this order and on one thread: dlopen, exeunt_attach, DllRegisterServer where the operator
 * named the file and not its class by a CLSID, DllGetClassObject, IClassFactory::CreateInstance. exeunt-comhost register calls
 * DllRegisterServer behind exeunt_attach, and unregister DllUnregisterServer.
 *
 * Values have the layouts of 64-bit Windows, calls the C calling convention of the platform:
 *
 *     HRESULT, LONG, BOOL   32 bits
 *     WCHAR                 16 bits, UTF-16 in the machine's byte order; compile with -fshort-wchar
 *     GUID                  struct exeunt_guid
 *     VARIANT               24 bytes; its value starts at byte 8
 *     BSTR                  points to the text in a block of malloc(8 + bytes + 2), 8 bytes behind the block's start. At block + 4
 *                           stands the length in bytes without the terminator, 32 bits; behind the text two zero bytes. Bytes
 *                           may be odd: binary values travel so. Whoever holds it frees it with free(text - 8). A null pointer
 *                           is the empty text.
 *     interface             points to a pointer to a table of functions: QueryInterface, AddRef, Release, then IDispatch's four,
 *                           then the interface's own in their declared order
 *
 * Both sides use the malloc and free of the C library they share.
 */
#ifndef EXEUNT_HOST_H
#define EXEUNT_HOST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this agreement. Entries are only ever added at the end of the table; another change is another version. */
#define EXEUNT_HOST_VERSION 1u

struct exeunt_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
};

/* An open key of the registry, or one of the predefined roots: the values of HKEY_* on 64-bit Windows, sign-extended
 * (HKEY_CLASSES_ROOT 0xffffffff80000000, HKEY_CURRENT_USER ...01, HKEY_LOCAL_MACHINE ...02, HKEY_USERS ...03). */
typedef uintptr_t exeunt_key;

/* Levels of exeunt_host.log. */
#define EXEUNT_LOG_ERROR 1u
#define EXEUNT_LOG_WARNING 2u
#define EXEUNT_LOG_INFORMATION 3u
#define EXEUNT_LOG_DEBUG 4u

/*
 * What the host offers. The table and everything in it stay valid until the process ends, and may be called on any thread.
 * Texts are null-terminated UTF-16 unless said otherwise; a null pointer stands for the empty text.
 *
 * Functions named registry_* return a Win32 error code, 0 for success (2 not found, 5 access denied, 87 invalid parameter,
 * 161 bad path, 234 more data, 259 no more items, 1018 key deleted), and behave as the Windows function named beside them,
 * so that the runtime's RegOpenKeyExW and its kin pass their arguments through. The others return an HRESULT.
 */
struct exeunt_host {
    /* Bytes of this table as the host knows it: an entry beyond them is absent. */
    uint32_t size;
    /* EXEUNT_HOST_VERSION of the host. */
    uint32_t version;

    /* --- classes ---------------------------------------------------------------------------------------------------------- */

    /* CoCreateInstance. Knows the host's own classes and those of the module itself (asked through DllGetClassObject).
     * outer must be null: 0x80040110 otherwise. 0x80040154 for an unknown class. */
    int32_t (*create_instance)(const struct exeunt_guid *clsid, void *outer, uint32_t class_context,
                               const struct exeunt_guid *iid, void **object);
    /* CoGetClassObject. */
    int32_t (*class_object)(const struct exeunt_guid *clsid, uint32_t class_context, const struct exeunt_guid *iid, void **object);
    /* CLSIDFromProgID. 0x800401f3 for an unknown name. */
    int32_t (*clsid_from_prog_id)(const uint16_t *prog_id, struct exeunt_guid *clsid);
    /* ProgIDFromCLSID, but that the text is a BSTR. */
    int32_t (*prog_id_from_clsid)(const struct exeunt_guid *clsid, uint16_t **prog_id);

    /* --- error information, of the calling thread ------------------------------------------------------------------------- */

    /* CreateErrorInfo: an object with ICreateErrorInfo and IErrorInfo. */
    int32_t (*create_error_info)(void **create_error_info);
    /* SetErrorInfo: takes a reference of its own to an IErrorInfo; null clears. The host reads it when a method fails. */
    int32_t (*set_error_info)(uint32_t reserved, void *error_info);
    /* GetErrorInfo: hands the reference over and clears; 1 (S_FALSE) and null where there is none. */
    int32_t (*error_info)(uint32_t reserved, void **error_info);

    /* --- registry --------------------------------------------------------------------------------------------------------- */

    /* RegOpenKeyExW */
    int32_t (*registry_open)(exeunt_key key, const uint16_t *path, uint32_t options, uint32_t access, exeunt_key *opened);
    /* RegCreateKeyExW; disposition may be null: 1 created, 2 opened */
    int32_t (*registry_create)(exeunt_key key, const uint16_t *path, uint32_t options, uint32_t access, exeunt_key *opened,
                               uint32_t *disposition);
    /* RegCloseKey */
    int32_t (*registry_close)(exeunt_key key);
    /* RegQueryValueExW; type, data and bytes may be null, data only together with bytes or alone with bytes given for the size */
    int32_t (*registry_query_value)(exeunt_key key, const uint16_t *name, uint32_t *type, uint8_t *data, uint32_t *bytes);
    /* RegSetValueExW */
    int32_t (*registry_set_value)(exeunt_key key, const uint16_t *name, uint32_t type, const uint8_t *data, uint32_t bytes);
    /* RegDeleteValueW */
    int32_t (*registry_delete_value)(exeunt_key key, const uint16_t *name);
    /* RegDeleteKeyW: a key without keys below it. */
    int32_t (*registry_delete_key)(exeunt_key key, const uint16_t *path);
    /* RegDeleteTreeW: path may be null, then what is below key and its values. */
    int32_t (*registry_delete_tree)(exeunt_key key, const uint16_t *path);
    /* RegEnumKeyExW: characters is in: room with the terminator; out: length without it. */
    int32_t (*registry_enumerate_key)(exeunt_key key, uint32_t index, uint16_t *name, uint32_t *characters);
    /* RegEnumValueW */
    int32_t (*registry_enumerate_value)(exeunt_key key, uint32_t index, uint16_t *name, uint32_t *characters, uint32_t *type,
                                        uint8_t *data, uint32_t *bytes);
    /* RegQueryInfoKeyW: each may be null. Lengths of names in characters without the terminator, of data in bytes. */
    int32_t (*registry_query_info)(exeunt_key key, uint32_t *keys, uint32_t *key_name_max, uint32_t *values,
                                   uint32_t *value_name_max, uint32_t *data_max);

    /* --- events and log --------------------------------------------------------------------------------------------------- */

    /* ReportEventW: type as EVENTLOG_* (1 error, 2 warning, 4 information), strings are count texts. Goes to the server's log. */
    void (*report_event)(const uint16_t *source, uint16_t type, uint16_t category, uint32_t event_id, uint16_t count,
                         const uint16_t *const *strings);
    /* OutputDebugStringW and whatever the runtime itself has to say. */
    void (*log)(uint32_t level, const uint16_t *text);

    /* --- folders ---------------------------------------------------------------------------------------------------------- */

    /* The folder that stands for a drive, as a UTF-8 path without a slash at its end ("/" for the whole file system), or null
     * where there is no such drive. letter is 'A' to 'Z'. 'C' always exists, and holds Windows/System32/CertSrv/CertEnroll,
     * Windows/Temp and ProgramData; 'Z' is the whole file system. The text stays valid. */
    const char *(*drive)(char letter);
};

/*
 * Called once, before any other function of the module. The runtime keeps the table, and calls the source's
 * DllMain(DLL_PROCESS_ATTACH) here, not from a constructor, so that it can already use the table. Returns 0, 0x80004005 where
 * DllMain returned FALSE, 0x80004001 where the host's version is not one that the runtime knows.
 */
int32_t exeunt_attach(const struct exeunt_host *host);

/* Called once, after the last object was released: DllMain(DLL_PROCESS_DETACH). The host never unloads the module after it. */
void exeunt_detach(void);

#ifdef __cplusplus
}
#endif

#endif
