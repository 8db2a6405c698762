// @name@: an exit module. It writes a line into the log for each certificate that is issued or revoked.

#include "com.h"

#include <certsrv.h>

#include <certexit.h>
#include <certif.h>

#include <new>

namespace {

class @Type@ : public Object<ICertExit> {
public:
    // Settings, where there are any, are in the registry key that the property ModuleRegistryLocation names.
    STDMETHODIMP Initialize(BSTR const, LONG *mask) override {
        if (mask == NULL) return E_POINTER;
        *mask = EXITEVENT_CERTISSUED | EXITEVENT_CERTREVOKED;
        return S_OK;
    }

    // An event is done when this returns S_OK, and comes again after a failure.
    STDMETHODIMP Notify(LONG event, LONG context) override {
        if ((event & (EXITEVENT_CERTISSUED | EXITEVENT_CERTREVOKED)) == 0) return S_OK;
        Reference<ICertServerExit> server;
        HRESULT hr = CoCreateInstance(CLSID_CCertServerExit, NULL, CLSCTX_INPROC_SERVER, IID_ICertServerExit,
                                      reinterpret_cast<void **>(server.out()));
        if (SUCCEEDED(hr)) hr = server->SetContext(context);
        Value serial;
        if (SUCCEEDED(hr))
            hr = server->GetCertificateProperty(Text(wszPROPCERTIFICATESERIALNUMBER).get(), PROPTYPE_STRING, serial.out());
        if (FAILED(hr)) return hr;
        std::wstring line = event == EXITEVENT_CERTISSUED ? L"issued " : L"revoked ";
        OutputDebugStringW((line + serial.str()).c_str());
        return S_OK;
    }

    STDMETHODIMP GetDescription(BSTR *description) override {
        if (description == NULL) return E_POINTER;
        *description = SysAllocString(L"one line for each certificate");
        return *description == NULL ? E_OUTOFMEMORY : S_OK;
    }

protected:
    bool is(REFIID riid) const override { return IsEqualIID(riid, IID_ICertExit); }
    const wchar_t *const *methods() const override {
        static const wchar_t *const names[] = {L"Initialize", L"Notify", L"GetDescription", NULL};
        return names;
    }
    // For callers that are not compiled against the interface.
    HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) override {
        Value event, context;
        HRESULT hr = S_OK;
        switch (id) {
        case 1:
            result.vt = VT_I4;
            return Initialize(NULL, &result.lVal);
        case 2:
            hr = argument(arguments, 0, VT_I4, event);
            if (SUCCEEDED(hr)) hr = argument(arguments, 1, VT_I4, context);
            return SUCCEEDED(hr) ? Notify(event->lVal, context->lVal) : hr;
        case 3:
            result.vt = VT_BSTR;
            result.bstrVal = NULL;
            return GetDescription(&result.bstrVal);
        default:
            return DISP_E_MEMBERNOTFOUND;
        }
    }
};

} // namespace

IUnknown *make_module() { return new (std::nothrow) @Type@; }
