// Environment variables, without case, with those of Windows added; and the names of the machine.

#include <unistd.h>

#include <mutex>

#include "runtime.h"

namespace exeunt {

namespace {

std::wstring computer_name(bool full) {
    char name[256] = {};
    if (gethostname(name, sizeof(name) - 1) != 0) return L"LOCALHOST";
    if (!full) name[strcspn(name, ".")] = 0;
    return from_utf8(name, strlen(name));
}

// What every process on Windows has.
bool windows_value(const std::wstring &name, std::wstring &value) {
    static const struct {
        const wchar_t *name, *value;
    } fixed[] = {{L"SystemRoot", L"C:\\Windows"},       {L"windir", L"C:\\Windows"},     {L"SystemDrive", L"C:"},
                 {L"ProgramData", L"C:\\ProgramData"},  {L"ALLUSERSPROFILE", L"C:\\ProgramData"},
                 {L"TEMP", L"C:\\Windows\\Temp"},       {L"TMP", L"C:\\Windows\\Temp"}};
    for (const auto &variable : fixed)
        if (equal_folded(name, variable.name)) {
            value = variable.value;
            return true;
        }
    if (!equal_folded(name, L"COMPUTERNAME")) return false;
    value = computer_name(false).substr(0, MAX_COMPUTERNAME_LENGTH);
    for (wchar_t &character : value)
        if (character >= L'a' && character <= L'z') character = static_cast<wchar_t>(character - 32);
    return true;
}

std::mutex &environment_lock() {
    static std::mutex *const lock = new std::mutex;
    return *lock;
}

} // namespace

bool environment_value(const std::wstring &name, std::wstring &value) {
    {
        std::lock_guard<std::mutex> held(environment_lock());
        for (char **entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            const char *equals = strchr(*entry, '=');
            if (equals == nullptr || !equal_folded(from_utf8(*entry, static_cast<size_t>(equals - *entry)), name)) continue;
            value = from_utf8(equals + 1, strlen(equals + 1));
            // Folders for temporary files are taken for paths, and a module puts a backslash and a name behind them.
            bool folder = equal_folded(name, L"TEMP") || equal_folded(name, L"TMP");
            if (folder && !value.empty() && value[0] == L'/') value = windows_path(equals + 1);
            return true;
        }
    }
    return windows_value(name, value);
}

} // namespace exeunt

using namespace exeunt;

extern "C" {

DWORD GetEnvironmentVariableW(LPCWSTR name, LPWSTR value, DWORD characters) {
    std::wstring text;
    if (name == nullptr || !environment_value(name, text)) {
        SetLastError(ERROR_ENVVAR_NOT_FOUND);
        return 0;
    }
    SetLastError(ERROR_SUCCESS); // a value may be empty
    return copy_out(text, value, characters);
}

BOOL SetEnvironmentVariableW(LPCWSTR name, LPCWSTR value) {
    if (name == nullptr || name[0] == 0 || wcschr(name, L'=') != nullptr) return fail(ERROR_INVALID_PARAMETER);
    std::string key = to_utf8(name);
    std::lock_guard<std::mutex> held(environment_lock());
    for (char **entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const char *equals = strchr(*entry, '=');
        if (equals == nullptr || !equal_folded(from_utf8(*entry, static_cast<size_t>(equals - *entry)), name)) continue;
        key.assign(*entry, static_cast<size_t>(equals - *entry)); // the spelling it has already
        break;
    }
    int done = value == nullptr ? unsetenv(key.c_str()) : setenv(key.c_str(), to_utf8(value).c_str(), 1);
    return done == 0 ? TRUE : fail_errno();
}

DWORD ExpandEnvironmentStringsW(LPCWSTR source, LPWSTR expanded, DWORD characters) {
    if (source == nullptr) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    std::wstring text = source, out;
    for (size_t i = 0; i < text.size(); ++i) {
        size_t end = text[i] == L'%' ? text.find(L'%', i + 1) : std::wstring::npos;
        std::wstring value;
        if (end != std::wstring::npos && environment_value(text.substr(i + 1, end - i - 1), value)) {
            out += value;
            i = end;
        } else {
            out.push_back(text[i]); // an unknown name stays as it is written
        }
    }
    DWORD room = static_cast<DWORD>(out.size() + 1);
    if (expanded != nullptr && characters >= room) wmemcpy(expanded, out.c_str(), room);
    return room;
}

BOOL GetComputerNameExW(COMPUTER_NAME_FORMAT format, LPWSTR name, LPDWORD characters) {
    if (characters == nullptr) return fail(ERROR_INVALID_PARAMETER);
    std::wstring full = computer_name(true), text;
    size_t dot = full.find(L'.');
    switch (format) {
    case ComputerNameNetBIOS:
        windows_value(L"COMPUTERNAME", text);
        break;
    case ComputerNameDnsHostname:
        text = full.substr(0, dot);
        break;
    case ComputerNameDnsDomain:
        text = dot == std::wstring::npos ? L"" : full.substr(dot + 1);
        break;
    case ComputerNameDnsFullyQualified:
        text = full;
        break;
    default:
        return fail(ERROR_INVALID_PARAMETER);
    }
    DWORD room = *characters;
    *characters = copy_out(text, name, room);
    return *characters <= text.size() ? TRUE : fail(ERROR_MORE_DATA);
}

BOOL GetComputerNameW(LPWSTR name, LPDWORD characters) {
    if (GetComputerNameExW(ComputerNameNetBIOS, name, characters)) return TRUE;
    return GetLastError() == ERROR_MORE_DATA ? fail(ERROR_INSUFFICIENT_BUFFER) : FALSE;
}

} // extern "C"
