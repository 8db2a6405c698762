// Texts, values and calls by name, for what the test module does with the encoding objects of the host.

#pragma once

#include <windows.h>
#include <objbase.h>
#include <oleauto.h>

#include <cstdio>
#include <string>
#include <vector>

namespace observer {

inline std::string code(HRESULT hr)
{
    char text[16];
    std::snprintf(text, sizeof text, "%08lx", static_cast<unsigned long>(hr) & 0xfffffffful);
    return text;
}

// A text or bytes, freed with the expression that it stands in.
class Text {
public:
    Text() = default;
    explicit Text(const wchar_t *from) : text(SysAllocString(from)) {}
    Text(const void *bytes, size_t count) : text(SysAllocStringByteLen(static_cast<const char *>(bytes), static_cast<UINT>(count))) {}
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;
    ~Text() { SysFreeString(text); }

    operator BSTR() const { return text; }
    BSTR *operator&() { return &text; }

    std::string digits() const
    {
        const unsigned char *bytes = reinterpret_cast<const unsigned char *>(text);
        std::string all;
        for (UINT i = 0; i < SysStringByteLen(text); i++) {
            char pair[4];
            std::snprintf(pair, sizeof pair, "%02x", bytes[i]);
            all += pair;
        }
        return all;
    }

    // Of characters that are ASCII.
    std::string ascii() const
    {
        std::string all;
        for (UINT i = 0; i < SysStringLen(text); i++) {
            all += static_cast<char>(text[i]);
        }
        return all;
    }

private:
    BSTR text = nullptr;
};

inline VARIANT of(LONG value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_I4;
    result.lVal = value;
    return result;
}

inline VARIANT of_date(DATE value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_DATE;
    result.date = value;
    return result;
}

// Lent: the text stays its owner's.
inline VARIANT of(const Text &text)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_BSTR;
    result.bstrVal = text;
    return result;
}

// Calls a member by name, arguments in their order.
inline HRESULT call(IDispatch *object, const wchar_t *member, std::vector<VARIANT> arguments, VARIANT *result)
{
    LPOLESTR name = const_cast<LPOLESTR>(member);
    DISPID id = DISPID_UNKNOWN;
    HRESULT hr = object->GetIDsOfNames(IID_NULL, &name, 1, LOCALE_USER_DEFAULT, &id);
    if (FAILED(hr)) {
        return hr;
    }
    std::vector<VARIANT> reversed(arguments.rbegin(), arguments.rend());
    DISPPARAMS parameters = {reversed.data(), nullptr, static_cast<UINT>(reversed.size()), 0};
    EXCEPINFO exception = {};
    hr = object->Invoke(id, IID_NULL, LOCALE_USER_DEFAULT, DISPATCH_METHOD, &parameters, result, &exception, nullptr);
    if (hr == DISP_E_EXCEPTION) {
        hr = exception.scode;
        SysFreeString(exception.bstrSource);
        SysFreeString(exception.bstrDescription);
        SysFreeString(exception.bstrHelpFile);
    }
    return hr;
}

} // namespace observer
