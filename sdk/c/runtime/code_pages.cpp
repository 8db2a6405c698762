// MultiByteToWideChar and its kin. The code pages CP_ACP and CP_OEMCP are UTF-8.

#include "runtime.h"

using exeunt::fold;

namespace {

enum class Page { utf8, windows1252, latin1, ascii, unknown };

Page page_of(UINT page) {
    switch (page) {
    case CP_ACP:
    case CP_OEMCP:
    case CP_UTF8:
        return Page::utf8;
    case 1252:
        return Page::windows1252;
    case 28591:
        return Page::latin1;
    case 20127:
        return Page::ascii;
    default:
        return Page::unknown;
    }
}

// What 0x80 to 0x9f mean in Windows-1252; zero for the five that mean nothing.
const uint16_t windows1252_upper[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                        0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

wchar_t single_to_wide(Page page, unsigned char byte, bool &malformed) {
    if (byte < 0x80) return static_cast<wchar_t>(byte);
    if (page == Page::ascii) {
        malformed = true;
        return 0xfffd;
    }
    if (page == Page::windows1252 && byte < 0xa0) {
        uint16_t code = windows1252_upper[byte - 0x80];
        return static_cast<wchar_t>(code == 0 ? byte : code);
    }
    return static_cast<wchar_t>(byte);
}

bool wide_to_single(Page page, wchar_t character, char &byte) {
    uint32_t code = static_cast<uint16_t>(character);
    byte = static_cast<char>(code);
    if (code < 0x80) return true;
    if (page == Page::windows1252) {
        for (unsigned i = 0; i < 32; ++i)
            if (windows1252_upper[i] == code) {
                byte = static_cast<char>(0x80 + i);
                return true;
            }
    }
    return page != Page::ascii && code < 0x100 && (page == Page::latin1 || code >= 0xa0);
}

// Both directions: with no room given the answer is the room needed.
template <typename Unit> int deliver(const Unit *made, size_t count, Unit *buffer, int room) {
    if (count > INT_MAX) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (room == 0) return static_cast<int>(count);
    size_t fits = count < static_cast<size_t>(room) ? count : static_cast<size_t>(room);
    memcpy(buffer, made, fits * sizeof(Unit));
    if (fits < count) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    return static_cast<int>(count);
}

} // namespace

extern "C" {

UINT GetACP(void) { return CP_UTF8; }

int MultiByteToWideChar(UINT page, DWORD flags, LPCSTR bytes, int count, LPWSTR text, int characters) {
    Page known = page_of(page);
    if (known == Page::unknown || bytes == nullptr || count == 0 || characters < 0 || (characters > 0 && text == nullptr)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    size_t length = count < 0 ? strlen(bytes) + 1 : static_cast<size_t>(count);
    bool malformed = false;
    std::wstring made;
    if (known == Page::utf8) {
        made = exeunt::from_utf8(bytes, length, &malformed);
    } else {
        for (size_t i = 0; i < length; ++i) made.push_back(single_to_wide(known, static_cast<unsigned char>(bytes[i]), malformed));
    }
    if (malformed && (flags & MB_ERR_INVALID_CHARS) != 0) {
        SetLastError(ERROR_NO_UNICODE_TRANSLATION);
        return 0;
    }
    return deliver(made.data(), made.size(), text, characters);
}

int WideCharToMultiByte(UINT page, DWORD flags, LPCWSTR text, int characters, LPSTR bytes, int count, LPCSTR replacement,
                        LPBOOL replaced) {
    Page known = page_of(page);
    if (known == Page::unknown || text == nullptr || characters == 0 || count < 0 || (count > 0 && bytes == nullptr) ||
        (known == Page::utf8 && page == CP_UTF8 && (replacement != nullptr || replaced != nullptr))) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    size_t length = characters < 0 ? wcslen(text) + 1 : static_cast<size_t>(characters);
    bool malformed = false;
    std::string made;
    if (known == Page::utf8) {
        made = exeunt::to_utf8(text, length, &malformed);
    } else {
        for (size_t i = 0; i < length; ++i) {
            char byte = 0;
            if (!wide_to_single(known, text[i], byte)) {
                byte = replacement == nullptr ? '?' : replacement[0];
                malformed = true;
            }
            made.push_back(byte);
        }
    }
    if (replaced != nullptr) *replaced = malformed;
    if (malformed && known == Page::utf8 && (flags & WC_ERR_INVALID_CHARS) != 0) {
        SetLastError(ERROR_NO_UNICODE_TRANSLATION);
        return 0;
    }
    return deliver(made.data(), made.size(), bytes, count);
}

int CompareStringOrdinal(LPCWSTR first, int first_characters, LPCWSTR second, int second_characters, BOOL ignore_case) {
    if (first == nullptr || second == nullptr) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    size_t a = first_characters < 0 ? wcslen(first) : static_cast<size_t>(first_characters);
    size_t b = second_characters < 0 ? wcslen(second) : static_cast<size_t>(second_characters);
    for (size_t i = 0; i < a && i < b; ++i) {
        wchar_t x = ignore_case ? fold(first[i]) : first[i], y = ignore_case ? fold(second[i]) : second[i];
        if (x != y) return static_cast<uint16_t>(x) < static_cast<uint16_t>(y) ? CSTR_LESS_THAN : CSTR_GREATER_THAN;
    }
    return a == b ? CSTR_EQUAL : a < b ? CSTR_LESS_THAN : CSTR_GREATER_THAN;
}

int lstrcmpW(LPCWSTR first, LPCWSTR second) { return wcscmp(first == nullptr ? L"" : first, second == nullptr ? L"" : second); }
int lstrcmpiW(LPCWSTR first, LPCWSTR second) { return _wcsicmp(first == nullptr ? L"" : first, second == nullptr ? L"" : second); }
int lstrlenW(LPCWSTR text) { return text == nullptr ? 0 : static_cast<int>(wcslen(text)); }
LPWSTR lstrcpyW(LPWSTR destination, LPCWSTR source) {
    return destination == nullptr || source == nullptr ? nullptr : wcscpy(destination, source);
}
LPWSTR lstrcatW(LPWSTR destination, LPCWSTR source) {
    return destination == nullptr || source == nullptr ? nullptr : wcscat(destination, source);
}
LPWSTR lstrcpynW(LPWSTR destination, LPCWSTR source, int characters) {
    if (destination == nullptr || source == nullptr || characters <= 0) return nullptr;
    int at = 0;
    for (; at < characters - 1 && source[at] != 0; ++at) destination[at] = source[at];
    destination[at] = 0;
    return destination;
}
int lstrlenA(LPCSTR text) { return text == nullptr ? 0 : static_cast<int>(strlen(text)); }

// A pointer without a high part is a single character.
LPWSTR CharUpperW(LPWSTR text) {
    UINT_PTR value = reinterpret_cast<UINT_PTR>(text);
    if (value > 0xffff) return _wcsupr(text);
    wchar_t single[2] = {static_cast<wchar_t>(value), 0};
    return reinterpret_cast<LPWSTR>(static_cast<UINT_PTR>(static_cast<uint16_t>(_wcsupr(single)[0])));
}
LPWSTR CharLowerW(LPWSTR text) {
    UINT_PTR value = reinterpret_cast<UINT_PTR>(text);
    if (value > 0xffff) return _wcslwr(text);
    return reinterpret_cast<LPWSTR>(static_cast<UINT_PTR>(static_cast<uint16_t>(fold(static_cast<wchar_t>(value)))));
}

} // extern "C"
