// @name@: a policy module. It issues to names inside example.org, and denies the others.

#include "com.h"

#include <certsrv.h>

#include <certif.h>
#include <certpol.h>

#include <new>

namespace {

const std::wstring domain = L"example.org";

bool is_inside(std::wstring name) {
    for (wchar_t &c : name) {
        if (c >= L'A' && c <= L'Z') c += L'a' - L'A';
        // Several common names come as lines of one: nothing but what names are made of.
        if ((c < L'a' || c > L'z') && (c < L'0' || c > L'9') && c != L'-' && c != L'.') return false;
    }
    if (name == domain) return true;
    const std::wstring below = L"." + domain;
    return name.size() > below.size() && name.compare(name.size() - below.size(), below.size(), below) == 0;
}

// Takes an element with this tag off the front of some DER: its content.
bool take(const BYTE *&at, const BYTE *end, BYTE tag, const BYTE *&content, size_t &size) {
    if (end - at < 2 || *at++ != tag) return false;
    size = *at++;
    if (size > 0x7f) {
        size_t octets = size & 0x7f;
        if (octets < 1 || octets > 2 || static_cast<size_t>(end - at) < octets) return false;
        for (size = 0; octets > 0; --octets) size = size << 8 | *at++;
    }
    if (static_cast<size_t>(end - at) < size) return false;
    content = at;
    at += size;
    return true;
}

// Whether every name in a subject alternative name extension (RFC 5280 4.2.1.6) is a DNS name inside the domain.
bool are_inside(const BYTE *der, size_t size) {
    const BYTE *end = der + size, *names = NULL, *name = NULL;
    size_t length = 0;
    if (!take(der, end, 0x30, names, length) || der != end || length == 0) return false;
    for (end = names + length; names != end;)
        if (!take(names, end, 0x82, name, length) || !is_inside(std::wstring(name, name + length))) return false;
    return true;
}

class @Type@ : public Object<ICertPolicy> {
public:
    // Settings, where there are any, are in the registry key that the property ModuleRegistryLocation names.
    STDMETHODIMP Initialize(BSTR const) override { return S_OK; }

    // VR_INSTANT_OK, VR_PENDING, VR_INSTANT_BAD or a failing code to deny with. A failure of the call never means issue.
    STDMETHODIMP VerifyRequest(BSTR const, LONG context, LONG, LONG, LONG *disposition) override {
        if (disposition == NULL) return E_POINTER;
        *disposition = VR_INSTANT_BAD;
        Reference<ICertServerPolicy> server;
        HRESULT hr = CoCreateInstance(CLSID_CCertServerPolicy, NULL, CLSCTX_INPROC_SERVER, IID_ICertServerPolicy,
                                      reinterpret_cast<void **>(server.out()));
        if (SUCCEEDED(hr)) hr = server->SetContext(context);
        if (FAILED(hr)) return hr;
        Value name, names;
        hr = server->GetRequestProperty(Text(wszPROPSUBJECTCOMMONNAME).get(), PROPTYPE_STRING, name.out());
        if (FAILED(hr) && hr != CERTSRV_E_PROPERTY_EMPTY) return hr;
        bool has_common = SUCCEEDED(hr);
        // Whoever checks the certificate goes by the alternative names: look at every one.
        hr = server->GetCertificateExtension(Text(L"2.5.29.17").get(), PROPTYPE_BINARY, names.out());
        if (FAILED(hr) && hr != CERTSRV_E_PROPERTY_EMPTY) return hr;
        bool has_others = SUCCEEDED(hr);
        bool inside = (has_common || has_others) && (!has_common || is_inside(name.str())) &&
                      (!has_others || are_inside(names.bytes(), names.byte_count()));
        *disposition = inside ? VR_INSTANT_OK : CERTSRV_E_BAD_REQUESTSUBJECT;
        return S_OK;
    }

    STDMETHODIMP GetDescription(BSTR *description) override {
        if (description == NULL) return E_POINTER;
        *description = SysAllocString(L"names inside one domain");
        return *description == NULL ? E_OUTOFMEMORY : S_OK;
    }

    STDMETHODIMP ShutDown() override { return S_OK; }

protected:
    bool is(REFIID riid) const override { return IsEqualIID(riid, IID_ICertPolicy); }
    const wchar_t *const *methods() const override {
        static const wchar_t *const names[] = {L"Initialize", L"VerifyRequest", L"GetDescription", L"ShutDown", NULL};
        return names;
    }
    // For callers that are not compiled against the interface.
    HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) override {
        Value context;
        HRESULT hr = S_OK;
        switch (id) {
        case 1:
            return Initialize(NULL);
        case 2:
            hr = argument(arguments, 1, VT_I4, context);
            result.vt = VT_I4;
            return SUCCEEDED(hr) ? VerifyRequest(NULL, context->lVal, 1, 0, &result.lVal) : hr;
        case 3:
            result.vt = VT_BSTR;
            result.bstrVal = NULL;
            return GetDescription(&result.bstrVal);
        case 4:
            return ShutDown();
        default:
            return DISP_E_MEMBERNOTFOUND;
        }
    }
};

} // namespace

IUnknown *make_module() { return new (std::nothrow) @Type@; }
