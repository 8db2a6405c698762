// printf for 16-bit characters, with the meaning Windows gives to a format.

#include <cmath>

#include <strsafe.h>

#include "runtime.h"

namespace exeunt {

namespace {

constexpr size_t characters_max = 16u << 20;

// Of an integer, or of a text.
enum class Size { standard, tiny, small, wide, huge, pointer };

struct Specification {
    std::string flags; // of - + space 0 #
    int width = -1;
    int precision = -1;
    Size size = Size::standard;
    wchar_t conversion = 0;
};

// A va_list that can be handed on by reference: as a parameter it may be an array.
struct Arguments {
    va_list list;
};

const wchar_t *parse(const wchar_t *at, Arguments &arguments, Specification &specification) {
    for (; *at != 0 && wcschr(L"-+ 0#", *at) != nullptr; ++at) specification.flags.push_back(static_cast<char>(*at));
    auto number = [&](int &value) {
        if (*at == L'*') {
            value = va_arg(arguments.list, int);
            ++at;
            return;
        }
        value = 0;
        for (; *at >= L'0' && *at <= L'9'; ++at)
            if (value <= static_cast<int>(characters_max)) value = value * 10 + (*at - L'0');
    };
    if (*at == L'*' || (*at >= L'0' && *at <= L'9')) number(specification.width);
    if (specification.width < -1) {
        specification.flags.push_back('-');
        specification.width = -specification.width;
    }
    if (*at == L'.') {
        ++at;
        number(specification.precision);
        if (specification.precision < 0) specification.precision = -1;
    }
    struct Prefix {
        const wchar_t *text;
        Size size;
    };
    static const Prefix prefixes[] = {{L"I64", Size::huge}, {L"I32", Size::standard}, {L"hh", Size::tiny}, {L"ll", Size::huge},
                                      {L"h", Size::small},  {L"l", Size::wide},       {L"w", Size::wide},  {L"j", Size::huge},
                                      {L"I", Size::pointer}, {L"z", Size::pointer},   {L"t", Size::pointer}, {L"L", Size::standard}};
    for (const Prefix &prefix : prefixes) {
        size_t length = wcslen(prefix.text);
        if (wcsncmp(at, prefix.text, length) != 0) continue;
        specification.size = prefix.size;
        at += length;
        break;
    }
    specification.conversion = *at;
    return *at == 0 ? at : at + 1;
}

void pad(std::wstring &out, const Specification &specification, const std::wstring &text) {
    size_t width = specification.width < 0 ? 0 : static_cast<size_t>(specification.width);
    size_t fill = text.size() < width ? width - text.size() : 0;
    bool left = specification.flags.find('-') != std::string::npos;
    if (!left) out.append(fill, L' ');
    out += text;
    if (left) out.append(fill, L' ');
}

std::wstring wide_argument(const Specification &specification, Arguments &arguments, bool narrow) {
    size_t most = specification.precision < 0 ? characters_max : static_cast<size_t>(specification.precision);
    if (narrow) {
        const char *text = va_arg(arguments.list, const char *);
        if (text == nullptr) text = "(null)";
        return from_utf8(text, strnlen(text, most));
    }
    const wchar_t *text = va_arg(arguments.list, const wchar_t *);
    if (text == nullptr) text = L"(null)";
    return std::wstring(text, wcsnlen(text, most));
}

// The C library's own formatting does numbers; only the sizes differ.
bool append_number(std::wstring &out, const Specification &specification, Arguments &arguments) {
    if (specification.width > static_cast<int>(characters_max) || specification.precision > 4096) return false;
    std::string format = "%" + specification.flags;
    if (specification.width >= 0) format += std::to_string(specification.width);
    if (specification.precision >= 0) format += "." + std::to_string(specification.precision);
    char conversion = static_cast<char>(specification.conversion);
    char *made = nullptr;
    int length;
    if (strchr("diouxX", conversion) != nullptr) {
        bool is_signed = conversion == 'd' || conversion == 'i';
        bool long_argument = specification.size == Size::huge || specification.size == Size::pointer;
        int64_t value = long_argument ? va_arg(arguments.list, int64_t) : va_arg(arguments.list, int32_t);
        if (specification.size == Size::small) value = static_cast<int16_t>(value);
        if (specification.size == Size::tiny) value = static_cast<int8_t>(value);
        uint64_t bits = static_cast<uint64_t>(value);
        if (!is_signed && !long_argument) bits = static_cast<uint32_t>(bits); // long has 32 bits
        if (!is_signed && specification.size == Size::small) bits = static_cast<uint16_t>(bits);
        if (!is_signed && specification.size == Size::tiny) bits = static_cast<uint8_t>(bits);
        length = asprintf(&made, (format + "ll" + conversion).c_str(), bits);
    } else if (conversion == 'p') {
        length = asprintf(&made, "%016llX", static_cast<unsigned long long>(va_arg(arguments.list, uintptr_t)));
    } else {
        length = asprintf(&made, (format + conversion).c_str(), va_arg(arguments.list, double)); // long double is double there
    }
    if (length < 0) return false;
    out += from_utf8(made, static_cast<size_t>(length));
    free(made);
    return true;
}

bool append(std::wstring &out, const Specification &specification, Arguments &arguments, bool narrow) {
    switch (specification.conversion) {
    case L'%':
        out.push_back(L'%');
        return true;
    case L's':
    case L'S': {
        bool is_narrow = specification.conversion == L's' ? narrow : !narrow;
        if (specification.size == Size::wide) is_narrow = false;
        if (specification.size == Size::small) is_narrow = true;
        if (specification.width > static_cast<int>(characters_max)) return false;
        pad(out, specification, wide_argument(specification, arguments, is_narrow));
        return true;
    }
    case L'c':
    case L'C':
        if (specification.width > static_cast<int>(characters_max)) return false;
        pad(out, specification, std::wstring(1, static_cast<wchar_t>(va_arg(arguments.list, int))));
        return true;
    default:
        if (specification.conversion == 0 || wcschr(L"diouxXpeEfFgGaA", specification.conversion) == nullptr) return false;
        return append_number(out, specification, arguments);
    }
}

} // namespace

bool format_text(std::wstring &out, const wchar_t *format, bool narrow, va_list list) {
    if (format == nullptr) return false;
    Arguments arguments;
    va_copy(arguments.list, list);
    bool well = true;
    for (const wchar_t *at = format; well && *at != 0;) {
        if (*at != L'%') {
            out.push_back(*at++);
            continue;
        }
        Specification specification;
        at = parse(at + 1, arguments, specification);
        well = append(out, specification, arguments, narrow) && out.size() <= characters_max;
    }
    va_end(arguments.list);
    return well;
}

} // namespace exeunt

using exeunt::format_text;

// The last named argument of each differs, so they cannot share one function.
#define WITH_ARGUMENTS(last, call)                                                                                             \
    va_list arguments;                                                                                                         \
    va_start(arguments, last);                                                                                                 \
    auto result = call;                                                                                                        \
    va_end(arguments);                                                                                                         \
    return result

extern "C" {

int vswprintf(wchar_t *buffer, size_t characters, const wchar_t *format, va_list arguments) {
    std::wstring made;
    if (characters == 0 || !format_text(made, format, false, arguments)) return -1;
    size_t fits = made.size() < characters ? made.size() : characters - 1;
    wmemcpy(buffer, made.data(), fits);
    buffer[fits] = 0;
    return fits < made.size() ? -1 : static_cast<int>(fits);
}
int swprintf(wchar_t *buffer, size_t characters, const wchar_t *format, ...) {
    WITH_ARGUMENTS(format, vswprintf(buffer, characters, format, arguments));
}
int _vsnwprintf(wchar_t *buffer, size_t characters, const wchar_t *format, va_list arguments) {
    std::wstring made;
    if (!format_text(made, format, false, arguments)) return -1;
    size_t fits = made.size() < characters ? made.size() : characters;
    wmemcpy(buffer, made.data(), fits);
    if (fits < characters) buffer[fits] = 0;
    return fits < made.size() ? -1 : static_cast<int>(fits);
}
int _snwprintf(wchar_t *buffer, size_t characters, const wchar_t *format, ...) {
    WITH_ARGUMENTS(format, _vsnwprintf(buffer, characters, format, arguments));
}
int wvsprintfW(LPWSTR buffer, LPCWSTR format, va_list arguments) {
    const size_t room = 1024; // what Windows writes at most
    std::wstring made;
    if (buffer == nullptr || !format_text(made, format, false, arguments)) return 0;
    size_t fits = made.size() < room ? made.size() : room - 1;
    wmemcpy(buffer, made.data(), fits);
    buffer[fits] = 0;
    return static_cast<int>(fits);
}
int wsprintfW(LPWSTR buffer, LPCWSTR format, ...) { WITH_ARGUMENTS(format, wvsprintfW(buffer, format, arguments)); }
int _vscwprintf(const wchar_t *format, va_list arguments) {
    std::wstring made;
    return format_text(made, format, false, arguments) ? static_cast<int>(made.size()) : -1;
}
int _scwprintf(const wchar_t *format, ...) { WITH_ARGUMENTS(format, _vscwprintf(format, arguments)); }
int vswprintf_s(wchar_t *buffer, size_t characters, const wchar_t *format, va_list arguments) {
    int written = vswprintf(buffer, characters, format, arguments);
    if (written < 0 && buffer != nullptr && characters > 0) buffer[0] = 0;
    return written;
}
int swprintf_s(wchar_t *buffer, size_t characters, const wchar_t *format, ...) {
    WITH_ARGUMENTS(format, vswprintf_s(buffer, characters, format, arguments));
}
int _snwprintf_s(wchar_t *buffer, size_t characters, size_t count, const wchar_t *format, ...) {
    std::wstring made;
    va_list arguments;
    va_start(arguments, format);
    bool well = format_text(made, format, false, arguments);
    va_end(arguments);
    if (!well || buffer == nullptr || characters == 0) return -1;
    size_t most = count == _TRUNCATE || count > characters - 1 ? characters - 1 : count;
    if (made.size() > most && count != _TRUNCATE && count >= characters) {
        buffer[0] = 0;
        return -1;
    }
    size_t fits = made.size() < most ? made.size() : most;
    wmemcpy(buffer, made.data(), fits);
    buffer[fits] = 0;
    return fits < made.size() ? -1 : static_cast<int>(fits);
}

int _vsnprintf(char *buffer, size_t bytes, const char *format, va_list arguments) {
    std::wstring made;
    if (format == nullptr || !format_text(made, exeunt::from_utf8(format, strlen(format)).c_str(), true, arguments)) return -1;
    std::string narrow = exeunt::to_utf8(made);
    size_t fits = narrow.size() < bytes ? narrow.size() : bytes;
    memcpy(buffer, narrow.data(), fits);
    if (fits < bytes) buffer[fits] = 0;
    return fits < narrow.size() ? -1 : static_cast<int>(fits);
}
int _snprintf(char *buffer, size_t bytes, const char *format, ...) {
    WITH_ARGUMENTS(format, _vsnprintf(buffer, bytes, format, arguments));
}
int sprintf_s(char *buffer, size_t bytes, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = _vsnprintf(buffer, bytes, format, arguments);
    va_end(arguments);
    if (written >= 0 && static_cast<size_t>(written) < bytes) return written;
    if (buffer != nullptr && bytes > 0) buffer[0] = 0;
    return -1;
}

HRESULT StringCchVPrintfW(LPWSTR destination, size_t characters, LPCWSTR format, va_list arguments) {
    if (destination == nullptr || characters == 0 || characters > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    std::wstring made;
    bool well = format_text(made, format, false, arguments);
    size_t fits = !well ? 0 : made.size() < characters ? made.size() : characters - 1;
    wmemcpy(destination, made.data(), fits);
    destination[fits] = 0;
    return !well ? STRSAFE_E_INVALID_PARAMETER : fits < made.size() ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}
HRESULT StringCchPrintfW(LPWSTR destination, size_t characters, LPCWSTR format, ...) {
    WITH_ARGUMENTS(format, StringCchVPrintfW(destination, characters, format, arguments));
}
HRESULT StringCbPrintfW(LPWSTR destination, size_t bytes, LPCWSTR format, ...) {
    WITH_ARGUMENTS(format, StringCchVPrintfW(destination, bytes / sizeof(wchar_t), format, arguments));
}
HRESULT StringCchPrintfA(LPSTR destination, size_t bytes, LPCSTR format, ...) {
    if (destination == nullptr || bytes == 0 || bytes > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    va_list arguments;
    va_start(arguments, format);
    std::wstring made;
    bool well = format != nullptr && format_text(made, exeunt::from_utf8(format, strlen(format)).c_str(), true, arguments);
    va_end(arguments);
    std::string narrow = exeunt::to_utf8(made);
    size_t fits = !well ? 0 : narrow.size() < bytes ? narrow.size() : bytes - 1;
    memcpy(destination, narrow.data(), fits);
    destination[fits] = 0;
    return !well ? STRSAFE_E_INVALID_PARAMETER : fits < narrow.size() ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}

} // extern "C"
