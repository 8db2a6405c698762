/*
 * Classes as the Active Template Library makes them: maps of interfaces, objects, factories, maps of classes. See atlbase.h.
 *
 * Two things differ. There are no type libraries on Linux: IDispatchImpl knows no names, and the host, which calls interfaces
 * directly, does not mind. There are no resources: DECLARE_REGISTRY registers a class, DECLARE_REGISTRY_RESOURCEID does not, and
 * the operator names the class when the module is added (the setting clsid).
 */
#ifndef EXEUNT_ATLCOM_H
#define EXEUNT_ATLCOM_H

#include "atlbase.h"

#include "olectl.h"

/* --- objects ------------------------------------------------------------------------------------------------------------- */

struct CComMultiThreadModel {
    static ULONG Increment(volatile LONG *count) { return static_cast<ULONG>(InterlockedIncrement(count)); }
    static ULONG Decrement(volatile LONG *count) { return static_cast<ULONG>(InterlockedDecrement(count)); }
};
/* A host may release on another thread than it called: counting is safe in both models. */
typedef CComMultiThreadModel CComSingleThreadModel;
typedef CComMultiThreadModel CComObjectThreadModel;

struct _ATL_INTMAP_ENTRY {
    const IID *iid;
    ptrdiff_t offset;
};

template <class Model> class CComObjectRootEx {
public:
    HRESULT FinalConstruct() { return S_OK; }
    void FinalRelease() {}
    void Lock() { lock.Lock(); }
    void Unlock() { lock.Unlock(); }
    ULONG InternalAddRef() { return Model::Increment(&m_dwRef); }
    ULONG InternalRelease() { return Model::Decrement(&m_dwRef); }
    /* The first entry of a map is the object's identity. */
    static HRESULT InternalQueryInterface(void *object, const _ATL_INTMAP_ENTRY *entries, REFIID riid, void **out) {
        if (out == nullptr) return E_POINTER;
        *out = nullptr;
        for (const _ATL_INTMAP_ENTRY *entry = entries; entry->iid != nullptr; ++entry) {
            if (!IsEqualIID(*entry->iid, riid) && !(entry == entries && IsEqualIID(riid, IID_IUnknown))) continue;
            IUnknown *found = reinterpret_cast<IUnknown *>(static_cast<char *>(object) + entry->offset);
            found->AddRef();
            *out = found;
            return S_OK;
        }
        return E_NOINTERFACE;
    }

    volatile LONG m_dwRef = 0;

private:
    CComAutoCriticalSection lock;
};
typedef CComObjectRootEx<CComObjectThreadModel> CComObjectRoot;
typedef CComCritSecLock<CComObjectRoot> ObjectLock;

#define offsetofclass(base, derived) (reinterpret_cast<ptrdiff_t>(static_cast<base *>(reinterpret_cast<derived *>(0x1000))) - 0x1000)
#define BEGIN_COM_MAP(name)                                                                                                    \
public:                                                                                                                        \
    typedef name _ComMapClass;                                                                                                 \
    HRESULT _InternalQueryInterface(REFIID riid, void **out) { return this->InternalQueryInterface(this, _GetEntries(), riid, out); } \
    static const _ATL_INTMAP_ENTRY *_GetEntries() {                                                                            \
        static const _ATL_INTMAP_ENTRY entries[] = {
#define COM_INTERFACE_ENTRY(x) {&__uuidof(x), offsetofclass(x, _ComMapClass)},
#define COM_INTERFACE_ENTRY_IID(iid, x) {&iid, offsetofclass(x, _ComMapClass)},
#define COM_INTERFACE_ENTRY2(x, through) {&__uuidof(x), offsetofclass(through, _ComMapClass)},
#define COM_INTERFACE_ENTRY2_IID(iid, x, through) {&iid, offsetofclass(through, _ComMapClass)},
#define END_COM_MAP()                                                                                                          \
    { nullptr, 0 }                                                                                                             \
    }                                                                                                                          \
    ;                                                                                                                          \
    return entries;                                                                                                            \
    }

template <class Base> class CComObject : public Base {
public:
    CComObject() { InterlockedIncrement(&CComModule::locks()); }
    virtual ~CComObject() {
        this->FinalRelease();
        InterlockedDecrement(&CComModule::locks());
    }
    STDMETHODIMP QueryInterface(REFIID riid, void **out) override { return this->_InternalQueryInterface(riid, out); }
    STDMETHODIMP_(ULONG) AddRef() override { return this->InternalAddRef(); }
    STDMETHODIMP_(ULONG) Release() override {
        ULONG left = this->InternalRelease();
        if (left == 0) delete this;
        return left;
    }
    /* Without a reference: the caller takes the first. */
    static HRESULT CreateInstance(CComObject **out) {
        if (out == nullptr) return E_POINTER;
        *out = nullptr;
        CComObject *made = new (std::nothrow) CComObject;
        if (made == nullptr) return E_OUTOFMEMORY;
        made->InternalAddRef(); // FinalConstruct may hand it out and take it back
        HRESULT hr = made->FinalConstruct();
        made->InternalRelease();
        if (FAILED(hr))
            delete made;
        else
            *out = made;
        return hr;
    }
};

template <class C> class CComClassFactoryOf : public IClassFactory {
public:
    STDMETHODIMP QueryInterface(REFIID riid, void **out) override {
        if (out == nullptr) return E_POINTER;
        bool known = IsEqualIID(riid, IID_IUnknown) || IsEqualIID(riid, IID_IClassFactory);
        *out = known ? this : nullptr;
        return known ? S_OK : E_NOINTERFACE;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return 2; } // as long as the module
    STDMETHODIMP_(ULONG) Release() override { return 1; }
    STDMETHODIMP CreateInstance(IUnknown *outer, REFIID riid, void **out) override {
        if (out == nullptr) return E_POINTER;
        *out = nullptr;
        if (outer != nullptr) return CLASS_E_NOAGGREGATION;
        CComObject<C> *made = nullptr;
        HRESULT hr = CComObject<C>::CreateInstance(&made);
        if (FAILED(hr)) return hr;
        made->AddRef();
        hr = made->QueryInterface(riid, out);
        made->Release();
        return hr;
    }
    STDMETHODIMP LockServer(BOOL lock) override {
        if (lock)
            InterlockedIncrement(&CComModule::locks());
        else
            InterlockedDecrement(&CComModule::locks());
        return S_OK;
    }
    static HRESULT object(REFIID riid, void **out) {
        static CComClassFactoryOf one;
        return one.QueryInterface(riid, out);
    }
};

/* Creates an error with a text, which the host puts into the failure it reports. */
inline HRESULT AtlReportError(REFCLSID, LPCOLESTR text, const IID &iid = IID_NULL, HRESULT hr = 0) {
    CComPtr<ICreateErrorInfo> made;
    CComPtr<IErrorInfo> info;
    if (SUCCEEDED(CreateErrorInfo(&made)) && SUCCEEDED(made->SetGUID(iid)) && SUCCEEDED(made->SetDescription(const_cast<LPOLESTR>(text))) &&
        SUCCEEDED(made.QueryInterface(&info)))
        SetErrorInfo(0, info);
    return hr == 0 ? MAKE_HRESULT(SEVERITY_ERROR, FACILITY_ITF, 0x200) : hr;
}

template <class C, const CLSID *clsid = &CLSID_NULL> class CComCoClass {
public:
    static const CLSID &GetObjectCLSID() { return *clsid; }
    static HRESULT Error(LPCOLESTR text, const IID &iid = IID_NULL, HRESULT hr = 0) { return AtlReportError(*clsid, text, iid, hr); }
    template <class Q> static HRESULT CreateInstance(Q **out) {
        CComPtr<IClassFactory> factory;
        HRESULT hr = CComClassFactoryOf<C>::object(IID_IClassFactory, reinterpret_cast<void **>(&factory));
        return FAILED(hr) ? hr : factory->CreateInstance(nullptr, __uuidof(Q), reinterpret_cast<void **>(out));
    }
};

template <class I, const IID *iid = nullptr, const GUID *library = nullptr, WORD major = 1, WORD minor = 0, class Holder = void>
class IDispatchImpl : public I {
public:
    STDMETHODIMP GetTypeInfoCount(UINT *count) override {
        if (count == nullptr) return E_POINTER;
        *count = 0;
        return S_OK;
    }
    STDMETHODIMP GetTypeInfo(UINT, LCID, ITypeInfo **info) override {
        if (info != nullptr) *info = nullptr;
        return TYPE_E_LIBNOTREGISTERED;
    }
    STDMETHODIMP GetIDsOfNames(REFIID, LPOLESTR *, UINT count, LCID, DISPID *ids) override {
        for (UINT i = 0; ids != nullptr && i < count; ++i) ids[i] = DISPID_UNKNOWN;
        return DISP_E_UNKNOWNNAME;
    }
    STDMETHODIMP Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS *, VARIANT *, EXCEPINFO *, UINT *) override {
        return DISP_E_MEMBERNOTFOUND;
    }
};
#define CComDualImpl IDispatchImpl

template <const IID *iid> class ISupportErrorInfoImpl : public ISupportErrorInfo {
public:
    STDMETHODIMP InterfaceSupportsErrorInfo(REFIID riid) override { return IsEqualIID(riid, *iid) ? S_OK : S_FALSE; }
};

#define DECLARE_NOT_AGGREGATABLE(name)
#define DECLARE_AGGREGATABLE(name)
#define DECLARE_ONLY_AGGREGATABLE(name)
#define DECLARE_PROTECT_FINAL_CONSTRUCT()
#define DECLARE_GET_CONTROLLING_UNKNOWN()
#define DECLARE_CLASSFACTORY()

/* --- registration -------------------------------------------------------------------------------------------------------- */

inline HRESULT AtlRegisterClass(REFCLSID clsid, LPCWSTR prog_id, LPCWSTR independent, LPCWSTR threading, BOOL add) {
    OLECHAR braces[40];
    wchar_t file[MAX_PATH];
    StringFromGUID2(clsid, braces, 40);
    std::wstring key = std::wstring(L"CLSID\\") + braces;
    const wchar_t *names[] = {prog_id, independent};
    if (!add) {
        for (const wchar_t *name : names) RegDeleteTreeW(HKEY_CLASSES_ROOT, name);
        RegDeleteTreeW(HKEY_CLASSES_ROOT, key.c_str());
        return S_OK;
    }
    // Any address in the module names its file.
    DWORD length = GetModuleFileNameW(reinterpret_cast<HMODULE>(reinterpret_cast<void *>(&DllGetClassObject)), file, MAX_PATH);
    CRegKey made;
    bool well = length > 0 && length < MAX_PATH;
    for (const wchar_t *name : names)
        well = well && made.Create(HKEY_CLASSES_ROOT, (std::wstring(name) + L"\\CLSID").c_str()) == ERROR_SUCCESS &&
               made.SetStringValue(nullptr, braces) == ERROR_SUCCESS;
    well = well && made.Create(HKEY_CLASSES_ROOT, (key + L"\\ProgID").c_str()) == ERROR_SUCCESS &&
           made.SetStringValue(nullptr, prog_id) == ERROR_SUCCESS;
    well = well && made.Create(HKEY_CLASSES_ROOT, (key + L"\\VersionIndependentProgID").c_str()) == ERROR_SUCCESS &&
           made.SetStringValue(nullptr, independent) == ERROR_SUCCESS;
    well = well && made.Create(HKEY_CLASSES_ROOT, (key + L"\\InprocServer32").c_str()) == ERROR_SUCCESS &&
           made.SetStringValue(nullptr, file) == ERROR_SUCCESS && made.SetStringValue(L"ThreadingModel", threading) == ERROR_SUCCESS;
    return well ? S_OK : SELFREG_E_CLASS;
}

#define DECLARE_REGISTRY(name, prog_id, independent, description, flags)                                                       \
    static HRESULT UpdateRegistry(BOOL add) {                                                                                  \
        return AtlRegisterClass(GetObjectCLSID(), prog_id, independent,                                                        \
                                ((flags)&THREADFLAGS_BOTH) == THREADFLAGS_BOTH ? L"Both" : L"Apartment", add);                 \
    }
#define DECLARE_NO_REGISTRY()                                                                                                  \
    static HRESULT UpdateRegistry(BOOL) { return S_OK; }
#define DECLARE_REGISTRY_RESOURCEID(id) DECLARE_NO_REGISTRY()
#define DECLARE_REGISTRY_RESOURCE(name) DECLARE_NO_REGISTRY()

#define BEGIN_OBJECT_MAP(name) static _ATL_OBJMAP_ENTRY name[] = {
#define OBJECT_ENTRY(clsid, name) {&clsid, name::UpdateRegistry, CComClassFactoryOf<name>::object},
#define END_OBJECT_MAP()                                                                                                       \
    { nullptr, nullptr, nullptr }                                                                                              \
    }                                                                                                                          \
    ;

#endif
