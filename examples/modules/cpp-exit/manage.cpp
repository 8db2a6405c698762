#include "publisher.h"

STDMETHODIMP PublisherManage::GetProperty(BSTR const, BSTR, BSTR name, LONG, VARIANT *value) {
    if (value == NULL) return E_POINTER;
    VariantInit(value);
    if (name == NULL) return S_FALSE;
    static const struct {
        const wchar_t *name, *value;
    } texts[] = {{wszCMM_PROP_NAME, PUBLISHER_NAME},
                 {wszCMM_PROP_DESCRIPTION, PUBLISHER_DESCRIPTION},
                 {wszCMM_PROP_COPYRIGHT, L"The Exeunt authors; MIT or Apache-2.0"},
                 {wszCMM_PROP_FILEVER, PUBLISHER_VERSION},
                 {wszCMM_PROP_PRODUCTVER, PUBLISHER_VERSION}};
    for (size_t i = 0; i < ARRAYSIZE(texts); ++i) {
        if (_wcsicmp(name, texts[i].name) != 0) continue;
        value->bstrVal = SysAllocString(texts[i].value);
        if (value->bstrVal == NULL) return E_OUTOFMEMORY;
        value->vt = VT_BSTR;
        return S_OK;
    }
    if (_wcsicmp(name, wszCMM_PROP_ISMULTITHREADED) != 0) return S_FALSE;
    value->vt = VT_I4;
    value->lVal = 1;
    return S_OK;
}

// Settings are set in the registry; there is nothing to show a dialog on.
STDMETHODIMP PublisherManage::SetProperty(BSTR const, BSTR, BSTR, LONG, VARIANT const *) { return S_FALSE; }
STDMETHODIMP PublisherManage::Configure(BSTR const, BSTR, LONG) { return S_OK; }

const wchar_t *const *PublisherManage::methods() const {
    static const wchar_t *const names[] = {L"GetProperty", L"SetProperty", L"Configure", NULL};
    return names;
}

HRESULT PublisherManage::invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) {
    Value config, location, name;
    HRESULT hr = argument(arguments, 0, VT_BSTR, config);
    if (SUCCEEDED(hr)) hr = argument(arguments, 1, VT_BSTR, location);
    if (FAILED(hr)) return hr;
    switch (id) {
    case 1:
        hr = argument(arguments, 2, VT_BSTR, name);
        return FAILED(hr) ? hr : GetProperty(config->bstrVal, location->bstrVal, name->bstrVal, 0, &result);
    case 2:
        return SetProperty(config->bstrVal, location->bstrVal, NULL, 0, NULL);
    case 3:
        return Configure(config->bstrVal, location->bstrVal, 0);
    default:
        return DISP_E_MEMBERNOTFOUND;
    }
}
