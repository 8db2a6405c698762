#include "check.h"

#include <strsafe.h>
#include <tchar.h>
#include <wincrypt.h>

namespace {

std::wstring formatted(const wchar_t *format, ...) {
    wchar_t buffer[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vswprintf(buffer, ARRAYSIZE(buffer), format, arguments);
    va_end(arguments);
    return length < 0 ? L"(error)" : std::wstring(buffer, static_cast<size_t>(length));
}

} // namespace

TEST(wide_functions_work_on_16_bits) {
    wchar_t buffer[32];
    SAME(wcslen(L"h\u00e9llo"), 5u);
    SAME(std::wstring(wcscpy(buffer, L"abc")), L"abc");
    SAME(std::wstring(wcscat(buffer, L"def")), L"abcdef");
    SAME(std::wstring(wcsncpy(buffer, L"xy", 4)), L"xy");
    SAME(std::wstring(wcsncat(buffer, L"zwv", 2)), L"xyzw");
    CHECK(wcscmp(L"a", L"b") < 0 && wcscmp(L"b", L"a") > 0 && wcscmp(L"a", L"a") == 0);
    CHECK(wcsncmp(L"abc", L"abd", 2) == 0);
    CHECK(wcscmp(L"\uffee", L"a") > 0); // units are not signed
    CHECK(_wcsicmp(L"RequestID", L"requestid") == 0 && _wcsicmp(L"\u00c9", L"\u00e9") == 0 && _wcsnicmp(L"ABx", L"aby", 2) == 0);
    SAME(wcschr(L"a.b.c", L'.') - wcschr(L"a.b.c", L'a'), 1);
    SAME(std::wstring(wcsrchr(L"a.b.c", L'.')), L".c");
    SAME(std::wstring(wcsstr(L"a needle b", L"needle")), L"needle b");
    CHECK(wcsstr(L"abc", L"x") == nullptr && wcspbrk(L"abc", L"xc") != nullptr);
    SAME(wcsspn(L"aab", L"a"), 2u);
    SAME(wcscspn(L"ab,c", L","), 2u);
    wchar_t list[] = L",one,,two";
    wchar_t *state = nullptr;
    SAME(std::wstring(wcstok(list, L",", &state)), L"one");
    SAME(std::wstring(wcstok(nullptr, L",", &state)), L"two");
    CHECK(wcstok(nullptr, L",", &state) == nullptr);
    wchar_t *end = nullptr;
    SAME(wcstoul(L"0x1fz", &end, 0), 31ul);
    SAME(*end, L'z');
    SAME(_wtoi(L"-42"), -42);
    SAME(std::wstring(_itow(-255, buffer, 10)), L"-255");
    SAME(std::wstring(_itow(-1, buffer, 16)), L"ffffffff");
    wchar_t upper[] = L"abc\u00e9\u0151";
    SAME(std::wstring(_wcsupr(upper)), L"ABC\u00c9\u0150");
    SAME(std::wstring(_wcslwr(upper)), L"abc\u00e9\u0151");
    wchar_t *copy = _wcsdup(L"copy");
    SAME(std::wstring(copy), L"copy");
    free(copy);
}

TEST(texts_as_they_were_made_before_2005) {
    wchar_t room[8];
    SAME(swprintf(room, L"%s-%d", L"ab", 7), 4); // an array bounds what is written
    SAME(std::wstring(room), L"ab-7");
    SAME(swprintf(room, L"plain"), 5);
    SAME(swprintf(room, L"%s", L"longer than that"), -1);
    SAME(std::wstring(room), L"longer ");
    SAME(swprintf(room, 4, L"%d", 12345), -1);
    wchar_t *at = room + 3;
    SAME(swprintf(at, L"%c%hs", L'x', "yz"), 3);
    SAME(std::wstring(room), L"123xyz");
    SAME(_stprintf(room, _T("%ld"), 5L), 1);
    struct {
        wchar_t name[4];
    } inside;
    swprintf(inside.name, L"%u", 65535u);
    SAME(std::wstring(inside.name), L"655");

    std::wstring many(2000, L'm');
    std::wstring big(1024, L'#');
    SAME(wsprintf(&big[0], L"%s", many.c_str()), 1023);
    SAME(wcslen(big.c_str()), 1023u);
    SAME(wsprintfW(room, L"%#x %ws", 255, L"w"), 6);
    SAME(std::wstring(room), L"0xff w");

    SAME(std::wstring(lstrcat(lstrcpy(room, L"abc"), L"de")), L"abcde");
    SAME(std::wstring(lstrcpyn(room, L"vwxyz", 4)), L"vwx");
    CHECK(lstrcpyn(room, L"a", 0) == nullptr && lstrcpy(nullptr, L"a") == nullptr && lstrcat(room, nullptr) == nullptr);
}

TEST(std_wstring_has_16_bit_characters) {
    std::wstring text(40, L'x');
    text += L"\u00e9";
    text.insert(3, L"abc");
    SAME(text.size(), 44u);
    SAME(text.find(L"abc"), 3u);
    SAME(text.substr(3, 3), std::wstring(L"abc"));
    SAME(std::to_wstring(-17), std::wstring(L"-17"));
}

TEST(formats_mean_what_they_mean_on_windows) {
    SAME(formatted(L"%d|%5d|%-5d|%05d|%+d", 7, 7, 7, 7, 7), L"7|    7|7    |00007|+7");
    SAME(formatted(L"%x|%X|%#x|%08x", 255, 255, 255, 0x80094004), L"ff|FF|0xff|80094004");
    SAME(formatted(L"%lx|%lu|%ld", 0x80094004u, 4000000000u, -5), L"80094004|4000000000|-5"); // long has 32 bits
    SAME(formatted(L"%I64d|%llu|%I64x", -1LL, 18446744073709551615ULL, 1ULL << 40), L"-1|18446744073709551615|10000000000");
    SAME(formatted(L"%s|%ls|%S|%hs", L"wide", L"wide", "narrow", "narr\xc3\xa9w"), L"wide|wide|narrow|narr\u00e9w");
    SAME(formatted(L"%10s|%-10s|%.2s", L"ab", L"ab", L"abcdef"), L"        ab|ab        |ab");
    SAME(formatted(L"%*d|%.*s", 4, 1, 2, L"xyz"), L"   1|xy");
    SAME(formatted(L"%c%c%%", L'a', L'\u00e9'), L"a\u00e9%");
    SAME(formatted(L"%s", static_cast<const wchar_t *>(nullptr)), L"(null)");
    SAME(formatted(L"%.3f|%e|%g", 1.5, 1.5, 0.25), L"1.500|1.500000e+00|0.25");
    SAME(formatted(L"%hd|%hu|%hhx", 70000, 70000, 0x1ff), L"4464|4464|ff");
    SAME(formatted(L"%n", nullptr), L"(error)");
    wchar_t buffer[4];
    SAME(swprintf(buffer, 4, L"abcd"), -1);
    SAME(std::wstring(buffer), L"abc");
    SAME(_snwprintf(buffer, 3, L"abc"), 3);
    SAME(_snwprintf(buffer, 4, L"abc"), 3);
    SAME(_scwprintf(L"%d", 12345), 5);
    SAME(swprintf_s(buffer, 4, L"abcd"), -1);
    SAME(std::wstring(buffer), L"");
    char narrow[16];
    SAME(sprintf_s(narrow, sizeof(narrow), "%s-%lx", "a", 0x80070050u), 10);
    SAME(std::string(narrow), "a-80070050");
}

TEST(bounded_texts) {
    wchar_t buffer[8];
    SAME(StringCchCopyW(buffer, 8, L"1234567"), S_OK);
    SAME(StringCchCopyW(buffer, 8, L"12345678"), STRSAFE_E_INSUFFICIENT_BUFFER);
    SAME(std::wstring(buffer), L"1234567");
    SAME(StringCchCatW(buffer, 8, L"x"), STRSAFE_E_INSUFFICIENT_BUFFER);
    SAME(StringCchCopyW(buffer, 0, L""), STRSAFE_E_INVALID_PARAMETER);
    SAME(StringCchPrintfW(buffer, 8, L"%d", 123456789), STRSAFE_E_INSUFFICIENT_BUFFER);
    SAME(std::wstring(buffer), L"1234567");
    SAME(StringCbPrintfW(buffer, sizeof(buffer), L"%ls", L"ok"), S_OK);
    size_t length = 9;
    SAME(StringCchLengthW(L"abc", 10, &length), S_OK);
    SAME(length, 3u);
    SAME(StringCchLengthW(L"abc", 3, &length), STRSAFE_E_INVALID_PARAMETER);
    SAME(wcscpy_s(buffer, 8, L"12345678"), ERANGE);
    SAME(std::wstring(buffer), L"");
    SAME(wcsncpy_s(buffer, 4, L"abcdef", _TRUNCATE), 0);
    SAME(std::wstring(buffer), L"abc");
    SAME(wcscat_s(buffer, 8, L"de"), 0);
    SAME(std::wstring(buffer), L"abcde");
}

TEST(code_pages) {
    struct Pair {
        const char *utf8;
        const wchar_t *wide;
    };
    const Pair pairs[] = {{"", L""}, {"plain", L"plain"}, {"\xc3\xa9\xe2\x82\xac", L"\u00e9\u20ac"}, {"\xf0\x9f\x94\x91", L"\xd83d\xdd11"}};
    for (const Pair &pair : pairs) {
        wchar_t wide[32];
        char narrow[32];
        SAME(MultiByteToWideChar(CP_UTF8, 0, pair.utf8, -1, wide, 32), static_cast<int>(wcslen(pair.wide)) + 1);
        SAME(std::wstring(wide), pair.wide);
        SAME(WideCharToMultiByte(CP_ACP, 0, pair.wide, -1, narrow, 32, nullptr, nullptr), static_cast<int>(strlen(pair.utf8)) + 1);
        SAME(std::string(narrow), pair.utf8);
    }
    wchar_t wide[4];
    const char *malformed[] = {"\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"};
    for (const char *bytes : malformed) FAILS(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes, -1, wide, 0), ERROR_NO_UNICODE_TRANSLATION);
    FAILS(WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, L"\xd800", -1, nullptr, 0, nullptr, nullptr), ERROR_NO_UNICODE_TRANSLATION);
    FAILS(MultiByteToWideChar(CP_UTF8, 0, "abcdef", -1, wide, 2), ERROR_INSUFFICIENT_BUFFER);
    FAILS(MultiByteToWideChar(932, 0, "a", -1, wide, 4), ERROR_INVALID_PARAMETER);
    SAME(MultiByteToWideChar(1252, 0, "\x80\xe9", 2, wide, 4), 2);
    SAME(std::wstring(wide, 2), L"\u20ac\u00e9");
    char byte[4];
    BOOL replaced = FALSE;
    SAME(WideCharToMultiByte(20127, 0, L"a\u00e9", 2, byte, 4, "#", &replaced), 2);
    SAME(std::string(byte, 2), "a#");
    CHECK(replaced);
    SAME(CompareStringOrdinal(L"abc", -1, L"ABC", -1, TRUE), CSTR_EQUAL);
    SAME(CompareStringOrdinal(L"ab", 2, L"abc", 3, FALSE), CSTR_LESS_THAN);
}

TEST(base64_of_bytes) {
    const BYTE bytes[] = {'f', 'o', 'o', 'b', 'a', 'r', 0xff};
    const char *wanted[] = {"Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "Zm9vYmFy/w=="}; // RFC 4648 10
    for (DWORD count = 1; count <= 7; ++count) {
        wchar_t text[64];
        DWORD room = 64;
        CHECK(CryptBinaryToStringW(bytes, count, CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF, text, &room));
        SAME(room, strlen(wanted[count - 1]));
        char narrow[64];
        WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, 64, nullptr, nullptr);
        SAME(std::string(narrow), wanted[count - 1]);
    }
    char pem[256];
    DWORD room = sizeof(pem);
    CHECK(CryptBinaryToStringA(bytes, 7, CRYPT_STRING_BASE64HEADER | CRYPT_STRING_NOCR, pem, &room));
    SAME(std::string(pem), "-----BEGIN CERTIFICATE-----\nZm9vYmFy/w==\n-----END CERTIFICATE-----\n");
    room = 3;
    FAILS(CryptBinaryToStringA(bytes, 7, CRYPT_STRING_BASE64, pem, &room), ERROR_MORE_DATA);
}

TEST(messages) {
    wchar_t text[128];
    CHECK(FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, ERROR_FILE_EXISTS, 0, text, 128, nullptr) > 0);
    SAME(std::wstring(text), L"The file exists.\r\n");
    CHECK(FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM, nullptr, static_cast<DWORD>(CERTSRV_E_PROPERTY_EMPTY), 0, text, 128, nullptr) > 0);
    SAME(FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM, nullptr, 0x7123, 0, text, 128, nullptr), 0u);
    DWORD_PTR inserts[] = {reinterpret_cast<DWORD_PTR>(L"one"), reinterpret_cast<DWORD_PTR>(L"two")};
    LPWSTR made = nullptr;
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY | FORMAT_MESSAGE_ALLOCATE_BUFFER, L"%2!s! %1 100%%%n", 0, 0,
                                  reinterpret_cast<LPWSTR>(&made), 0, reinterpret_cast<va_list *>(inserts));
    SAME(std::wstring(made, length), L"two one 100%\r\n");
    LocalFree(made);
}

TEST(bytes_as_digits) {
    const BYTE *bytes = reinterpret_cast<const BYTE *>(": certlib\\ldap.cpp");
    struct {
        DWORD flags;
        const wchar_t *text;
    } cases[] = {
        {CRYPT_STRING_HEX, L"3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63\r\n70 70\r\n"},
        {CRYPT_STRING_HEX | CRYPT_STRING_NOCR, L"3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63\n70 70\n"},
        {CRYPT_STRING_HEX | CRYPT_STRING_NOCRLF, L"3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63 70 70"},
        {CRYPT_STRING_HEXRAW | CRYPT_STRING_NOCRLF, L"3a20636572746c69625c6c6461702e637070"},
    };
    for (const auto &one : cases) {
        wchar_t text[80];
        DWORD room = 80;
        CHECK(CryptBinaryToStringW(bytes, 18, one.flags, text, &room));
        SAME(std::wstring(text, room), one.text);
    }
}
