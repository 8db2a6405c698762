#include "check.h"

namespace {

VARIANT of_text(const wchar_t *text) {
    VARIANT value;
    VariantInit(&value);
    value.vt = VT_BSTR;
    value.bstrVal = SysAllocString(text);
    return value;
}
VARIANT of_long(LONG number) {
    VARIANT value;
    VariantInit(&value);
    value.vt = VT_I4;
    value.lVal = number;
    return value;
}
VARIANT of_double(double number, VARTYPE type = VT_R8) {
    VARIANT value;
    VariantInit(&value);
    value.vt = type;
    value.dblVal = number;
    return value;
}

} // namespace

TEST(texts_know_their_length) {
    BSTR text = SysAllocString(L"h\u00e9llo");
    SAME(SysStringLen(text), 5u);
    SAME(SysStringByteLen(text), 10u);
    SAME(*reinterpret_cast<uint32_t *>(reinterpret_cast<char *>(text) - 4), 10u); // the layout that the host knows
    CHECK(SysReAllocStringLen(&text, text + 1, 2));
    SAME(std::wstring(text, SysStringLen(text)), L"\u00e9l");
    SysFreeString(text);
    BSTR odd = SysAllocStringByteLen("\x30\x03\x02", 3);
    SAME(SysStringByteLen(odd), 3u);
    SAME(SysStringLen(odd), 1u);
    CHECK(memcmp(odd, "\x30\x03\x02\0", 4) == 0);
    free(reinterpret_cast<char *>(odd) - 8); // as the host frees it
    BSTR room = SysAllocStringLen(nullptr, 4);
    SAME(SysStringLen(room), 4u);
    SysFreeString(room);
    CHECK(SysAllocString(nullptr) == nullptr && SysStringLen(nullptr) == 0);
    SysFreeString(nullptr);
}

TEST(values_are_copied_and_freed) {
    VARIANT odd, copy;
    VariantInit(&odd);
    VariantInit(&copy);
    odd.vt = VT_BSTR;
    odd.bstrVal = SysAllocStringByteLen("abc", 3);
    SAME(VariantCopy(&copy, &odd), S_OK);
    CHECK(copy.bstrVal != odd.bstrVal);
    SAME(SysStringByteLen(copy.bstrVal), 3u);
    SAME(VariantCopy(&copy, &copy), S_OK);
    VARIANT reference;
    VariantInit(&reference);
    reference.vt = VT_BYREF | VT_VARIANT;
    reference.pvarVal = &odd;
    SAME(VariantCopyInd(&copy, &reference), S_OK);
    SAME(copy.vt, VT_BSTR);
    SAME(VariantClear(&odd), S_OK);
    SAME(odd.vt, VT_EMPTY);
    SAME(VariantClear(&copy), S_OK);
    VARIANT record;
    VariantInit(&record);
    record.vt = VT_RECORD;
    SAME(VariantClear(&record), DISP_E_BADVARTYPE);
}

TEST(values_change_their_type) {
    struct Row {
        VARIANT from;
        VARTYPE to;
        HRESULT result;
        const wchar_t *text; // the outcome, once more as text
    };
    Row rows[] = {
        {of_long(42), VT_BSTR, S_OK, L"42"},
        {of_long(-1), VT_BSTR, S_OK, L"-1"},
        {of_text(L" 17 "), VT_I4, S_OK, L"17"},
        {of_text(L"17x"), VT_I4, DISP_E_TYPEMISMATCH, nullptr},
        {of_text(L""), VT_I4, DISP_E_TYPEMISMATCH, nullptr},
        {of_text(L"99999999999"), VT_I4, DISP_E_OVERFLOW, nullptr},
        {of_text(L"18446744073709551615"), VT_UI8, S_OK, L"18446744073709551615"},
        {of_text(L"-1"), VT_UI8, DISP_E_OVERFLOW, nullptr},
        {of_text(L"1.5"), VT_R8, S_OK, L"1.5"},
        {of_double(2.5), VT_I4, S_OK, L"2"}, // halves to the even neighbour
        {of_double(3.5), VT_I4, S_OK, L"4"},
        {of_double(1e300), VT_I8, DISP_E_OVERFLOW, nullptr},
        {of_long(300), VT_UI1, DISP_E_OVERFLOW, nullptr},
        {of_long(1), VT_BOOL, S_OK, L"-1"},
        {of_text(L"TRUE"), VT_BOOL, S_OK, L"-1"},
        {of_text(L"nonsense"), VT_BOOL, DISP_E_TYPEMISMATCH, nullptr},
        {of_double(46348.7138888889, VT_DATE), VT_BSTR, S_OK, L"2026-11-22 17:08:00"},
        {of_text(L"2026-11-22T17:08:00"), VT_DATE, S_OK, L"2026-11-22 17:08:00"},
        {of_text(L"2026-02-30"), VT_DATE, DISP_E_TYPEMISMATCH, nullptr},
        {of_long(7), VT_CY, S_OK, L"7"},
        {of_long(7), VT_RECORD, DISP_E_BADVARTYPE, nullptr},
    };
    for (Row &row : rows) {
        VARIANT to, text;
        VariantInit(&to);
        VariantInit(&text);
        SAME(VariantChangeType(&to, &row.from, 0, row.to), row.result);
        if (row.text != nullptr) {
            SAME(to.vt, row.to);
            SAME(VariantChangeType(&text, &to, 0, VT_BSTR), S_OK);
            SAME(std::wstring(text.bstrVal), row.text);
        }
        VariantClear(&text);
        VariantClear(&to);
        VariantClear(&row.from);
    }
    VARIANT in_place = of_text(L"12");
    SAME(VariantChangeType(&in_place, &in_place, 0, VT_I4), S_OK);
    SAME(in_place.lVal, 12);
}

TEST(guids_as_text) {
    wchar_t text[40];
    const IID guid = {0xe19ae1a0, 0x7364, 0x11d0, {0x88, 0x16, 0x00, 0xa0, 0xc9, 0x03, 0xb8, 0x3c}};
    SAME(StringFromGUID2(guid, text, 40), 39);
    SAME(std::wstring(text), L"{E19AE1A0-7364-11D0-8816-00A0C903B83C}");
    SAME(StringFromGUID2(guid, text, 38), 0);
    GUID parsed;
    SAME(CLSIDFromString(L"{e19ae1a0-7364-11d0-8816-00a0c903b83c}", &parsed), S_OK);
    CHECK(parsed == guid);
    SAME(CLSIDFromString(L"{e19ae1a0-7364-11d0-8816-00a0c903b83}", &parsed), CO_E_CLASSSTRING);
    SAME(CLSIDFromString(L"Known.Exit", &parsed), S_OK);
    SAME(parsed.Data1, 7u);
    SAME(CLSIDFromProgID(L"Unknown.Exit", &parsed), CO_E_CLASSSTRING);
    LPOLESTR name = nullptr;
    SAME(ProgIDFromCLSID(guid, &name), S_OK);
    SAME(std::wstring(name), L"Known.Exit");
    CoTaskMemFree(name);
    GUID first, second;
    CHECK(CoCreateGuid(&first) == S_OK && CoCreateGuid(&second) == S_OK && first != second);
    SAME(first.Data3 >> 12, 4);
    void *object = &first;
    SAME(CoCreateInstance(guid, nullptr, CLSCTX_INPROC_SERVER, IID_IUnknown, &object), REGDB_E_CLASSNOTREG);
    CHECK(object == nullptr);
    CHECK(__uuidof(IDispatch) == IID_IDispatch);
}

TEST(times) {
    struct Row {
        SYSTEMTIME time;
        double date;
    };
    const Row rows[] = {{{1899, 12, 6, 30, 0, 0, 0, 0}, 0.0},     {{1900, 1, 1, 1, 0, 0, 0, 0}, 2.0},
                        {{2000, 2, 2, 29, 12, 0, 0, 0}, 36585.5}, {{1899, 12, 5, 29, 6, 0, 0, 0}, -1.25},
                        {{9999, 12, 5, 31, 23, 59, 59, 0}, 2958465.999988426}, {{100, 1, 5, 1, 0, 0, 0, 0}, -657434.0}};
    for (const Row &row : rows) {
        SYSTEMTIME time = row.time, back;
        double date = 0;
        CHECK(SystemTimeToVariantTime(&time, &date));
        CHECK(date > row.date - 1e-9 && date < row.date + 1e-9);
        CHECK(VariantTimeToSystemTime(row.date, &back));
        CHECK(memcmp(&back, &row.time, sizeof(back)) == 0);
    }
    SYSTEMTIME wrong = {2023, 2, 0, 29, 0, 0, 0, 0};
    double date;
    CHECK(!SystemTimeToVariantTime(&wrong, &date));
    CHECK(!VariantTimeToSystemTime(2958466.0, &wrong));
    SYSTEMTIME time = {1970, 1, 4, 1, 0, 0, 1, 500}, back;
    FILETIME file;
    CHECK(SystemTimeToFileTime(&time, &file));
    SAME(static_cast<uint64_t>(file.dwHighDateTime) << 32 | file.dwLowDateTime, 116444736015000000ULL);
    CHECK(FileTimeToSystemTime(&file, &back) && memcmp(&back, &time, sizeof(time)) == 0);
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    SAME(CompareFileTime(&file, &now), -1);
}
