// The registry: the host keeps it, these pass their arguments through.

#include <vector>

#include "runtime.h"

using exeunt::host;
using exeunt::to_host;

namespace {

exeunt_key to_host(HKEY key) { return reinterpret_cast<exeunt_key>(key); }

// What RegGetValueW says a value of this type needs.
DWORD restriction_of(DWORD type) {
    switch (type) {
    case REG_NONE:
        return RRF_RT_REG_NONE;
    case REG_SZ:
        return RRF_RT_REG_SZ;
    case REG_EXPAND_SZ:
        return RRF_RT_REG_EXPAND_SZ;
    case REG_BINARY:
        return RRF_RT_REG_BINARY;
    case REG_DWORD:
        return RRF_RT_REG_DWORD;
    case REG_MULTI_SZ:
        return RRF_RT_REG_MULTI_SZ;
    case REG_QWORD:
        return RRF_RT_REG_QWORD;
    default:
        return 0;
    }
}

bool is_text(DWORD type) { return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ; }

// Reads the whole value, however often it grows meanwhile.
LSTATUS read_value(HKEY key, LPCWSTR name, DWORD &type, std::vector<BYTE> &data) {
    for (int attempt = 0; attempt < 16; ++attempt) {
        DWORD bytes = 0;
        LSTATUS status = RegQueryValueExW(key, name, nullptr, &type, nullptr, &bytes);
        if (status != ERROR_SUCCESS) return status;
        data.resize(bytes + 1); // never empty, so that data() is a place to write to
        status = RegQueryValueExW(key, name, nullptr, &type, data.data(), &bytes);
        if (status == ERROR_MORE_DATA) continue;
        data.resize(bytes);
        return status;
    }
    return ERROR_MORE_DATA;
}

// A text ends with its terminator here, a list of texts with two, whatever was stored.
void terminate(DWORD type, std::vector<BYTE> &data) {
    data.resize(data.size() / sizeof(wchar_t) * sizeof(wchar_t));
    size_t wanted = type == REG_MULTI_SZ ? 2 : 1;
    auto trailing = [&]() {
        size_t zeros = 0;
        while ((zeros + 1) * 2 <= data.size() && data[data.size() - zeros * 2 - 1] == 0 && data[data.size() - zeros * 2 - 2] == 0) ++zeros;
        return zeros;
    };
    for (size_t have = trailing(); have < wanted; ++have) data.insert(data.end(), {0, 0});
}

} // namespace

extern "C" {

LSTATUS RegOpenKeyExW(HKEY key, LPCWSTR path, DWORD options, REGSAM access, PHKEY opened) {
    if (opened == nullptr) return ERROR_INVALID_PARAMETER;
    if (host() == nullptr) return ERROR_NOT_READY;
    exeunt_key result = 0;
    LSTATUS status = host()->registry_open(to_host(key), to_host(path), options, access, &result);
    *opened = reinterpret_cast<HKEY>(result);
    return status;
}

LSTATUS RegOpenKeyW(HKEY key, LPCWSTR path, PHKEY opened) { return RegOpenKeyExW(key, path, 0, KEY_ALL_ACCESS, opened); }

LSTATUS RegCreateKeyExW(HKEY key, LPCWSTR path, DWORD reserved, LPWSTR, DWORD options, REGSAM access, LPSECURITY_ATTRIBUTES,
                        PHKEY opened, LPDWORD disposition) {
    if (opened == nullptr || reserved != 0) return ERROR_INVALID_PARAMETER;
    if (host() == nullptr) return ERROR_NOT_READY;
    exeunt_key result = 0;
    LSTATUS status = host()->registry_create(to_host(key), to_host(path), options, access, &result, disposition);
    *opened = reinterpret_cast<HKEY>(result);
    return status;
}

LSTATUS RegCreateKeyW(HKEY key, LPCWSTR path, PHKEY opened) {
    return RegCreateKeyExW(key, path, 0, nullptr, REG_OPTION_NON_VOLATILE, KEY_ALL_ACCESS, nullptr, opened, nullptr);
}

LSTATUS RegCloseKey(HKEY key) { return host() == nullptr ? ERROR_NOT_READY : host()->registry_close(to_host(key)); }

LSTATUS RegQueryValueExW(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD bytes) {
    if (reserved != nullptr || (data != nullptr && bytes == nullptr)) return ERROR_INVALID_PARAMETER;
    return host() == nullptr ? ERROR_NOT_READY : host()->registry_query_value(to_host(key), to_host(name), type, data, bytes);
}

LSTATUS RegGetValueW(HKEY key, LPCWSTR path, LPCWSTR name, DWORD flags, LPDWORD type_out, PVOID data, LPDWORD bytes) {
    if ((data != nullptr && bytes == nullptr) || (flags & RRF_RT_ANY) == 0) return ERROR_INVALID_PARAMETER;
    HKEY opened = key;
    bool own = path != nullptr && path[0] != 0;
    if (own) {
        LSTATUS status = RegOpenKeyExW(key, path, 0, KEY_QUERY_VALUE, &opened);
        if (status != ERROR_SUCCESS) return status;
    }
    DWORD type = REG_NONE;
    std::vector<BYTE> value;
    LSTATUS status = read_value(opened, name, type, value);
    if (own) RegCloseKey(opened);
    if (status == ERROR_SUCCESS) {
        if (is_text(type)) terminate(type, value);
        if (type == REG_EXPAND_SZ && (flags & RRF_NOEXPAND) == 0) {
            std::wstring expanded(32767, L'\0');
            DWORD length = ExpandEnvironmentStringsW(reinterpret_cast<wchar_t *>(value.data()), expanded.data(), 32767);
            if (length == 0 || length > 32767) return ERROR_MORE_DATA;
            const BYTE *from = reinterpret_cast<const BYTE *>(expanded.data());
            value.assign(from, from + length * sizeof(wchar_t));
            type = REG_SZ;
        }
        if ((restriction_of(type) & flags & RRF_RT_ANY) == 0 && (flags & RRF_RT_ANY) != RRF_RT_ANY) status = ERROR_UNSUPPORTED_TYPE;
    }
    if (status == ERROR_SUCCESS && type_out != nullptr) *type_out = type;
    if (status == ERROR_SUCCESS && bytes != nullptr) {
        if (data != nullptr && *bytes < value.size()) status = ERROR_MORE_DATA;
        else if (data != nullptr) memcpy(data, value.data(), value.size());
        *bytes = static_cast<DWORD>(value.size());
    }
    if (status != ERROR_SUCCESS && (flags & RRF_ZEROONFAILURE) != 0 && data != nullptr && status != ERROR_MORE_DATA)
        memset(data, 0, *bytes);
    return status;
}

LSTATUS RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD bytes) {
    if (reserved != 0) return ERROR_INVALID_PARAMETER;
    return host() == nullptr ? ERROR_NOT_READY : host()->registry_set_value(to_host(key), to_host(name), type, data, bytes);
}

LSTATUS RegDeleteValueW(HKEY key, LPCWSTR name) {
    return host() == nullptr ? ERROR_NOT_READY : host()->registry_delete_value(to_host(key), to_host(name));
}

LSTATUS RegDeleteKeyW(HKEY key, LPCWSTR path) {
    return host() == nullptr ? ERROR_NOT_READY : host()->registry_delete_key(to_host(key), to_host(path));
}

LSTATUS RegDeleteTreeW(HKEY key, LPCWSTR path) {
    return host() == nullptr ? ERROR_NOT_READY : host()->registry_delete_tree(to_host(key), to_host(path));
}

LSTATUS RegEnumKeyExW(HKEY key, DWORD index, LPWSTR name, LPDWORD characters, LPDWORD reserved, LPWSTR class_name,
                      LPDWORD class_characters, FILETIME *written) {
    if (name == nullptr || characters == nullptr || reserved != nullptr) return ERROR_INVALID_PARAMETER;
    if (host() == nullptr) return ERROR_NOT_READY;
    // Keys have no class here, and nobody keeps when one was written.
    if (class_name != nullptr && class_characters != nullptr && *class_characters > 0) class_name[0] = 0;
    if (class_characters != nullptr) *class_characters = 0;
    if (written != nullptr) *written = FILETIME{0, 0};
    return host()->registry_enumerate_key(to_host(key), index, to_host(name), characters);
}

LSTATUS RegEnumValueW(HKEY key, DWORD index, LPWSTR name, LPDWORD characters, LPDWORD reserved, LPDWORD type, LPBYTE data,
                      LPDWORD bytes) {
    if (name == nullptr || characters == nullptr || reserved != nullptr || (data != nullptr && bytes == nullptr))
        return ERROR_INVALID_PARAMETER;
    if (host() == nullptr) return ERROR_NOT_READY;
    return host()->registry_enumerate_value(to_host(key), index, to_host(name), characters, type, data, bytes);
}

LSTATUS RegQueryInfoKeyW(HKEY key, LPWSTR class_name, LPDWORD class_characters, LPDWORD reserved, LPDWORD keys,
                         LPDWORD key_name_max, LPDWORD class_max, LPDWORD values, LPDWORD value_name_max, LPDWORD data_max,
                         LPDWORD security, FILETIME *written) {
    if (reserved != nullptr) return ERROR_INVALID_PARAMETER;
    if (host() == nullptr) return ERROR_NOT_READY;
    if (class_name != nullptr && class_characters != nullptr && *class_characters > 0) class_name[0] = 0;
    if (class_characters != nullptr) *class_characters = 0;
    if (class_max != nullptr) *class_max = 0;
    if (security != nullptr) *security = 0;
    if (written != nullptr) *written = FILETIME{0, 0};
    return host()->registry_query_info(to_host(key), keys, key_name_max, values, value_name_max, data_max);
}

} // extern "C"
