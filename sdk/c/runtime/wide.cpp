// The wide-character functions of standard C, for 16-bit characters. They have the names of the C library's, which are for 32
// bits; the version script keeps them inside the module, and the linker prefers them there.

#include "runtime.h"

using exeunt::fold;

namespace {

int difference(wchar_t a, wchar_t b) { return a == b ? 0 : static_cast<uint16_t>(a) < static_cast<uint16_t>(b) ? -1 : 1; }

// The narrow form of a number at the start of a text: enough for any that fits.
size_t narrow_number(const wchar_t *text, char *out, size_t room) {
    size_t i = 0;
    for (; i + 1 < room && text[i] != 0 && static_cast<uint16_t>(text[i]) < 0x80; ++i) out[i] = static_cast<char>(text[i]);
    out[i] = 0;
    return i;
}

template <typename Value> Value number(const wchar_t *text, wchar_t **end, int base, Value (*parse)(const char *, char **, int)) {
    char narrow[256];
    char *stop = narrow;
    narrow_number(text, narrow, sizeof(narrow));
    Value value = parse(narrow, &stop, base);
    if (end != nullptr) *end = const_cast<wchar_t *>(text) + (stop - narrow);
    return value;
}

} // namespace

// For C++ the C library declares these once for const text and once for other, both under the one name of C.
const wchar_t *wmemchr(const wchar_t *text, wchar_t value, size_t count) noexcept {
    for (size_t i = 0; i < count; ++i)
        if (text[i] == value) return text + i;
    return nullptr;
}
const wchar_t *wcschr(const wchar_t *text, wchar_t value) noexcept {
    for (;; ++text) {
        if (*text == value) return text;
        if (*text == 0) return nullptr;
    }
}
const wchar_t *wcsrchr(const wchar_t *text, wchar_t value) noexcept {
    const wchar_t *found = nullptr;
    for (;; ++text) {
        if (*text == value) found = text;
        if (*text == 0) return found;
    }
}
const wchar_t *wcsstr(const wchar_t *text, const wchar_t *part) noexcept {
    size_t length = wcslen(part);
    for (;; ++text) {
        if (wcsncmp(text, part, length) == 0) return text;
        if (*text == 0) return nullptr;
    }
}
const wchar_t *wcspbrk(const wchar_t *text, const wchar_t *accepted) noexcept {
    text += wcscspn(text, accepted);
    return *text == 0 ? nullptr : text;
}

extern "C" {

size_t wcslen(const wchar_t *text) {
    size_t length = 0;
    while (text[length] != 0) ++length;
    return length;
}
size_t wcsnlen(const wchar_t *text, size_t room) {
    size_t length = 0;
    while (length < room && text[length] != 0) ++length;
    return length;
}
wchar_t *wmemcpy(wchar_t *destination, const wchar_t *source, size_t count) {
    return static_cast<wchar_t *>(memcpy(destination, source, count * sizeof(wchar_t)));
}
wchar_t *wmemmove(wchar_t *destination, const wchar_t *source, size_t count) {
    return static_cast<wchar_t *>(memmove(destination, source, count * sizeof(wchar_t)));
}
wchar_t *wmemset(wchar_t *destination, wchar_t value, size_t count) {
    for (size_t i = 0; i < count; ++i) destination[i] = value;
    return destination;
}
int wmemcmp(const wchar_t *first, const wchar_t *second, size_t count) {
    for (size_t i = 0; i < count; ++i)
        if (first[i] != second[i]) return difference(first[i], second[i]);
    return 0;
}
wchar_t *wcscpy(wchar_t *destination, const wchar_t *source) { return wmemcpy(destination, source, wcslen(source) + 1); }
wchar_t *wcsncpy(wchar_t *destination, const wchar_t *source, size_t count) {
    size_t length = wcsnlen(source, count);
    wmemcpy(destination, source, length);
    wmemset(destination + length, 0, count - length);
    return destination;
}
wchar_t *wcscat(wchar_t *destination, const wchar_t *source) {
    wcscpy(destination + wcslen(destination), source);
    return destination;
}
wchar_t *wcsncat(wchar_t *destination, const wchar_t *source, size_t count) {
    size_t at = wcslen(destination), length = wcsnlen(source, count);
    wmemcpy(destination + at, source, length);
    destination[at + length] = 0;
    return destination;
}
int wcscmp(const wchar_t *first, const wchar_t *second) {
    while (*first != 0 && *first == *second) ++first, ++second;
    return difference(*first, *second);
}
int wcsncmp(const wchar_t *first, const wchar_t *second, size_t count) {
    for (; count > 0; --count, ++first, ++second)
        if (*first != *second || *first == 0) return difference(*first, *second);
    return 0;
}
int wcscoll(const wchar_t *first, const wchar_t *second) { return wcscmp(first, second); }
int wcscasecmp(const wchar_t *first, const wchar_t *second) {
    while (*first != 0 && fold(*first) == fold(*second)) ++first, ++second;
    return difference(fold(*first), fold(*second));
}
int wcsncasecmp(const wchar_t *first, const wchar_t *second, size_t count) {
    for (; count > 0; --count, ++first, ++second)
        if (fold(*first) != fold(*second) || *first == 0) return difference(fold(*first), fold(*second));
    return 0;
}
size_t wcsspn(const wchar_t *text, const wchar_t *accepted) {
    size_t i = 0;
    while (text[i] != 0 && wcschr(accepted, text[i]) != nullptr) ++i;
    return i;
}
size_t wcscspn(const wchar_t *text, const wchar_t *refused) {
    size_t i = 0;
    while (text[i] != 0 && wcschr(refused, text[i]) == nullptr) ++i;
    return i;
}
wchar_t *wcstok(wchar_t *text, const wchar_t *separators, wchar_t **state) {
    if (text == nullptr) text = *state;
    text += wcsspn(text, separators);
    if (*text == 0) {
        *state = text;
        return nullptr;
    }
    wchar_t *end = text + wcscspn(text, separators);
    *state = *end == 0 ? end : end + 1;
    *end = 0;
    return text;
}
wchar_t *wcsdup(const wchar_t *text) {
    size_t bytes = (wcslen(text) + 1) * sizeof(wchar_t);
    void *copy = malloc(bytes);
    return copy == nullptr ? nullptr : static_cast<wchar_t *>(memcpy(copy, text, bytes));
}

long wcstol(const wchar_t *text, wchar_t **end, int base) { return number<long>(text, end, base, strtol); }
unsigned long wcstoul(const wchar_t *text, wchar_t **end, int base) { return number<unsigned long>(text, end, base, strtoul); }
long long wcstoll(const wchar_t *text, wchar_t **end, int base) { return number<long long>(text, end, base, strtoll); }
unsigned long long wcstoull(const wchar_t *text, wchar_t **end, int base) {
    return number<unsigned long long>(text, end, base, strtoull);
}
double wcstod(const wchar_t *text, wchar_t **end) {
    char narrow[256];
    char *stop = narrow;
    narrow_number(text, narrow, sizeof(narrow));
    double value = strtod(narrow, &stop);
    if (end != nullptr) *end = const_cast<wchar_t *>(text) + (stop - narrow);
    return value;
}
// Newer C libraries rename these in their headers.
long __isoc23_wcstol(const wchar_t *text, wchar_t **end, int base) { return wcstol(text, end, base); }
unsigned long __isoc23_wcstoul(const wchar_t *text, wchar_t **end, int base) { return wcstoul(text, end, base); }
long long __isoc23_wcstoll(const wchar_t *text, wchar_t **end, int base) { return wcstoll(text, end, base); }
unsigned long long __isoc23_wcstoull(const wchar_t *text, wchar_t **end, int base) { return wcstoull(text, end, base); }

// The multibyte encoding is UTF-8.
size_t mbstowcs(wchar_t *text, const char *bytes, size_t characters) {
    bool malformed = false;
    std::wstring made = exeunt::from_utf8(bytes, strlen(bytes), &malformed);
    if (malformed) {
        errno = EILSEQ;
        return static_cast<size_t>(-1);
    }
    if (text == nullptr) return made.size();
    size_t fits = made.size() < characters ? made.size() : characters;
    wmemcpy(text, made.data(), fits);
    if (fits < characters) text[fits] = 0;
    return fits;
}
size_t wcstombs(char *bytes, const wchar_t *text, size_t count) {
    bool malformed = false;
    std::string made = exeunt::to_utf8(text, wcslen(text), &malformed);
    if (malformed) {
        errno = EILSEQ;
        return static_cast<size_t>(-1);
    }
    if (bytes == nullptr) return made.size();
    size_t fits = made.size() < count ? made.size() : count;
    while (fits < made.size() && fits > 0 && (static_cast<unsigned char>(made[fits]) & 0xc0) == 0x80) --fits; // whole characters
    memcpy(bytes, made.data(), fits);
    if (fits < count) bytes[fits] = 0;
    return fits;
}
size_t wcsftime(wchar_t *text, size_t characters, const wchar_t *format, const struct tm *time) {
    std::string narrow = exeunt::to_utf8(format, wcslen(format));
    std::string made(characters * 4 + 1, '\0');
    size_t length = strftime(made.data(), made.size(), narrow.c_str(), time);
    std::wstring wide = exeunt::from_utf8(made.data(), length);
    if (wide.size() >= characters) return 0;
    wmemcpy(text, wide.c_str(), wide.size() + 1);
    return wide.size();
}

} // extern "C"
