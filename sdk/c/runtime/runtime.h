// What the parts of the runtime share. Never included by a module's source.
#ifndef EXEUNT_RUNTIME_H
#define EXEUNT_RUNTIME_H

#include <windows.h>

#include <memory>
#include <string>

#include "exeunt_host.h"

namespace exeunt {

// The table that exeunt_attach was given; null before.
const exeunt_host *host();

inline const uint16_t *to_host(const wchar_t *text) { return reinterpret_cast<const uint16_t *>(text); }
inline uint16_t *to_host(wchar_t *text) { return reinterpret_cast<uint16_t *>(text); }
inline const exeunt_guid *to_host(const GUID *guid) { return reinterpret_cast<const exeunt_guid *>(guid); }
inline exeunt_guid *to_host(GUID *guid) { return reinterpret_cast<exeunt_guid *>(guid); }

// --- text: utf.cpp ---------------------------------------------------------------------------------------------------------

// Malformed input becomes U+FFFD; where malformed is given, it is set for it.
std::string to_utf8(const wchar_t *text, size_t characters, bool *malformed = nullptr);
std::string to_utf8(const std::wstring &text);
std::wstring from_utf8(const char *bytes, size_t count, bool *malformed = nullptr);
std::wstring from_utf8(const std::string &text);
// Lower case of the letters that have a simple one, the same in every locale.
wchar_t fold(wchar_t character);
bool equal_folded(const std::wstring &first, const std::wstring &second);
// Copies as GetTempPathW and its kin do: the length, or the room needed with the terminator where there is less.
DWORD copy_out(const std::wstring &text, wchar_t *buffer, DWORD characters);

// --- formats: format.cpp ---------------------------------------------------------------------------------------------------

// False for a format that is malformed, or a result longer than 16 Mi characters. narrow says what %s is.
bool format_text(std::wstring &out, const wchar_t *format, bool narrow, va_list arguments);

// --- errors: last_error.cpp ------------------------------------------------------------------------------------------------

DWORD win32_error(int error_number);
// Sets it, and is FALSE.
BOOL fail(DWORD error);
BOOL fail_errno();

// --- paths: paths.cpp ------------------------------------------------------------------------------------------------------

enum class Last {
    existing, // looked for without case where it does not exist as written
    created   // taken as written: a new name must not cost a walk through a large folder
};
// The path on this machine; false, with the last error set, for one that cannot be.
bool machine_path(const wchar_t *path, Last last, std::string &out);
// The path as Windows would write it: C:\ for what is in the folder of that drive, Z:\ for the rest.
std::wstring windows_path(const std::string &path);
// After ENOENT: whether it was the folder or the file.
DWORD missing(const std::string &path);
// The last part of a path, where its last separator stands; npos without one.
size_t last_separator(const std::wstring &path);
bool is_separator(wchar_t character);

// --- environment: environment.cpp ------------------------------------------------------------------------------------------

bool environment_value(const std::wstring &name, std::wstring &value);

// --- handles: handles.cpp --------------------------------------------------------------------------------------------------

// What a HANDLE stands for. Handles are numbers, so that a wrong one is an error and not a crash.
struct Object {
    virtual ~Object() = default;
    // WAIT_OBJECT_0, WAIT_TIMEOUT, or WAIT_FAILED for what cannot be waited for.
    virtual DWORD wait(DWORD milliseconds);
};
HANDLE register_object(std::shared_ptr<Object> object);
std::shared_ptr<Object> object_of(HANDLE handle);
bool forget_object(HANDLE handle);
// Null, with ERROR_INVALID_HANDLE set, where the handle is none or another kind of thing.
template <typename Kind> std::shared_ptr<Kind> object_as(HANDLE handle) {
    auto object = std::dynamic_pointer_cast<Kind>(object_of(handle));
    if (!object) SetLastError(ERROR_INVALID_HANDLE);
    return object;
}

// --- time: time.cpp --------------------------------------------------------------------------------------------------------

FILETIME file_time(int64_t seconds, int64_t nanoseconds);
// Days since 1970-01-01 of a date of the Gregorian calendar, and back.
int64_t days_of(int64_t year, unsigned month, unsigned day);
void date_of(int64_t days, int64_t &year, unsigned &month, unsigned &day);

} // namespace exeunt

#endif
