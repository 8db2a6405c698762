// The wide-character functions that only the Windows compilers have.

#include "runtime.h"

using exeunt::fold;

namespace {

// The upper case letter whose lower case this is; searched where the two differ by a known distance.
wchar_t raise(wchar_t character) {
    uint32_t c = static_cast<uint16_t>(character);
    static const uint32_t distances[] = {32, 80, 1};
    if (c == 0xff) return 0x178;
    for (uint32_t distance : distances) {
        if (c < distance) continue;
        wchar_t upper = static_cast<wchar_t>(c - distance);
        if (upper != character && fold(upper) == character) return upper;
    }
    return character;
}

// A text in the given base; as _itow, negative only in base 10.
wchar_t *write_number(uint64_t value, bool negative, wchar_t *text, int radix) {
    wchar_t digits[66];
    size_t count = 0;
    if (radix < 2 || radix > 36) {
        text[0] = 0;
        return text;
    }
    do {
        uint64_t digit = value % static_cast<uint64_t>(radix);
        digits[count++] = static_cast<wchar_t>(digit < 10 ? L'0' + digit : L'a' + digit - 10);
        value /= static_cast<uint64_t>(radix);
    } while (value != 0);
    if (negative) digits[count++] = L'-';
    for (size_t i = 0; i < count; ++i) text[i] = digits[count - 1 - i];
    text[count] = 0;
    return text;
}

template <typename Unit> errno_t copy_bounded(Unit *destination, size_t room, const Unit *source, size_t length, size_t at) {
    if (destination == nullptr || room == 0) return EINVAL;
    if (source == nullptr || at >= room || length >= room - at) {
        destination[0] = 0;
        return source == nullptr ? EINVAL : ERANGE;
    }
    memcpy(destination + at, source, length * sizeof(Unit));
    destination[at + length] = 0;
    return 0;
}

} // namespace

extern "C" {

int _wcsicmp(const wchar_t *first, const wchar_t *second) { return wcscasecmp(first, second); }
int _wcsnicmp(const wchar_t *first, const wchar_t *second, size_t characters) { return wcsncasecmp(first, second, characters); }
wchar_t *_wcsdup(const wchar_t *text) { return wcsdup(text); }
wchar_t *_wcslwr(wchar_t *text) {
    for (wchar_t *at = text; *at != 0; ++at) *at = fold(*at);
    return text;
}
wchar_t *_wcsupr(wchar_t *text) {
    for (wchar_t *at = text; *at != 0; ++at) *at = raise(*at);
    return text;
}
wchar_t *_wcsrev(wchar_t *text) {
    size_t length = wcslen(text);
    for (size_t i = 0; i < length / 2; ++i) {
        wchar_t other = text[i];
        text[i] = text[length - 1 - i];
        text[length - 1 - i] = other;
    }
    return text;
}

errno_t wcscpy_s(wchar_t *destination, size_t characters, const wchar_t *source) {
    return copy_bounded(destination, characters, source, source == nullptr ? 0 : wcslen(source), 0);
}
errno_t wcscat_s(wchar_t *destination, size_t characters, const wchar_t *source) {
    if (destination == nullptr) return EINVAL;
    return copy_bounded(destination, characters, source, source == nullptr ? 0 : wcslen(source), wcsnlen(destination, characters));
}
errno_t wcsncpy_s(wchar_t *destination, size_t characters, const wchar_t *source, size_t count) {
    if (source == nullptr || destination == nullptr || characters == 0) return copy_bounded(destination, characters, source, 0, 0);
    if (count == _TRUNCATE) count = characters - 1;
    return copy_bounded(destination, characters, source, wcsnlen(source, count), 0);
}
errno_t strcpy_s(char *destination, size_t bytes, const char *source) {
    return copy_bounded(destination, bytes, source, source == nullptr ? 0 : strlen(source), 0);
}
errno_t strcat_s(char *destination, size_t bytes, const char *source) {
    if (destination == nullptr) return EINVAL;
    return copy_bounded(destination, bytes, source, source == nullptr ? 0 : strlen(source), strnlen(destination, bytes));
}

int _wtoi(const wchar_t *text) { return static_cast<int>(wcstol(text, nullptr, 10)); }
long _wtol(const wchar_t *text) { return wcstol(text, nullptr, 10); }
__int64 _wtoi64(const wchar_t *text) { return wcstoll(text, nullptr, 10); }
unsigned __int64 _wcstoui64(const wchar_t *text, wchar_t **end, int radix) { return wcstoull(text, end, radix); }
wchar_t *_itow(int value, wchar_t *text, int radix) {
    bool negative = radix == 10 && value < 0;
    uint32_t bits = static_cast<uint32_t>(value);
    return write_number(negative ? 0u - bits : bits, negative, text, radix);
}
wchar_t *_ultow(unsigned long value, wchar_t *text, int radix) { return write_number(value, false, text, radix); }

FILE *_wfopen(const wchar_t *path, const wchar_t *mode) {
    if (path == nullptr || mode == nullptr) {
        errno = EINVAL;
        return nullptr;
    }
    // "t" and "ccs=" have no meaning here: bytes are written as they are.
    std::string narrow;
    for (const wchar_t *at = mode; *at != 0 && *at != L','; ++at)
        if (wcschr(L"rwab+x", *at) != nullptr) narrow.push_back(static_cast<char>(*at));
    std::string file;
    if (!exeunt::machine_path(path, narrow.find('r') == 0 ? exeunt::Last::existing : exeunt::Last::created, file)) {
        errno = ENOENT;
        return nullptr;
    }
    return fopen(file.c_str(), (narrow + "e").c_str());
}
errno_t _wfopen_s(FILE **file, const wchar_t *path, const wchar_t *mode) {
    if (file == nullptr) return EINVAL;
    *file = _wfopen(path, mode);
    return *file == nullptr ? errno : 0;
}
int fputws(const wchar_t *text, FILE *file) {
    std::string bytes = exeunt::to_utf8(text, wcslen(text));
    return fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() ? 0 : -1;
}
int vfwprintf(FILE *file, const wchar_t *format, va_list arguments) {
    std::wstring made;
    if (!exeunt::format_text(made, format, false, arguments) || fputws(made.c_str(), file) < 0) return -1;
    return static_cast<int>(made.size());
}
int fwprintf(FILE *file, const wchar_t *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = vfwprintf(file, format, arguments);
    va_end(arguments);
    return written;
}
int wprintf(const wchar_t *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = vfwprintf(stderr, format, arguments); // standard output belongs to the host
    va_end(arguments);
    return written;
}

} // extern "C"
