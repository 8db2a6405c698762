// The policy module: writes what it may, uses the encoding objects, and asks the default module.

#pragma once

#include <certsrv.h>

#include "../class.h"
#include "behaviour.h"
#include "encoders.h"
#include "reading.h"
#include "settings.h"
#include "values.h"

namespace observer {

class Policy final : public Object<ICertPolicy2, &IID_ICertPolicy, &IID_ICertPolicy2> {
public:
    ~Policy() override
    {
        if (chained != nullptr) {
            chained->Release();
        }
    }

    HRESULT STDMETHODCALLTYPE Initialize(const BSTR config) override
    {
        HRESULT hr = initialize<ICertServerPolicy>(CLSID_CCertServerPolicy, IID_ICertServerPolicy, settings);
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

} // namespace observer
