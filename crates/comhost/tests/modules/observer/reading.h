// What a server object says, through its table and by name, in the words of the journal.

#pragma once

#include <certsrv.h>

#include "settings.h"
#include "values.h"

namespace observer {

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
inline std::string late(IDispatch *server, const wchar_t *member, VARIANT *arguments, UINT count)
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

// Finds the key, and reads the settings, and what can be read outside of any request.
template <class Server> HRESULT initialize(const CLSID &clsid, const IID &iid, Settings &settings)
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
        hr = read_key(value.bstrVal, settings);
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

} // namespace observer
