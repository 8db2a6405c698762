// The bounded text functions of strsafe.h that are not formats.

#include <strsafe.h>

#include "runtime.h"

namespace {

size_t length_of(const wchar_t *text, size_t most) { return wcsnlen(text, most); }
size_t length_of(const char *text, size_t most) { return strnlen(text, most); }

// Puts source behind the first `at` units: what fits, and a terminator always.
template <typename Unit> HRESULT place(Unit *destination, size_t room, size_t at, const Unit *source, size_t count) {
    if (source == nullptr) return STRSAFE_E_INVALID_PARAMETER;
    size_t length = length_of(source, count);
    size_t fits = length < room - at ? length : room - at - 1;
    memmove(destination + at, source, fits * sizeof(Unit));
    destination[at + fits] = 0;
    return fits < length ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}

template <typename Unit> HRESULT copy(Unit *destination, size_t room, const Unit *source, size_t count) {
    if (destination == nullptr || room == 0 || room > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    return place(destination, room, 0, source, count);
}

template <typename Unit> HRESULT concatenate(Unit *destination, size_t room, const Unit *source, size_t count) {
    if (destination == nullptr || room == 0 || room > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    size_t at = length_of(destination, room);
    if (at == room) return STRSAFE_E_INVALID_PARAMETER; // no terminator
    return place(destination, room, at, source, count);
}

template <typename Unit> HRESULT measure(const Unit *text, size_t most, size_t *length) {
    if (length != nullptr) *length = 0;
    if (text == nullptr || most > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    size_t found = length_of(text, most);
    if (found == most) return STRSAFE_E_INVALID_PARAMETER;
    if (length != nullptr) *length = found;
    return S_OK;
}

constexpr size_t all = STRSAFE_MAX_CCH;

} // namespace

extern "C" {

HRESULT StringCchCopyW(LPWSTR destination, size_t characters, LPCWSTR source) { return copy(destination, characters, source, all); }
HRESULT StringCchCopyNW(LPWSTR destination, size_t characters, LPCWSTR source, size_t count) {
    return copy(destination, characters, source, count);
}
HRESULT StringCchCatW(LPWSTR destination, size_t characters, LPCWSTR source) {
    return concatenate(destination, characters, source, all);
}
HRESULT StringCchCatNW(LPWSTR destination, size_t characters, LPCWSTR source, size_t count) {
    return concatenate(destination, characters, source, count);
}
HRESULT StringCchLengthW(LPCWSTR text, size_t characters_max, size_t *characters) { return measure(text, characters_max, characters); }
HRESULT StringCbCopyW(LPWSTR destination, size_t bytes, LPCWSTR source) {
    return copy(destination, bytes / sizeof(wchar_t), source, all);
}
HRESULT StringCbCatW(LPWSTR destination, size_t bytes, LPCWSTR source) {
    return concatenate(destination, bytes / sizeof(wchar_t), source, all);
}
HRESULT StringCbLengthW(LPCWSTR text, size_t bytes_max, size_t *bytes) {
    HRESULT result = measure(text, bytes_max / sizeof(wchar_t), bytes);
    if (bytes != nullptr) *bytes *= sizeof(wchar_t);
    return result;
}
HRESULT StringCchCopyA(LPSTR destination, size_t bytes, LPCSTR source) { return copy(destination, bytes, source, all); }
HRESULT StringCchCatA(LPSTR destination, size_t bytes, LPCSTR source) { return concatenate(destination, bytes, source, all); }
HRESULT StringCchLengthA(LPCSTR text, size_t bytes_max, size_t *bytes) { return measure(text, bytes_max, bytes); }

} // extern "C"
