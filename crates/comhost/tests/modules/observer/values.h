// Values, codes and bytes in the words of the journal.

#pragma once

#include <windows.h>
#include <objbase.h>
#include <oleauto.h>

#include <cstdio>
#include <string>

namespace observer {

inline std::string utf8(const wchar_t *text, int length = -1)
{
    if (text == nullptr || length == 0) {
        return std::string();
    }
    int size = WideCharToMultiByte(CP_UTF8, 0, text, length, nullptr, 0, nullptr, nullptr);
    if (size <= 0) {
        return std::string("?");
    }
    std::string result(static_cast<size_t>(size), '\0');
    WideCharToMultiByte(CP_UTF8, 0, text, length, &result[0], size, nullptr, nullptr);
    return length == -1 ? std::string(result.c_str()) : result;
}

inline std::string hex(unsigned long number)
{
    char text[16];
    std::snprintf(text, sizeof text, "%08lx", number & 0xfffffffful);
    return text;
}

inline std::string digits(const unsigned char *bytes, unsigned count)
{
    std::string text;
    for (unsigned i = 0; i < count; i++) {
        char pair[4];
        std::snprintf(pair, sizeof pair, "%02x", bytes[i]);
        text += pair;
    }
    return text;
}

inline std::string show(HRESULT hr, const VARIANT &value)
{
    if (FAILED(hr)) {
        return hex(static_cast<unsigned long>(hr));
    }
    switch (value.vt) {
    case VT_EMPTY:
        return "empty";
    case VT_I4:
        return "long " + std::to_string(value.lVal);
    case VT_DATE: {
        SYSTEMTIME time;
        if (!VariantTimeToSystemTime(value.date, &time)) {
            return "no date";
        }
        char text[32];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.wYear, time.wMonth, time.wDay, time.wHour,
                      time.wMinute, time.wSecond);
        return std::string("date ") + text;
    }
    case VT_BSTR:
        return "text " + utf8(value.bstrVal, static_cast<int>(SysStringLen(value.bstrVal)));
    default:
        return "type " + std::to_string(value.vt);
    }
}

inline std::string show_binary(HRESULT hr, const VARIANT &value)
{
    if (FAILED(hr)) {
        return hex(static_cast<unsigned long>(hr));
    }
    unsigned length = SysStringByteLen(value.bstrVal);
    return std::to_string(length) + " bytes " + digits(reinterpret_cast<unsigned char *>(value.bstrVal), length < 16 ? length : 16);
}

inline VARIANT number(LONG value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_I4;
    result.lVal = value;
    return result;
}

inline VARIANT text(const wchar_t *value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_BSTR;
    result.bstrVal = SysAllocString(value);
    return result;
}

} // namespace observer
