// Values of the contract in the words of the interpreter's commands, and back.

#pragma once

#include <windows.h>
#include <objbase.h>
#include <oleauto.h>
#include <certsrv.h>

#include <cstdio>
#include <string>

namespace interpreter {

inline BSTR bstr(const std::string &utf8)
{
    int bytes = static_cast<int>(utf8.size());
    int units = bytes == 0 ? 0 : MultiByteToWideChar(CP_UTF8, 0, utf8.data(), bytes, nullptr, 0);
    BSTR text = SysAllocStringLen(nullptr, static_cast<UINT>(units));
    if (text != nullptr && units > 0) {
        MultiByteToWideChar(CP_UTF8, 0, utf8.data(), bytes, text, units);
    }
    return text;
}

inline std::string utf8(const wchar_t *text, int units)
{
    int bytes = units == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, text, units, nullptr, 0, nullptr, nullptr);
    std::string result(static_cast<size_t>(bytes), '\0');
    if (bytes > 0) {
        WideCharToMultiByte(CP_UTF8, 0, text, units, &result[0], bytes, nullptr, nullptr);
    }
    return result;
}

// A text that is passed to a method, or that a method gives; freed with it.
class Text {
public:
    Text() = default;
    explicit Text(const std::string &utf8) : raw(bstr(utf8)) {}
    ~Text() { SysFreeString(raw); }
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;

    operator BSTR() const { return raw; }
    BSTR *operator&() { return &raw; }
    std::string utf8() const { return interpreter::utf8(raw, static_cast<int>(SysStringLen(raw))); }

private:
    BSTR raw = nullptr;
};

// A value that a method gives, or that is set; freed with it.
class Value {
public:
    Value() { VariantInit(&raw); }
    ~Value() { VariantClear(&raw); }
    Value(const Value &) = delete;
    Value &operator=(const Value &) = delete;

    VARIANT *operator&() { return &raw; }
    VARIANT *operator->() { return &raw; }

private:
    VARIANT raw;
};

// The number of `long`, `date`, `binary` or `string`; 0 for any other word.
inline LONG property_type(const std::string &word)
{
    return word == "long" ? PROPTYPE_LONG
         : word == "date" ? PROPTYPE_DATE
         : word == "binary" ? PROPTYPE_BINARY
         : word == "string" ? PROPTYPE_STRING : 0;
}

// The bytes of a binary value, in hexadecimal digits.
inline std::string hex(BSTR bytes)
{
    std::string digits;
    const unsigned char *at = reinterpret_cast<const unsigned char *>(bytes);
    for (UINT left = SysStringByteLen(bytes); left > 0; left--, at++) {
        char pair[4];
        std::snprintf(pair, sizeof pair, "%02x", *at);
        digits += pair;
    }
    return digits;
}

inline BSTR unhex(const std::string &digits)
{
    std::string bytes;
    for (size_t place = 0; place + 1 < digits.size(); place += 2) {
        bytes += static_cast<char>(std::stoi(digits.substr(place, 2), nullptr, 16));
    }
    return SysAllocStringByteLen(bytes.data(), static_cast<UINT>(bytes.size()));
}

inline HRESULT code(const std::string &digits)
{
    return static_cast<HRESULT>(std::stoul(digits, nullptr, 16));
}

inline std::string shown(HRESULT code)
{
    char text[16];
    std::snprintf(text, sizeof text, "0x%08lx", static_cast<unsigned long>(code) & 0xfffffffful);
    return text;
}

// RFC 3339, to the millisecond: a DATE's last digits are no more than that.
inline std::string shown(DATE date)
{
    const long long milliseconds_a_day = 86400000, days_from_1601_to_1899 = 109205;
    long long days = static_cast<long long>(date);
    double of_day = date < 0 ? static_cast<double>(days) - date : date - static_cast<double>(days);
    long long milliseconds = (days + days_from_1601_to_1899) * milliseconds_a_day +
                             static_cast<long long>(of_day * static_cast<double>(milliseconds_a_day) + 0.5);
    unsigned long long ticks = static_cast<unsigned long long>(milliseconds) * 10000;
    FILETIME file = {static_cast<DWORD>(ticks & 0xffffffffu), static_cast<DWORD>(ticks >> 32)};
    SYSTEMTIME time;
    if (!FileTimeToSystemTime(&file, &time)) {
        return "no date";
    }
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", time.wYear, time.wMonth, time.wDay, time.wHour,
                  time.wMinute, time.wSecond, time.wMilliseconds);
    std::string result = text;
    result.erase(result.find_last_not_of('0') + 1);
    if (result.back() == '.') {
        result.pop_back();
    }
    return result + "Z";
}

// A whole second.
inline bool date(const std::string &text, DATE &result)
{
    SYSTEMTIME time = {};
    return std::sscanf(text.c_str(), "%4hu-%2hu-%2huT%2hu:%2hu:%2huZ", &time.wYear, &time.wMonth, &time.wDay, &time.wHour,
                       &time.wMinute, &time.wSecond) == 6 &&
           SystemTimeToVariantTime(&time, &result);
}

// A value as the method hands it over for a property of this type.
inline HRESULT shown(Value &value, LONG type, std::string &result)
{
    VARTYPE expected = type == PROPTYPE_LONG ? VT_I4 : type == PROPTYPE_DATE ? VT_DATE : VT_BSTR;
    if (value->vt != expected) {
        return DISP_E_TYPEMISMATCH;
    }
    result = type == PROPTYPE_LONG ? std::to_string(value->lVal)
           : type == PROPTYPE_DATE ? shown(value->date)
           : type == PROPTYPE_BINARY ? hex(value->bstrVal)
           : utf8(value->bstrVal, static_cast<int>(SysStringLen(value->bstrVal)));
    return S_OK;
}

// The value of this type that the text stands for.
inline HRESULT parse(const std::string &text, LONG type, Value &value)
{
    switch (type) {
    case PROPTYPE_LONG:
        value->vt = VT_I4;
        value->lVal = std::stoi(text);
        return S_OK;
    case PROPTYPE_DATE:
        value->vt = VT_DATE;
        return date(text, value->date) ? S_OK : E_INVALIDARG;
    case PROPTYPE_BINARY:
        value->vt = VT_BSTR;
        value->bstrVal = unhex(text);
        return S_OK;
    case PROPTYPE_STRING:
        value->vt = VT_BSTR;
        value->bstrVal = bstr(text);
        return S_OK;
    default:
        return E_INVALIDARG;
    }
}

} // namespace interpreter
