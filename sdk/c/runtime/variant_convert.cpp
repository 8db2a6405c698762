// VariantChangeType, between numbers, truth, dates and texts. Nothing depends on a locale.

#include <charconv>
#include <cmath>

#include "runtime.h"

namespace {

// A value on its way from one type to another.
struct Number {
    enum { integer, unsigned_integer, real } kind;
    int64_t i;
    uint64_t u;
    double d;

    double as_real() const { return kind == integer ? static_cast<double>(i) : kind == real ? d : static_cast<double>(u); }
};

Number of_integer(int64_t value) { return {Number::integer, value, 0, 0}; }
Number of_unsigned(uint64_t value) { return {Number::unsigned_integer, 0, value, 0}; }
Number of_real(double value) { return {Number::real, 0, 0, value}; }

std::string trimmed_ascii(const VARIANT &value) {
    std::string text = exeunt::to_utf8(value.bstrVal == nullptr ? L"" : value.bstrVal, SysStringLen(value.bstrVal));
    const char *blanks = " \t\r\n";
    size_t from = text.find_first_not_of(blanks);
    if (from == std::string::npos) return "";
    return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

// "2026-11-22" or "2026-11-22 17:08:00", also with a T between.
bool parse_date(const std::string &text, double &date) {
    SYSTEMTIME time = {};
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    char separator = 0, rest = 0;
    int read = sscanf(text.c_str(), "%4u-%2u-%2u%c%2u:%2u:%2u%c", &year, &month, &day, &separator, &hour, &minute, &second, &rest);
    if (read != 3 && (read != 7 || (separator != ' ' && separator != 'T'))) return false;
    time.wYear = static_cast<WORD>(year);
    time.wMonth = static_cast<WORD>(month);
    time.wDay = static_cast<WORD>(day);
    time.wHour = static_cast<WORD>(hour);
    time.wMinute = static_cast<WORD>(minute);
    time.wSecond = static_cast<WORD>(second);
    return SystemTimeToVariantTime(&time, &date) != FALSE;
}

bool parse_number(const std::string &text, Number &number) {
    if (text.empty()) return false;
    char *end = nullptr;
    errno = 0;
    long long whole = strtoll(text.c_str(), &end, 10);
    if (*end == 0 && errno == 0) {
        number = of_integer(whole);
        return true;
    }
    errno = 0;
    unsigned long long positive = strtoull(text.c_str(), &end, 10);
    if (*end == 0 && errno == 0 && text[0] != '-') {
        number = of_unsigned(positive);
        return true;
    }
    // Not strtod: that follows the locale of the process.
    double value = 0;
    const char *from = text.c_str() + (text[0] == '+' ? 1 : 0), *to = text.c_str() + text.size();
    auto parsed = std::from_chars(from, to, value);
    if (parsed.ec != std::errc() || parsed.ptr != to || !std::isfinite(value)) return false;
    number = of_real(value);
    return true;
}

HRESULT read_number(const VARIANT &from, Number &number) {
    switch (from.vt) {
    case VT_EMPTY:
        number = of_integer(0);
        return S_OK;
    case VT_I1:
        number = of_integer(static_cast<signed char>(from.cVal));
        return S_OK;
    case VT_UI1:
        number = of_integer(from.bVal);
        return S_OK;
    case VT_I2:
    case VT_BOOL:
        number = of_integer(from.iVal);
        return S_OK;
    case VT_UI2:
        number = of_integer(from.uiVal);
        return S_OK;
    case VT_I4:
    case VT_INT:
    case VT_ERROR:
        number = of_integer(from.lVal);
        return S_OK;
    case VT_UI4:
    case VT_UINT:
        number = of_integer(from.ulVal);
        return S_OK;
    case VT_I8:
        number = of_integer(from.llVal);
        return S_OK;
    case VT_UI8:
        number = of_unsigned(from.ullVal);
        return S_OK;
    case VT_R4:
        number = of_real(from.fltVal);
        return S_OK;
    case VT_R8:
    case VT_DATE:
        number = of_real(from.dblVal);
        return S_OK;
    case VT_CY:
        number = of_real(static_cast<double>(from.cyVal.int64) / 10000.0);
        return S_OK;
    case VT_BSTR: {
        double date;
        std::string text = trimmed_ascii(from);
        if (parse_number(text, number)) return S_OK;
        if (parse_date(text, date)) {
            number = of_real(date);
            return S_OK;
        }
        return DISP_E_TYPEMISMATCH;
    }
    default:
        return DISP_E_TYPEMISMATCH;
    }
}

// Halves go to the even neighbour, as on Windows.
HRESULT to_signed(const Number &number, int64_t low, int64_t high, int64_t &value) {
    if (number.kind == Number::unsigned_integer) {
        if (number.u > static_cast<uint64_t>(high)) return DISP_E_OVERFLOW;
        value = static_cast<int64_t>(number.u);
        return S_OK;
    }
    if (number.kind == Number::real) {
        double rounded = nearbyint(number.d);
        if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) return DISP_E_OVERFLOW;
        value = static_cast<int64_t>(rounded);
    } else {
        value = number.i;
    }
    return value < low || value > high ? DISP_E_OVERFLOW : S_OK;
}

HRESULT to_unsigned(const Number &number, uint64_t &value) {
    if (number.kind == Number::unsigned_integer) {
        value = number.u;
        return S_OK;
    }
    if (number.kind == Number::integer) {
        if (number.i < 0) return DISP_E_OVERFLOW;
        value = static_cast<uint64_t>(number.i);
        return S_OK;
    }
    double rounded = nearbyint(number.d);
    if (!(rounded >= 0 && rounded < 18446744073709551616.0)) return DISP_E_OVERFLOW;
    value = static_cast<uint64_t>(rounded);
    return S_OK;
}

HRESULT write_text(const VARIANT &from, USHORT flags, VARIANT &to) {
    char text[64];
    Number number;
    switch (from.vt) {
    case VT_EMPTY:
        text[0] = 0;
        break;
    case VT_BOOL:
        if ((flags & VARIANT_ALPHABOOL) != 0)
            snprintf(text, sizeof(text), "%s", from.boolVal != VARIANT_FALSE ? "True" : "False");
        else
            snprintf(text, sizeof(text), "%d", from.boolVal);
        break;
    case VT_DATE: {
        SYSTEMTIME time;
        if (!VariantTimeToSystemTime(from.date, &time)) return DISP_E_OVERFLOW;
        snprintf(text, sizeof(text), "%04u-%02u-%02u %02u:%02u:%02u", time.wYear, time.wMonth, time.wDay, time.wHour, time.wMinute,
                 time.wSecond);
        break;
    }
    default: {
        HRESULT read = read_number(from, number);
        if (FAILED(read)) return read;
        if (number.kind == Number::integer)
            snprintf(text, sizeof(text), "%lld", static_cast<long long>(number.i));
        else if (number.kind == Number::unsigned_integer)
            snprintf(text, sizeof(text), "%llu", static_cast<unsigned long long>(number.u));
        else
            *std::to_chars(text, text + sizeof(text) - 1, number.d, std::chars_format::general, from.vt == VT_R4 ? 7 : 15).ptr = 0;
    }
    }
    std::wstring wide = exeunt::from_utf8(text, strlen(text));
    to.vt = VT_BSTR;
    to.bstrVal = SysAllocStringLen(wide.data(), static_cast<UINT>(wide.size()));
    return to.bstrVal == nullptr ? E_OUTOFMEMORY : S_OK;
}

HRESULT write_truth(const VARIANT &from, VARIANT &to) {
    to.vt = VT_BOOL;
    if (from.vt == VT_BSTR) {
        std::string text = trimmed_ascii(from);
        if (strcasecmp(text.c_str(), "true") == 0 || strcasecmp(text.c_str(), "#true#") == 0) {
            to.boolVal = VARIANT_TRUE;
            return S_OK;
        }
        if (strcasecmp(text.c_str(), "false") == 0 || strcasecmp(text.c_str(), "#false#") == 0) {
            to.boolVal = VARIANT_FALSE;
            return S_OK;
        }
    }
    Number number;
    HRESULT read = read_number(from, number);
    if (SUCCEEDED(read)) to.boolVal = number.as_real() != 0 ? VARIANT_TRUE : VARIANT_FALSE;
    return read;
}

HRESULT convert(const VARIANT &from, USHORT flags, VARTYPE type, VARIANT &to) {
    if (from.vt == type) return VariantCopy(&to, &from);
    if (type == VT_EMPTY) return S_OK;
    if (type == VT_NULL) {
        to.vt = VT_NULL;
        return S_OK;
    }
    if (type == VT_BSTR) return write_text(from, flags, to);
    if (type == VT_BOOL) return write_truth(from, to);
    if ((type == VT_UNKNOWN || type == VT_DISPATCH) && (from.vt == VT_UNKNOWN || from.vt == VT_DISPATCH)) {
        if (from.punkVal == nullptr) return DISP_E_TYPEMISMATCH;
        to.vt = VT_EMPTY;
        HRESULT found = from.punkVal->QueryInterface(type == VT_UNKNOWN ? IID_IUnknown : IID_IDispatch,
                                                     reinterpret_cast<void **>(&to.punkVal));
        if (FAILED(found)) return DISP_E_TYPEMISMATCH;
        to.vt = type;
        return S_OK;
    }
    Number number;
    HRESULT read = read_number(from, number);
    if (FAILED(read)) return read;
    struct Range {
        VARTYPE type;
        int64_t low, high;
    };
    static const Range ranges[] = {{VT_I1, INT8_MIN, INT8_MAX},    {VT_UI1, 0, UINT8_MAX},          {VT_I2, INT16_MIN, INT16_MAX},
                                   {VT_UI2, 0, UINT16_MAX},        {VT_I4, INT32_MIN, INT32_MAX},   {VT_INT, INT32_MIN, INT32_MAX},
                                   {VT_ERROR, INT32_MIN, INT32_MAX}, {VT_UI4, 0, UINT32_MAX},       {VT_UINT, 0, UINT32_MAX},
                                   {VT_I8, INT64_MIN, INT64_MAX}};
    for (const Range &range : ranges) {
        if (range.type != type) continue;
        int64_t value = 0;
        HRESULT fits = to_signed(number, range.low, range.high, value);
        to.vt = type;
        to.llVal = value; // little-endian: the narrower members share the first bytes
        return fits;
    }
    switch (type) {
    case VT_UI8: {
        uint64_t value = 0;
        HRESULT fits = to_unsigned(number, value);
        to.vt = type;
        to.ullVal = value;
        return fits;
    }
    case VT_R4:
        to.vt = type;
        to.fltVal = static_cast<float>(number.as_real());
        return std::isfinite(to.fltVal) ? S_OK : DISP_E_OVERFLOW;
    case VT_R8:
    case VT_DATE:
        to.vt = type;
        to.dblVal = number.as_real();
        return S_OK;
    case VT_CY: {
        double scaled = nearbyint(number.as_real() * 10000.0);
        if (!(scaled >= -9223372036854775808.0 && scaled < 9223372036854775808.0)) return DISP_E_OVERFLOW;
        to.vt = type;
        to.cyVal.int64 = static_cast<int64_t>(scaled);
        return S_OK;
    }
    default:
        return DISP_E_BADVARTYPE;
    }
}

} // namespace

extern "C" {

HRESULT VariantChangeTypeEx(VARIANTARG *destination, const VARIANTARG *source, LCID, USHORT flags, VARTYPE type) {
    if (destination == nullptr || source == nullptr) return E_INVALIDARG;
    VARIANT direct, made;
    VariantInit(&direct);
    VariantInit(&made);
    HRESULT result = VariantCopyInd(&direct, source);
    if (SUCCEEDED(result)) result = convert(direct, flags, type, made);
    VariantClear(&direct);
    if (FAILED(result)) return result; // made holds nothing to free: only a finished text is kept in it
    result = VariantClear(destination);
    if (FAILED(result)) {
        VariantClear(&made);
        return result;
    }
    *destination = made;
    return S_OK;
}

HRESULT VariantChangeType(VARIANTARG *destination, const VARIANTARG *source, USHORT flags, VARTYPE type) {
    return VariantChangeTypeEx(destination, source, LOCALE_USER_DEFAULT, flags, type);
}

} // extern "C"
