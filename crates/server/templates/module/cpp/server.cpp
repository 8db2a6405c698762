// What makes a module a COM server: its class factory, and the registration by which a host finds the class in the file.

#include "com.h"

#include <olectl.h>

volatile LONG live = 0;

// In module.cpp: a new object, with one reference.
IUnknown *make_module();

namespace {

const CLSID CLSID_Module = @clsid@;
const wchar_t *const prog_id = L"@Type@.@role@";
HINSTANCE instance = NULL;

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
        IUnknown *made = make_module();
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
    return IsEqualCLSID(rclsid, CLSID_Module) ? factory.QueryInterface(riid, object) : CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow(void) { return live == 0 ? S_OK : S_FALSE; }

STDAPI DllRegisterServer(void) {
    wchar_t file[MAX_PATH], clsid[40];
    DWORD length = GetModuleFileNameW(reinterpret_cast<HMODULE>(instance), file, MAX_PATH);
    if (length == 0 || length >= MAX_PATH || StringFromGUID2(CLSID_Module, clsid, ARRAYSIZE(clsid)) == 0) return SELFREG_E_CLASS;
    std::wstring key = std::wstring(L"CLSID\\") + clsid, server = key + L"\\InprocServer32";
    bool well = set_text(std::wstring(prog_id) + L"\\CLSID", NULL, clsid) && set_text(key + L"\\ProgID", NULL, prog_id) &&
                set_text(server, NULL, file) && set_text(server, L"ThreadingModel", L"Both");
    return well ? S_OK : SELFREG_E_CLASS;
}

STDAPI DllUnregisterServer(void) {
    wchar_t clsid[40];
    if (StringFromGUID2(CLSID_Module, clsid, ARRAYSIZE(clsid)) == 0) return SELFREG_E_CLASS;
    RegDeleteTreeW(HKEY_CLASSES_ROOT, prog_id);
    RegDeleteTreeW(HKEY_CLASSES_ROOT, (std::wstring(L"CLSID\\") + clsid).c_str());
    return S_OK;
}
