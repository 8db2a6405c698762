// What the DLL exports: its classes, and their names in the registry.

#include "publisher.h"

#include <olectl.h>

#include <new>

volatile LONG live = 0;

extern const CLSID CLSID_Publisher = {0x5f1c7f06, 0x2a53, 0x4c3e, {0x9d, 0x1b, 0x6e, 0x0a, 0x4c, 0x8f, 0x21, 0xd7}};
extern const CLSID CLSID_PublisherManage = {0x5f1c7f07, 0x2a53, 0x4c3e, {0x9d, 0x1b, 0x6e, 0x0a, 0x4c, 0x8f, 0x21, 0xd7}};

namespace {

HINSTANCE instance = NULL;

// One factory for each class; they live as long as the DLL.
template <class C> class Factory : public IClassFactory {
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
        C *made = new (std::nothrow) C;
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

struct Class {
    const CLSID *clsid;
    const wchar_t *prog_id;
    const wchar_t *name;
};
// The tools find the second by its name: that of the module, and "Manage".
const Class classes[] = {{&CLSID_Publisher, L"ExeuntPublisher.Exit", L"Exeunt Publisher exit module"},
                         {&CLSID_PublisherManage, L"ExeuntPublisher.ExitManage", L"Exeunt Publisher management"}};

LONG set_text(const std::wstring &path, const wchar_t *name, const std::wstring &text) {
    HKEY key = NULL;
    LONG status = RegCreateKeyExW(HKEY_CLASSES_ROOT, path.c_str(), 0, NULL, REG_OPTION_NON_VOLATILE, KEY_WRITE, NULL, &key, NULL);
    if (status != ERROR_SUCCESS) return status;
    status = RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE *>(text.c_str()),
                            static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)));
    RegCloseKey(key);
    return status;
}

std::wstring braces(REFCLSID clsid) {
    wchar_t text[40];
    return StringFromGUID2(clsid, text, ARRAYSIZE(text)) > 0 ? text : L"";
}

} // namespace

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
    if (reason == DLL_PROCESS_ATTACH) {
        instance = module;
        DisableThreadLibraryCalls(module);
    }
    return TRUE;
}

STDAPI DllGetClassObject(REFCLSID rclsid, REFIID riid, LPVOID *object) {
    static Factory<Publisher> publisher;
    static Factory<PublisherManage> manage;
    if (object == NULL) return E_POINTER;
    *object = NULL;
    if (IsEqualCLSID(rclsid, CLSID_Publisher)) return publisher.QueryInterface(riid, object);
    if (IsEqualCLSID(rclsid, CLSID_PublisherManage)) return manage.QueryInterface(riid, object);
    return CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow(void) { return live == 0 ? S_OK : S_FALSE; }

STDAPI DllRegisterServer(void) {
    wchar_t file[MAX_PATH];
    DWORD length = GetModuleFileNameW(reinterpret_cast<HMODULE>(instance), file, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return SELFREG_E_CLASS;
    for (size_t i = 0; i < ARRAYSIZE(classes); ++i) {
        const Class &c = classes[i];
        std::wstring clsid = braces(*c.clsid), key = L"CLSID\\" + clsid;
        LONG status = set_text(c.prog_id, NULL, c.name);
        if (status == ERROR_SUCCESS) status = set_text(std::wstring(c.prog_id) + L"\\CLSID", NULL, clsid);
        if (status == ERROR_SUCCESS) status = set_text(key, NULL, c.name);
        if (status == ERROR_SUCCESS) status = set_text(key + L"\\ProgID", NULL, c.prog_id);
        if (status == ERROR_SUCCESS) status = set_text(key + L"\\InprocServer32", NULL, file);
        if (status == ERROR_SUCCESS) status = set_text(key + L"\\InprocServer32", L"ThreadingModel", L"Both");
        if (status != ERROR_SUCCESS) return SELFREG_E_CLASS;
    }
    return S_OK;
}

STDAPI DllUnregisterServer(void) {
    for (size_t i = 0; i < ARRAYSIZE(classes); ++i) {
        std::wstring key = L"CLSID\\" + braces(*classes[i].clsid);
        RegDeleteKeyW(HKEY_CLASSES_ROOT, (key + L"\\InprocServer32").c_str());
        RegDeleteKeyW(HKEY_CLASSES_ROOT, (key + L"\\ProgID").c_str());
        RegDeleteKeyW(HKEY_CLASSES_ROOT, key.c_str());
        RegDeleteKeyW(HKEY_CLASSES_ROOT, (std::wstring(classes[i].prog_id) + L"\\CLSID").c_str());
        RegDeleteKeyW(HKEY_CLASSES_ROOT, classes[i].prog_id);
    }
    return S_OK;
}
