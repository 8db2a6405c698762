// A module for the tests of the host: writes down what it sees through the contract, and misbehaves where it is told to.
//
// Compiles as it stands for Windows and, with sdk/c, for Linux. Its settings are values of its registry key:
//
//     Journal     the file that it writes to
//     Behaviour   what it does in Notify or VerifyRequest: crash, hang, exit, throw, overflow, abort, fail
//     Level       a REG_DWORD, Names a REG_MULTI_SZ, Below\Inner a text: read back into the journal

#include <Windows.h> // as source for Windows spells it
#include <ObjBase.h>
#include <oleauto.h>
#include <certsrv.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "encoders.h"

namespace {

// {6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A01} and its siblings: exit, policy, management, and an exit module without a table.
const CLSID CLSID_ObserverExit = {0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x01}};
const CLSID CLSID_ObserverPolicy = {0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x02}};
const CLSID CLSID_ObserverManage = {0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x03}};
const CLSID CLSID_ObserverLate = {0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x04}};

struct Entry {
    const CLSID *clsid;
    const wchar_t *progid;
    const wchar_t *text;
};
const Entry entries[] = {
    {&CLSID_ObserverExit, L"Observer.Exit", L"{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A01}"},
    {&CLSID_ObserverPolicy, L"Observer.Policy", L"{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A02}"},
    {&CLSID_ObserverManage, L"Observer.ExitManage", L"{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A03}"},
    {&CLSID_ObserverLate, L"Observer.Late", L"{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A04}"},
};

std::string utf8(const wchar_t *text, int length = -1)
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

std::string hex(unsigned long number)
{
    char text[16];
    std::snprintf(text, sizeof text, "%08lx", number & 0xfffffffful);
    return text;
}

std::string digits(const unsigned char *bytes, unsigned count)
{
    std::string text;
    for (unsigned i = 0; i < count; i++) {
        char pair[4];
        std::snprintf(pair, sizeof pair, "%02x", bytes[i]);
        text += pair;
    }
    return text;
}

// As old source makes texts: without a size, and %s is a wide text.
std::wstring formatted(const wchar_t *text)
{
    wchar_t buffer[64];
    swprintf(buffer, L"%s %c %hs %ld %08X", text, L'w', "narrow", static_cast<LONG>(-7), 0xbeefu);
    wsprintfW(buffer + wcslen(buffer), L" %s", text);
    return buffer;
}

// What the module is told in its key.
struct Settings {
    std::string behaviour;
    std::wstring journal;

    void write(const std::string &line) const
    {
        HANDLE file = CreateFileW(journal.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL, nullptr);
        if (file == INVALID_HANDLE_VALUE) {
            return;
        }
        std::string text = line + "\n";
        DWORD written = 0;
        WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
        CloseHandle(file);
    }
};

std::string show(HRESULT hr, const VARIANT &value)
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

std::string show_binary(HRESULT hr, const VARIANT &value)
{
    if (FAILED(hr)) {
        return hex(static_cast<unsigned long>(hr));
    }
    unsigned length = SysStringByteLen(value.bstrVal);
    return std::to_string(length) + " bytes " + digits(reinterpret_cast<unsigned char *>(value.bstrVal), length < 16 ? length : 16);
}

// Reads a property with whichever server interface.
template <class Server> std::string certificate(Server *server, const wchar_t *name, LONG type)
{
    BSTR text = SysAllocString(name);
    VARIANT value;
    VariantInit(&value);
    HRESULT hr = server->GetCertificateProperty(text, type, &value);
    std::string shown = type == PROPTYPE_BINARY ? show_binary(hr, value) : show(hr, value);
    VariantClear(&value);
    SysFreeString(text);
    return shown;
}

template <class Server> std::string request(Server *server, const wchar_t *name, LONG type)
{
    BSTR text = SysAllocString(name);
    VARIANT value;
    VariantInit(&value);
    HRESULT hr = server->GetRequestProperty(text, type, &value);
    std::string shown = type == PROPTYPE_BINARY ? show_binary(hr, value) : show(hr, value);
    VariantClear(&value);
    SysFreeString(text);
    return shown;
}

template <class Server> std::string attribute(Server *server, const wchar_t *name)
{
    BSTR text = SysAllocString(name);
    BSTR value = nullptr;
    HRESULT hr = server->GetRequestAttribute(text, &value);
    std::string shown = FAILED(hr) ? hex(static_cast<unsigned long>(hr)) : utf8(value, static_cast<int>(SysStringLen(value)));
    SysFreeString(value);
    SysFreeString(text);
    return shown;
}

template <class Server> std::string extension(Server *server, const wchar_t *oid)
{
    BSTR text = SysAllocString(oid);
    VARIANT value;
    VariantInit(&value);
    HRESULT hr = server->GetCertificateExtension(text, PROPTYPE_BINARY, &value);
    std::string shown = show_binary(hr, value);
    LONG flags = 0;
    HRESULT flagged = server->GetCertificateExtensionFlags(&flags);
    if (SUCCEEDED(hr)) {
        shown += SUCCEEDED(flagged) ? " flags " + hex(static_cast<unsigned long>(flags)) : " no flags";
    }
    VariantClear(&value);
    SysFreeString(text);
    return shown;
}

template <class Server> void lists(const Settings &settings, Server *server)
{
    BSTR name = nullptr;
    settings.write("next without setup " + hex(static_cast<unsigned long>(server->EnumerateExtensions(&name))));
    settings.write("setup " + hex(static_cast<unsigned long>(server->EnumerateExtensionsSetup(0))));
    HRESULT hr;
    while ((hr = server->EnumerateExtensions(&name)) == S_OK) {
        settings.write("extension " + utf8(name) + " = " + extension(server, name));
        SysFreeString(name);
        name = nullptr;
    }
    settings.write("end " + hex(static_cast<unsigned long>(hr)) + (name == nullptr ? " null" : " not null"));
    server->EnumerateExtensionsClose();
    if (SUCCEEDED(server->EnumerateAttributesSetup(0))) {
        while ((hr = server->EnumerateAttributes(&name)) == S_OK) {
            settings.write("attribute " + utf8(name) + " = " + attribute(server, name));
            SysFreeString(name);
            name = nullptr;
        }
        settings.write("end " + hex(static_cast<unsigned long>(hr)));
        server->EnumerateAttributesClose();
    }
}

// Calls a member of a server object by its name.
std::string late(IDispatch *server, const wchar_t *member, VARIANT *arguments, UINT count)
{
    LPOLESTR name = const_cast<LPOLESTR>(member);
    DISPID id = DISPID_UNKNOWN;
    HRESULT hr = server->GetIDsOfNames(IID_NULL, &name, 1, LOCALE_USER_DEFAULT, &id);
    if (FAILED(hr)) {
        return "unknown " + hex(static_cast<unsigned long>(hr));
    }
    DISPPARAMS parameters = {arguments, nullptr, count, 0};
    VARIANT result;
    VariantInit(&result);
    EXCEPINFO exception = {};
    hr = server->Invoke(id, IID_NULL, LOCALE_USER_DEFAULT, DISPATCH_METHOD, &parameters, &result, &exception, nullptr);
    std::string shown;
    if (hr == DISP_E_EXCEPTION) {
        shown = "exception " + hex(static_cast<unsigned long>(exception.scode));
        SysFreeString(exception.bstrSource);
        SysFreeString(exception.bstrDescription);
        SysFreeString(exception.bstrHelpFile);
    } else {
        shown = (hr == S_FALSE ? "false " : "") + show(hr, result);
    }
    VariantClear(&result);
    return shown;
}

VARIANT number(LONG value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_I4;
    result.lVal = value;
    return result;
}

VARIANT text(const wchar_t *value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_BSTR;
    result.bstrVal = SysAllocString(value);
    return result;
}

std::wstring query_text(HKEY key, const wchar_t *name)
{
    wchar_t buffer[512];
    DWORD type = 0, bytes = sizeof buffer - sizeof(wchar_t);
    if (RegQueryValueExW(key, name, nullptr, &type, reinterpret_cast<BYTE *>(buffer), &bytes) != ERROR_SUCCESS) {
        return std::wstring();
    }
    buffer[bytes / sizeof(wchar_t)] = L'\0';
    return std::wstring(buffer);
}

// Finds the key, and reads the settings.
template <class Server> HRESULT read_settings(const CLSID &clsid, const IID &iid, Settings &settings)
{
    Server *server = nullptr;
    HRESULT hr = CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, iid, reinterpret_cast<void **>(&server));
    if (FAILED(hr)) {
        return hr;
    }
    BSTR name = SysAllocString(L"ModuleRegistryLocation");
    VARIANT value;
    VariantInit(&value);
    hr = server->GetCertificateProperty(name, PROPTYPE_STRING, &value);
    SysFreeString(name);
    if (SUCCEEDED(hr)) {
        HKEY key = nullptr;
        LONG error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, value.bstrVal, 0, KEY_READ | KEY_WRITE, &key);
        hr = HRESULT_FROM_WIN32(error);
        if (SUCCEEDED(hr)) {
            settings.journal = query_text(key, L"Journal");
            settings.behaviour = utf8(query_text(key, L"Behaviour").c_str());
            settings.write("key " + utf8(value.bstrVal));
            DWORD level = 0, type = 0, bytes = sizeof level;
            if (RegQueryValueExW(key, L"level", nullptr, &type, reinterpret_cast<BYTE *>(&level), &bytes) == ERROR_SUCCESS) {
                settings.write("level " + std::to_string(level) + " type " + std::to_string(type));
            }
            BYTE names[256];
            bytes = sizeof names;
            if (RegQueryValueExW(key, L"Names", nullptr, &type, names, &bytes) == ERROR_SUCCESS) {
                settings.write("names type " + std::to_string(type) + " " + digits(names, bytes));
            }
            HKEY below = nullptr;
            if (RegOpenKeyExW(key, L"Below", 0, KEY_READ, &below) == ERROR_SUCCESS) {
                std::wstring inner = query_text(below, L"Inner");
                settings.write("inner " + utf8(inner.c_str()));
                settings.write("formatted " + utf8(formatted(inner.c_str()).c_str()));
                RegCloseKey(below);
            }
            RegCloseKey(key);
        }
        // Outside of any request only the authority can be read.
        settings.write("CAType " + certificate(server, L"CAType", PROPTYPE_LONG));
        settings.write("SanitizedCAName " + certificate(server, L"sanitizedcaname", PROPTYPE_STRING));
        settings.write("row in context 0 " + request(server, L"RequestID", PROPTYPE_LONG));
        settings.write("context 9999 " + hex(static_cast<unsigned long>(server->SetContext(9999))));
    }
    VariantClear(&value);
    server->Release();
    return hr;
}

int deeper(volatile int depth)
{
    volatile char room[4096];
    room[0] = static_cast<char>(depth);
    return deeper(depth + 1) + room[0];
}

HRESULT behave(const Settings &settings)
{
    const std::string &behaviour = settings.behaviour;
    if (behaviour == "crash") {
        volatile int *nowhere = nullptr;
        *nowhere = 1;
    } else if (behaviour == "hang") {
        for (;;) {
            Sleep(1000);
        }
    } else if (behaviour == "exit") {
        std::exit(7);
    } else if (behaviour == "throw") {
        throw std::runtime_error("thrown in the module");
    } else if (behaviour == "overflow") {
        return deeper(0);
    } else if (behaviour == "abort") {
        std::abort();
    } else if (behaviour == "fail") {
        ICreateErrorInfo *create = nullptr;
        IErrorInfo *info = nullptr;
        if (SUCCEEDED(CreateErrorInfo(&create))) {
            create->SetDescription(const_cast<LPOLESTR>(L"the disk is full of Gr\u00fc\u00dfe"));
            if (SUCCEEDED(create->QueryInterface(IID_IErrorInfo, reinterpret_cast<void **>(&info)))) {
                SetErrorInfo(0, info);
                info->Release();
            }
            create->Release();
        }
        return HRESULT_FROM_WIN32(ERROR_FILE_EXISTS);
    }
    return S_OK;
}

// What all objects share: counted references, IDispatch that knows nothing.
template <class Interface> class Object : public Interface {
public:
    virtual ~Object() = default;

    ULONG STDMETHODCALLTYPE AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }

    ULONG STDMETHODCALLTYPE Release() override
    {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) {
            delete this;
        }
        return static_cast<ULONG>(left);
    }

    HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT *count) override
    {
        *count = 0;
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo **) override { return E_NOTIMPL; }

    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR *, UINT, LCID, DISPID *) override { return E_NOTIMPL; }

    HRESULT STDMETHODCALLTYPE Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS *, VARIANT *, EXCEPINFO *, UINT *) override
    {
        return E_NOTIMPL;
    }

protected:
    HRESULT answer(bool known, void **object)
    {
        if (!known) {
            *object = nullptr;
            return E_NOINTERFACE;
        }
        AddRef();
        *object = this;
        return S_OK;
    }

private:
    LONG references = 1;
};

class Manage final : public Object<ICertManageModule> {
public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        return answer(iid == IID_IUnknown || iid == IID_IDispatch || iid == IID_ICertManageModule, object);
    }

    HRESULT STDMETHODCALLTYPE GetProperty(const BSTR config, BSTR location, BSTR name, LONG, VARIANT *value) override
    {
        std::string asked = utf8(name);
        VariantInit(value);
        if (asked == "Name") {
            *value = text(L"Observer");
        } else if (asked == "Description") {
            // Where it was asked from, so that the test sees it.
            std::wstring where = std::wstring(config) + L" " + location;
            *value = text(where.c_str());
        } else if (asked == "File Version") {
            *value = text(L"1.2.3");
        } else {
            return S_FALSE;
        }
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE SetProperty(const BSTR, BSTR, BSTR, LONG, const VARIANT *) override { return S_FALSE; }

    HRESULT STDMETHODCALLTYPE Configure(const BSTR, BSTR, LONG) override { return S_OK; }
};

HRESULT observe_event(const Settings &settings, LONG event, LONG context)
{
    ICertServerExit *server = nullptr, *second = nullptr;
    HRESULT hr = CoCreateInstance(CLSID_CCertServerExit, nullptr, CLSCTX_INPROC_SERVER, IID_ICertServerExit,
                                  reinterpret_cast<void **>(&server));
    if (FAILED(hr)) {
        return hr;
    }
    settings.write("event " + hex(static_cast<unsigned long>(event)) + (context > 0 ? " context" : " no context"));
    settings.write("before the context " + request(server, L"RequestID", PROPTYPE_LONG));
    settings.write("set " + hex(static_cast<unsigned long>(server->SetContext(context))));
    settings.write("RequestID " + request(server, L"requestid", PROPTYPE_LONG));
    settings.write("SerialNumber as a number " + certificate(server, L"SerialNumber", PROPTYPE_LONG));
    settings.write("type 7 " + certificate(server, L"SerialNumber", 7));
    settings.write("UPN " + certificate(server, L"UPN", PROPTYPE_STRING));
    settings.write("nonsense " + certificate(server, L"Nonsense", PROPTYPE_STRING));
    settings.write("null place " + hex(static_cast<unsigned long>(server->GetRequestAttribute(nullptr, nullptr))));
    settings.write("event's hash " + certificate(server, L"exeunt.eventhash", PROPTYPE_BINARY));
    settings.write("event's time " + certificate(server, L"Exeunt.EventOccurred", PROPTYPE_DATE));
    settings.write("event's number as a number " + certificate(server, L"Exeunt.EventID", PROPTYPE_LONG));
    settings.write("message " + certificate(server, L"Exeunt.DispositionMessage", PROPTYPE_STRING));
    lists(settings, server);
    // A second object has a context of its own.
    hr = CoCreateInstance(CLSID_CCertServerExit, nullptr, CLSCTX_INPROC_SERVER, IID_ICertServerExit,
                          reinterpret_cast<void **>(&second));
    if (SUCCEEDED(hr)) {
        settings.write("second object " + request(second, L"RequestID", PROPTYPE_LONG));
        VARIANT one[1] = {number(context)};
        settings.write("late SetContext " + late(second, L"setcontext", one, 1));
        VARIANT two[2] = {number(PROPTYPE_LONG), text(L"RequestID")};
        settings.write("late GetRequestProperty " + late(second, L"GetRequestProperty", two, 2));
        VariantClear(&two[1]);
        two[1] = text(L"UPN");
        two[0] = number(PROPTYPE_STRING);
        settings.write("late empty " + late(second, L"GetCertificateProperty", two, 2));
        VariantClear(&two[1]);
        settings.write("late too few " + late(second, L"GetCertificateProperty", one, 1));
        settings.write("late unknown " + late(second, L"SetCertificateProperty", one, 1));
        settings.write("late setup " + late(second, L"EnumerateAttributesSetup", new VARIANT[1]{number(0)}, 1));
        std::string name;
        while ((name = late(second, L"EnumerateAttributes", nullptr, 0)).compare(0, 5, "false") != 0 &&
               name.compare(0, 4, "text") == 0) {
            settings.write("late attribute " + name);
        }
        settings.write("late end " + name);
        second->Release();
    }
    server->Release();
    return behave(settings);
}

class Exit final : public Object<ICertExit2> {
public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        return answer(iid == IID_IUnknown || iid == IID_IDispatch || iid == IID_ICertExit || iid == IID_ICertExit2, object);
    }

    HRESULT STDMETHODCALLTYPE Initialize(const BSTR config, LONG *mask) override
    {
        HRESULT hr = read_settings<ICertServerExit>(CLSID_CCertServerExit, IID_ICertServerExit, settings);
        settings.write("initialize " + utf8(config));
        *mask = 0x27f;
        return hr;
    }

    HRESULT STDMETHODCALLTYPE Notify(LONG event, LONG context) override { return observe_event(settings, event, context); }

    HRESULT STDMETHODCALLTYPE GetDescription(BSTR *description) override
    {
        *description = SysAllocString(L"Observer of events");
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE GetManageModule(ICertManageModule **module) override
    {
        *module = nullptr;
        return CoCreateInstance(CLSID_ObserverManage, nullptr, CLSCTX_INPROC_SERVER, IID_ICertManageModule,
                                reinterpret_cast<void **>(module));
    }

private:
    Settings settings;
};

// An exit module that can only be called by name, with numbers of its own.
class Late final : public Object<IDispatch> {
public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        return answer(iid == IID_IUnknown || iid == IID_IDispatch, object);
    }

    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR *names, UINT, LCID, DISPID *ids) override
    {
        static const char *const members[] = {"Notify", "Initialize", "GetDescription"};
        std::string wanted = utf8(names[0]);
        for (int i = 0; i < 3; i++) {
            if (wanted == members[i]) {
                ids[0] = 70 + i;
                return S_OK;
            }
        }
        ids[0] = DISPID_UNKNOWN;
        return DISP_E_UNKNOWNNAME;
    }

    HRESULT STDMETHODCALLTYPE Invoke(DISPID id, REFIID, LCID, WORD, DISPPARAMS *parameters, VARIANT *result,
                                     EXCEPINFO *exception, UINT *) override
    {
        HRESULT hr = DISP_E_MEMBERNOTFOUND;
        VARIANT *arguments = parameters->rgvarg;
        if (id == 70 && parameters->cArgs == 2) {
            // The last argument comes first.
            hr = observe_event(settings, arguments[1].lVal, arguments[0].lVal);
        } else if (id == 71 && parameters->cArgs == 1) {
            hr = read_settings<ICertServerExit>(CLSID_CCertServerExit, IID_ICertServerExit, settings);
            settings.write("late initialize " + utf8(arguments[0].bstrVal));
            *result = number(0x21);
        } else if (id == 72) {
            *result = text(L"Observer by name");
            hr = S_OK;
        }
        if (FAILED(hr) && exception != nullptr && hr != DISP_E_MEMBERNOTFOUND) {
            exception->scode = hr;
            exception->bstrDescription = SysAllocString(L"told by exception");
            return DISP_E_EXCEPTION;
        }
        return hr;
    }

private:
    Settings settings;
};

class Policy final : public Object<ICertPolicy2> {
public:
    ~Policy() override
    {
        if (chained != nullptr) {
            chained->Release();
        }
    }

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        return answer(iid == IID_IUnknown || iid == IID_IDispatch || iid == IID_ICertPolicy || iid == IID_ICertPolicy2, object);
    }

    HRESULT STDMETHODCALLTYPE Initialize(const BSTR config) override
    {
        HRESULT hr = read_settings<ICertServerPolicy>(CLSID_CCertServerPolicy, IID_ICertServerPolicy, settings);
        settings.write("initialize " + utf8(config));
        CLSID clsid;
        if (SUCCEEDED(hr)) {
            hr = CLSIDFromProgID(L"CertificateAuthority_MicrosoftDefault.Policy", &clsid);
        }
        if (SUCCEEDED(hr)) {
            hr = CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, IID_ICertPolicy, reinterpret_cast<void **>(&chained));
        }
        return SUCCEEDED(hr) ? chained->Initialize(config) : hr;
    }

    HRESULT STDMETHODCALLTYPE VerifyRequest(const BSTR config, LONG context, LONG is_new, LONG flags, LONG *disposition) override
    {
        ICertServerPolicy *server = nullptr;
        HRESULT hr = CoCreateInstance(CLSID_CCertServerPolicy, nullptr, CLSCTX_INPROC_SERVER, IID_ICertServerPolicy,
                                      reinterpret_cast<void **>(&server));
        if (FAILED(hr)) {
            return hr;
        }
        settings.write(std::string("verify ") + (is_new ? "new" : "again") + " flags " + std::to_string(flags));
        settings.write("set " + hex(static_cast<unsigned long>(server->SetContext(context))));
        settings.write("CommonName " + certificate(server, L"CN", PROPTYPE_STRING));
        settings.write("RequesterCAAccess " + certificate(server, L"RequesterCAAccess", PROPTYPE_LONG));
        write(server);
        lists(settings, server);
        server->Release();
        hr = chained->VerifyRequest(config, context, is_new, flags, disposition);
        settings.write("chained " + hex(static_cast<unsigned long>(hr)) + " " + std::to_string(*disposition));
        if (FAILED(hr)) {
            return hr;
        }
        if (settings.behaviour == "strange") {
            *disposition = 77;
        }
        return behave(settings);
    }

    HRESULT STDMETHODCALLTYPE GetDescription(BSTR *description) override
    {
        *description = SysAllocString(L"Observer of requests");
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE ShutDown() override
    {
        settings.write("shut down");
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE GetManageModule(ICertManageModule **module) override
    {
        *module = nullptr;
        return E_NOTIMPL;
    }

private:
    Settings settings;
    ICertPolicy *chained = nullptr;

    std::string set(ICertServerPolicy *server, const wchar_t *name, LONG type, const VARIANT &value)
    {
        BSTR wanted = SysAllocString(name);
        HRESULT hr = server->SetCertificateProperty(wanted, type, &value);
        SysFreeString(wanted);
        return hex(static_cast<unsigned long>(hr));
    }

    void write(ICertServerPolicy *server)
    {
        const wchar_t *message = L"Exeunt.DispositionMessage";
        VARIANT nothing, value = text(L"changed.example.org");
        VariantInit(&nothing);
        settings.write("set CommonName " + set(server, L"CommonName", PROPTYPE_STRING, value));
        settings.write("set CommonName as a number " + set(server, L"CommonName", PROPTYPE_LONG, value));
        settings.write("set SerialNumber " + set(server, L"SerialNumber", PROPTYPE_STRING, value));
        settings.write("delete UPN " + set(server, L"UPN", PROPTYPE_STRING, nothing));
        settings.write("CommonName " + certificate(server, L"CommonName", PROPTYPE_STRING));
        settings.write("no message " + certificate(server, message, PROPTYPE_STRING));
        settings.write("set message " + set(server, message, PROPTYPE_STRING, value));
        settings.write("message " + certificate(server, message, PROPTYPE_STRING));
        settings.write("take message back " + set(server, message, PROPTYPE_STRING, nothing));
        settings.write("no message " + certificate(server, message, PROPTYPE_STRING));
        settings.write("set event's number " + set(server, L"Exeunt.EventID", PROPTYPE_STRING, value));
        VariantClear(&value);
        // Key usage, by the encoder that policy modules use.
        ICertEncodeBitString *encode = nullptr;
        if (FAILED(CoCreateInstance(CLSID_CCertEncodeBitString, nullptr, CLSCTX_INPROC_SERVER, IID_ICertEncodeBitString,
                                    reinterpret_cast<void **>(&encode)))) {
            settings.write("no encoder");
            return;
        }
        const char bits[] = {static_cast<char>(0xa0), 0};
        BSTR in = SysAllocStringByteLen(bits, 1);
        BSTR der = nullptr;
        HRESULT hr = encode->Encode(3, in, &der);
        SysFreeString(in);
        encode->Release();
        settings.write("encoded " + hex(static_cast<unsigned long>(hr)) + " " +
                       digits(reinterpret_cast<unsigned char *>(der), SysStringByteLen(der)));
        VARIANT usage;
        VariantInit(&usage);
        usage.vt = VT_BSTR;
        usage.bstrVal = der;
        BSTR oid = SysAllocString(L"2.5.29.15");
        hr = server->SetCertificateExtension(oid, PROPTYPE_BINARY, EXTENSION_CRITICAL_FLAG, &usage);
        settings.write("set key usage " + hex(static_cast<unsigned long>(hr)));
        SysFreeString(oid);
        VariantClear(&usage);
        use_encoders([this](const std::string &line) { settings.write(line); });
    }
};

template <class Made> class Factory final : public IClassFactory {
public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        if (iid != IID_IUnknown && iid != IID_IClassFactory) {
            *object = nullptr;
            return E_NOINTERFACE;
        }
        *object = this;
        return S_OK;
    }

    ULONG STDMETHODCALLTYPE AddRef() override { return 2; }

    ULONG STDMETHODCALLTYPE Release() override { return 1; }

    HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown *outer, REFIID iid, void **object) override
    {
        *object = nullptr;
        if (outer != nullptr) {
            return CLASS_E_NOAGGREGATION;
        }
        Made *made = new Made();
        HRESULT hr = made->QueryInterface(iid, object);
        made->Release();
        return hr;
    }

    HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

template <class Made> HRESULT factory(REFIID iid, void **object)
{
    static Factory<Made> made;
    return made.QueryInterface(iid, object);
}

LONG set_default(HKEY root, const std::wstring &path, const wchar_t *value)
{
    HKEY key = nullptr;
    LONG error = RegCreateKeyExW(root, path.c_str(), 0, nullptr, 0, KEY_WRITE, nullptr, &key, nullptr);
    if (error == ERROR_SUCCESS) {
        error = RegSetValueExW(key, nullptr, 0, REG_SZ, reinterpret_cast<const BYTE *>(value),
                               static_cast<DWORD>((std::wstring(value).size() + 1) * sizeof(wchar_t)));
        RegCloseKey(key);
    }
    return error;
}

} // namespace

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, LPVOID *object)
{
    *object = nullptr;
    if (clsid == CLSID_ObserverExit) {
        return factory<Exit>(iid, object);
    }
    if (clsid == CLSID_ObserverPolicy) {
        return factory<Policy>(iid, object);
    }
    if (clsid == CLSID_ObserverManage) {
        return factory<Manage>(iid, object);
    }
    if (clsid == CLSID_ObserverLate) {
        return factory<Late>(iid, object);
    }
    return CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return S_FALSE; }

STDAPI DllRegisterServer()
{
    for (const Entry &entry : entries) {
        LONG error = set_default(HKEY_CLASSES_ROOT, std::wstring(entry.progid) + L"\\CLSID", entry.text);
        if (error != ERROR_SUCCESS) {
            return HRESULT_FROM_WIN32(error);
        }
    }
    HANDLE log = RegisterEventSourceW(nullptr, L"Observer");
    const wchar_t *said[] = {L"classes are registered"};
    ReportEventW(log, EVENTLOG_INFORMATION_TYPE, 0, 7, nullptr, 1, 0, said, nullptr);
    DeregisterEventSource(log);
    return S_OK;
}

STDAPI DllUnregisterServer() { return S_OK; }
