// The exit module that has a table, and the management object.

#pragma once

#include <certsrv.h>

#include "../class.h"
#include "behaviour.h"
#include "reading.h"
#include "settings.h"
#include "values.h"

namespace observer {

// {6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A03}
const CLSID CLSID_ObserverManage = {0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x03}};

class Manage final : public Object<ICertManageModule, &IID_ICertManageModule> {
public:
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

inline HRESULT observe_event(const Settings &settings, LONG event, LONG context)
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

class Exit final : public Object<ICertExit2, &IID_ICertExit, &IID_ICertExit2> {
public:
    HRESULT STDMETHODCALLTYPE Initialize(const BSTR config, LONG *mask) override
    {
        HRESULT hr = initialize<ICertServerExit>(CLSID_CCertServerExit, IID_ICertServerExit, settings);
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

} // namespace observer
