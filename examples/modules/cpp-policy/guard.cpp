// A policy module that stands before the default one: what that decides holds, and beyond it short keys are denied, a unit is
// put into the subject, and certificates get a policy identifier (RFC 5280 4.2.1.4).

#include "com.h"

#include <certsrv.h>
#include <olectl.h>

#include <new>
#include <vector>

volatile LONG live = 0;

namespace {

const CLSID CLSID_Guard = {0x28ac23d1, 0x447f, 0x4d17, {0x95, 0x12, 0x79, 0xde, 0xf7, 0xee, 0x02, 0x94}};
const wchar_t *const prog_id = L"ExeuntGuard.Policy";
HINSTANCE instance = NULL;

// --- settings: the registry key that ModuleRegistryLocation names ----------------------------------------------------------

struct Settings {
    DWORD key_bits_min = 2048; // of RSA keys; others are shorter by nature
    std::wstring unit;         // empty: the subject stays as it is
    std::wstring policy;       // dotted; empty: no extension
};

std::wstring read_text(HKEY key, const wchar_t *name) {
    wchar_t text[256];
    DWORD type = 0, bytes = sizeof(text) - sizeof(wchar_t);
    ZeroMemory(text, sizeof(text));
    LONG status = RegQueryValueExW(key, name, NULL, &type, reinterpret_cast<BYTE *>(text), &bytes);
    return status == ERROR_SUCCESS && type == REG_SZ ? text : L"";
}

HRESULT read_settings(const std::wstring &path, Settings &settings) {
    HKEY key = NULL;
    LONG status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ, &key);
    if (status == ERROR_FILE_NOT_FOUND) return S_OK;
    if (status != ERROR_SUCCESS) return HRESULT_FROM_WIN32(status);
    DWORD number = 0, type = 0, bytes = sizeof(number);
    status = RegQueryValueExW(key, L"KeyBitsMin", NULL, &type, reinterpret_cast<BYTE *>(&number), &bytes);
    if (status == ERROR_SUCCESS && type == REG_DWORD) settings.key_bits_min = number;
    else if (!read_text(key, L"KeyBitsMin").empty()) settings.key_bits_min = wcstoul(read_text(key, L"KeyBitsMin").c_str(), NULL, 10);
    settings.unit = read_text(key, L"Unit");
    settings.policy = read_text(key, L"Policy");
    RegCloseKey(key);
    return S_OK;
}

// --- DER: SEQUENCE { SEQUENCE { OBJECT IDENTIFIER } } ----------------------------------------------------------------------

HRESULT encode_policies(const std::wstring &dotted, std::string &der) {
    std::vector<unsigned long> arcs;
    for (const wchar_t *at = dotted.c_str(); *at != 0;) {
        wchar_t *end = NULL;
        arcs.push_back(wcstoul(at, &end, 10));
        if (end == at || (*end != L'.' && *end != 0)) return E_INVALIDARG;
        at = *end == L'.' ? end + 1 : end;
    }
    if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) return E_INVALIDARG;
    arcs[1] += arcs[0] * 40;
    std::string oid;
    for (size_t i = 1; i < arcs.size(); ++i) {
        std::string base128(1, static_cast<char>(arcs[i] & 0x7f));
        for (unsigned long rest = arcs[i] >> 7; rest != 0; rest >>= 7) base128.insert(base128.begin(), static_cast<char>(0x80 | (rest & 0x7f)));
        oid += base128;
    }
    if (oid.size() > 100) return E_INVALIDARG;
    der = std::string("\x06") + static_cast<char>(oid.size()) + oid;
    for (int depth = 0; depth < 2; ++depth) der = std::string("\x30") + static_cast<char>(der.size()) + der;
    return S_OK;
}

// --- the module ------------------------------------------------------------------------------------------------------------

class Guard : public Object<ICertPolicy> {
public:
    STDMETHODIMP Initialize(BSTR const config) override {
        Reference<ICertServerPolicy> server;
        HRESULT hr = server_for(0, server);
        Value location;
        if (SUCCEEDED(hr)) hr = server->GetCertificateProperty(Text(wszPROPMODULEREGLOC).get(), PROPTYPE_STRING, location.out());
        if (SUCCEEDED(hr)) hr = read_settings(location.str(), settings);
        if (SUCCEEDED(hr) && !settings.policy.empty()) hr = encode_policies(settings.policy, policies);
        CLSID clsid;
        if (SUCCEEDED(hr)) hr = CLSIDFromProgID(wszCLASS_CERTPOLICY, &clsid);
        if (SUCCEEDED(hr))
            hr = CoCreateInstance(clsid, NULL, CLSCTX_INPROC_SERVER, IID_ICertPolicy, reinterpret_cast<void **>(next.out()));
        return SUCCEEDED(hr) ? next->Initialize(config) : hr;
    }

    STDMETHODIMP VerifyRequest(BSTR const config, LONG context, LONG new_request, LONG flags, LONG *disposition) override {
        if (disposition == NULL) return E_POINTER;
        *disposition = VR_INSTANT_BAD;
        if (next.get() == NULL) return E_UNEXPECTED;
        HRESULT hr = next->VerifyRequest(config, context, new_request, flags, disposition);
        if (FAILED(hr) || *disposition == VR_INSTANT_BAD || FAILED(*disposition)) return hr;
        Reference<ICertServerPolicy> server;
        hr = server_for(context, server);
        if (SUCCEEDED(hr)) hr = amend(server.get(), *disposition);
        if (FAILED(hr)) *disposition = VR_INSTANT_BAD;
        return hr;
    }

    STDMETHODIMP GetDescription(BSTR *description) override {
        if (description == NULL) return E_POINTER;
        *description = SysAllocString(L"Guards the default policy");
        return *description == NULL ? E_OUTOFMEMORY : S_OK;
    }

    STDMETHODIMP ShutDown() override { return next.get() == NULL ? S_OK : next->ShutDown(); }

protected:
    bool is(REFIID riid) const override { return IsEqualIID(riid, IID_ICertPolicy); }
    const wchar_t *const *methods() const override {
        static const wchar_t *const names[] = {L"Initialize", L"VerifyRequest", L"GetDescription", L"ShutDown", NULL};
        return names;
    }
    HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) override {
        Value config, context, is_new;
        HRESULT hr = S_OK;
        if (id == 1 || id == 2) hr = argument(arguments, 0, VT_BSTR, config);
        if (SUCCEEDED(hr) && id == 2) hr = argument(arguments, 1, VT_I4, context);
        if (SUCCEEDED(hr) && id == 2) hr = argument(arguments, 2, VT_I4, is_new);
        if (FAILED(hr)) return hr;
        switch (id) {
        case 1:
            return Initialize(config->bstrVal);
        case 2:
            result.vt = VT_I4;
            return VerifyRequest(config->bstrVal, context->lVal, is_new->lVal, 0, &result.lVal);
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

private:
    static HRESULT server_for(LONG context, Reference<ICertServerPolicy> &server) {
        HRESULT hr = CoCreateInstance(CLSID_CCertServerPolicy, NULL, CLSCTX_INPROC_SERVER, IID_ICertServerPolicy,
                                      reinterpret_cast<void **>(server.out()));
        return SUCCEEDED(hr) && context != 0 ? server->SetContext(context) : hr;
    }

    // A denial goes through the disposition: the request is then denied, and not failed.
    HRESULT amend(ICertServerPolicy *server, LONG &disposition) const {
        Value algorithm, bits, unit, extension;
        HRESULT hr = server->GetCertificateProperty(Text(wszPROPCERTIFICATEPUBLICKEYALGORITHM).get(), PROPTYPE_STRING, algorithm.out());
        if (SUCCEEDED(hr)) hr = server->GetCertificateProperty(Text(wszPROPCERTIFICATEPUBLICKEYLENGTH).get(), PROPTYPE_LONG, bits.out());
        if (FAILED(hr)) return hr;
        bool rsa = algorithm.str() == L"1.2.840.113549.1.1.1";
        if (rsa && static_cast<DWORD>(bits->lVal) < settings.key_bits_min) {
            disposition = CERTSRV_E_KEY_LENGTH;
            return S_OK;
        }
        if (!settings.unit.empty()) {
            VARIANT *value = unit.out();
            value->bstrVal = SysAllocString(settings.unit.c_str());
            if (value->bstrVal == NULL) return E_OUTOFMEMORY;
            value->vt = VT_BSTR;
            hr = server->SetCertificateProperty(Text(wszPROPSUBJECTORGUNIT).get(), PROPTYPE_STRING, value);
        }
        if (SUCCEEDED(hr) && !policies.empty()) {
            VARIANT *value = extension.out();
            value->bstrVal = SysAllocStringByteLen(policies.data(), static_cast<UINT>(policies.size()));
            if (value->bstrVal == NULL) return E_OUTOFMEMORY;
            value->vt = VT_BSTR;
            hr = server->SetCertificateExtension(Text(L"2.5.29.32").get(), PROPTYPE_BINARY, 0, value);
        }
        return hr;
    }

    Settings settings;
    std::string policies; // DER
    Reference<ICertPolicy> next;
};

class Factory : public IClassFactory {
public:
    STDMETHODIMP QueryInterface(REFIID riid, void **object) override {
        if (object == NULL) return E_POINTER;
        bool known = IsEqualIID(riid, IID_IUnknown) || IsEqualIID(riid, IID_IClassFactory);
        *object = known ? this : NULL;
        return known ? S_OK : E_NOINTERFACE;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return 2; }
    STDMETHODIMP_(ULONG) Release() override { return 1; }
    STDMETHODIMP CreateInstance(IUnknown *outer, REFIID riid, void **object) override {
        if (object == NULL) return E_POINTER;
        *object = NULL;
        if (outer != NULL) return CLASS_E_NOAGGREGATION;
        Guard *made = new (std::nothrow) Guard;
        if (made == NULL) return E_OUTOFMEMORY;
        HRESULT hr = made->QueryInterface(riid, object);
        made->Release();
        return hr;
    }
    STDMETHODIMP LockServer(BOOL lock) override {
        if (lock) InterlockedIncrement(&live);
        else InterlockedDecrement(&live);
        return S_OK;
    }
};

bool set_text(const std::wstring &path, const wchar_t *name, const wchar_t *text) {
    HKEY key = NULL;
    if (RegCreateKeyExW(HKEY_CLASSES_ROOT, path.c_str(), 0, NULL, 0, KEY_WRITE, NULL, &key, NULL) != ERROR_SUCCESS) return false;
    DWORD bytes = static_cast<DWORD>((wcslen(text) + 1) * sizeof(wchar_t));
    LONG status = RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE *>(text), bytes);
    RegCloseKey(key);
    return status == ERROR_SUCCESS;
}

} // namespace

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
    if (reason == DLL_PROCESS_ATTACH) instance = module;
    return TRUE;
}

STDAPI DllGetClassObject(REFCLSID rclsid, REFIID riid, LPVOID *object) {
    static Factory factory;
    if (object == NULL) return E_POINTER;
    *object = NULL;
    return IsEqualCLSID(rclsid, CLSID_Guard) ? factory.QueryInterface(riid, object) : CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow(void) { return live == 0 ? S_OK : S_FALSE; }

STDAPI DllRegisterServer(void) {
    wchar_t file[MAX_PATH], clsid[40];
    DWORD length = GetModuleFileNameW(reinterpret_cast<HMODULE>(instance), file, MAX_PATH);
    if (length == 0 || length >= MAX_PATH || StringFromGUID2(CLSID_Guard, clsid, ARRAYSIZE(clsid)) == 0) return SELFREG_E_CLASS;
    std::wstring key = std::wstring(L"CLSID\\") + clsid, server = key + L"\\InprocServer32";
    bool well = set_text(std::wstring(prog_id) + L"\\CLSID", NULL, clsid) && set_text(key + L"\\ProgID", NULL, prog_id) &&
                set_text(server, NULL, file) && set_text(server, L"ThreadingModel", L"Both");
    return well ? S_OK : SELFREG_E_CLASS;
}

STDAPI DllUnregisterServer(void) {
    wchar_t clsid[40];
    if (StringFromGUID2(CLSID_Guard, clsid, ARRAYSIZE(clsid)) == 0) return SELFREG_E_CLASS;
    RegDeleteTreeW(HKEY_CLASSES_ROOT, prog_id);
    RegDeleteTreeW(HKEY_CLASSES_ROOT, (std::wstring(L"CLSID\\") + clsid).c_str());
    return S_OK;
}
