// COM: classes come from the host, memory from the C library.

#include <sys/random.h>

#include "runtime.h"

using exeunt::host;
using exeunt::to_host;

namespace {

thread_local int initialised = 0;

bool hexadecimal(wchar_t character, uint32_t &value) {
    uint32_t digit;
    if (character >= L'0' && character <= L'9')
        digit = static_cast<uint32_t>(character - L'0');
    else if (character >= L'a' && character <= L'f')
        digit = static_cast<uint32_t>(character - L'a' + 10);
    else if (character >= L'A' && character <= L'F')
        digit = static_cast<uint32_t>(character - L'A' + 10);
    else
        return false;
    value = value << 4 | digit;
    return true;
}

// {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}
bool parse_guid(const wchar_t *text, GUID &guid) {
    static const char pattern[] = "{########-####-####-####-############}";
    uint32_t digits[32];
    size_t count = 0;
    if (wcslen(text) != sizeof(pattern) - 1) return false;
    for (size_t i = 0; i + 1 < sizeof(pattern); ++i) {
        if (pattern[i] == '#') {
            uint32_t digit = 0;
            if (!hexadecimal(text[i], digit)) return false;
            digits[count++] = digit;
        } else if (text[i] != static_cast<wchar_t>(pattern[i])) {
            return false;
        }
    }
    auto number = [&](size_t from, size_t length) {
        uint32_t value = 0;
        for (size_t i = from; i < from + length; ++i) value = value << 4 | digits[i];
        return value;
    };
    guid.Data1 = number(0, 8);
    guid.Data2 = static_cast<USHORT>(number(8, 4));
    guid.Data3 = static_cast<USHORT>(number(12, 4));
    for (size_t i = 0; i < 8; ++i) guid.Data4[i] = static_cast<UCHAR>(number(16 + 2 * i, 2));
    return true;
}

std::wstring guid_text(REFGUID guid) {
    char text[40];
    snprintf(text, sizeof(text), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", guid.Data1, guid.Data2, guid.Data3,
             guid.Data4[0], guid.Data4[1], guid.Data4[2], guid.Data4[3], guid.Data4[4], guid.Data4[5], guid.Data4[6], guid.Data4[7]);
    return exeunt::from_utf8(text, strlen(text));
}

HRESULT text_to_caller(const std::wstring &text, LPOLESTR *out) {
    size_t bytes = (text.size() + 1) * sizeof(wchar_t);
    *out = static_cast<LPOLESTR>(CoTaskMemAlloc(bytes));
    if (*out == nullptr) return E_OUTOFMEMORY;
    memcpy(*out, text.c_str(), bytes);
    return S_OK;
}

} // namespace

extern "C" {

HRESULT CoInitialize(LPVOID reserved) { return CoInitializeEx(reserved, COINIT_APARTMENTTHREADED); }

HRESULT CoInitializeEx(LPVOID reserved, DWORD) {
    if (reserved != nullptr) return E_INVALIDARG;
    return ++initialised == 1 ? S_OK : S_FALSE;
}

void CoUninitialize(void) {
    if (initialised > 0) --initialised;
}

HRESULT CoCreateInstance(REFCLSID rclsid, LPUNKNOWN outer, DWORD context, REFIID riid, LPVOID *object) {
    if (object == nullptr) return E_POINTER;
    *object = nullptr;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    return host()->create_instance(to_host(&rclsid), outer, context, to_host(&riid), object);
}

HRESULT CoGetClassObject(REFCLSID rclsid, DWORD context, LPVOID reserved, REFIID riid, LPVOID *object) {
    if (object == nullptr) return E_POINTER;
    *object = nullptr;
    if (reserved != nullptr) return E_INVALIDARG;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    return host()->class_object(to_host(&rclsid), context, to_host(&riid), object);
}

HRESULT CLSIDFromProgID(LPCOLESTR name, LPCLSID clsid) {
    if (name == nullptr || clsid == nullptr) return E_INVALIDARG;
    *clsid = IID_NULL;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    return host()->clsid_from_prog_id(to_host(name), to_host(clsid));
}

HRESULT ProgIDFromCLSID(REFCLSID clsid, LPOLESTR *name) {
    if (name == nullptr) return E_INVALIDARG;
    *name = nullptr;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    uint16_t *text = nullptr;
    HRESULT result = host()->prog_id_from_clsid(to_host(&clsid), &text);
    BSTR found = reinterpret_cast<BSTR>(text);
    if (SUCCEEDED(result)) result = text_to_caller(std::wstring(found, SysStringLen(found)), name);
    SysFreeString(found);
    return result;
}

HRESULT CLSIDFromString(LPCOLESTR text, LPCLSID clsid) {
    if (clsid == nullptr) return E_INVALIDARG;
    *clsid = IID_NULL;
    if (text == nullptr) return S_OK; // as on Windows: the null text is the null class
    if (parse_guid(text, *clsid)) return S_OK;
    *clsid = IID_NULL;
    return text[0] == L'{' ? CO_E_CLASSSTRING : CLSIDFromProgID(text, clsid);
}

HRESULT IIDFromString(LPCOLESTR text, LPIID iid) {
    if (iid == nullptr) return E_INVALIDARG;
    *iid = IID_NULL;
    if (text == nullptr) return S_OK;
    if (parse_guid(text, *iid)) return S_OK;
    *iid = IID_NULL;
    return CO_E_IIDSTRING;
}

HRESULT StringFromCLSID(REFCLSID clsid, LPOLESTR *text) { return text == nullptr ? E_INVALIDARG : text_to_caller(guid_text(clsid), text); }

HRESULT StringFromIID(REFIID iid, LPOLESTR *text) { return StringFromCLSID(iid, text); }

int StringFromGUID2(REFGUID guid, LPOLESTR text, int characters) {
    std::wstring made = guid_text(guid);
    if (text == nullptr || characters < static_cast<int>(made.size()) + 1) return 0;
    wmemcpy(text, made.c_str(), made.size() + 1);
    return static_cast<int>(made.size()) + 1;
}

HRESULT CoCreateGuid(GUID *guid) {
    if (guid == nullptr) return E_INVALIDARG;
    if (getrandom(guid, sizeof(*guid), 0) != static_cast<ssize_t>(sizeof(*guid))) return HRESULT_FROM_WIN32(ERROR_GEN_FAILURE);
    guid->Data3 = static_cast<USHORT>((guid->Data3 & 0x0fff) | 0x4000); // RFC 9562 5.4: version 4
    guid->Data4[0] = static_cast<UCHAR>((guid->Data4[0] & 0x3f) | 0x80);
    return S_OK;
}

LPVOID CoTaskMemAlloc(SIZE_T bytes) { return malloc(bytes == 0 ? 1 : bytes); }
LPVOID CoTaskMemRealloc(LPVOID memory, SIZE_T bytes) {
    if (memory != nullptr && bytes == 0) {
        free(memory);
        return nullptr;
    }
    return realloc(memory, bytes == 0 ? 1 : bytes);
}
void CoTaskMemFree(LPVOID memory) { free(memory); }

HRESULT CreateErrorInfo(ICreateErrorInfo **info) {
    if (info == nullptr) return E_INVALIDARG;
    *info = nullptr;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    void *object = nullptr;
    HRESULT result = host()->create_error_info(&object);
    *info = static_cast<ICreateErrorInfo *>(object);
    return result;
}

HRESULT SetErrorInfo(ULONG reserved, IErrorInfo *info) {
    return host() == nullptr ? CO_E_NOTINITIALIZED : host()->set_error_info(reserved, info);
}

HRESULT GetErrorInfo(ULONG reserved, IErrorInfo **info) {
    if (info == nullptr) return E_INVALIDARG;
    *info = nullptr;
    if (host() == nullptr) return CO_E_NOTINITIALIZED;
    void *object = nullptr;
    HRESULT result = host()->error_info(reserved, &object);
    *info = static_cast<IErrorInfo *>(object);
    return result;
}

HRESULT LoadTypeLib(const OLECHAR *, ITypeLib **library) {
    if (library == nullptr) return E_INVALIDARG;
    *library = nullptr;
    return TYPE_E_CANTLOADLIBRARY;
}

HRESULT LoadRegTypeLib(REFGUID, WORD, WORD, LCID, ITypeLib **library) {
    if (library == nullptr) return E_INVALIDARG;
    *library = nullptr;
    return TYPE_E_LIBNOTREGISTERED;
}

} // extern "C"
