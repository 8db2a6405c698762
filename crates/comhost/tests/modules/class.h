// What the classes of the test modules share: counted references, an IDispatch that knows nothing, class factories, registration,
// and failures that say why.

#pragma once

#include <windows.h>
#include <objbase.h>
#include <oleauto.h>

#include <string>

// An object of these interfaces, beside IUnknown and IDispatch. Made with one reference.
template <class Interface, const IID *... iids> class Object : public Interface {
public:
    virtual ~Object() = default;

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        bool known = iid == IID_IUnknown || iid == IID_IDispatch || (... || (iid == *iids));
        *object = known ? this : nullptr;
        if (known) {
            AddRef();
        }
        return known ? S_OK : E_NOINTERFACE;
    }

    ULONG STDMETHODCALLTYPE AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }

    ULONG STDMETHODCALLTYPE Release() override
    {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) {
            delete this;
        }
        return static_cast<ULONG>(left);
    }

    HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT *count) override
    {
        *count = 0;
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo **) override { return E_NOTIMPL; }

    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR *, UINT, LCID, DISPID *) override { return E_NOTIMPL; }

    HRESULT STDMETHODCALLTYPE Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS *, VARIANT *, EXCEPINFO *, UINT *) override
    {
        return E_NOTIMPL;
    }

private:
    LONG references = 1;
};

// The one class object of a class; it lives as long as the module.
template <class Made> class Factory final : public IClassFactory {
public:
    static HRESULT ask(REFIID iid, void **object)
    {
        static Factory only;
        return only.QueryInterface(iid, object);
    }

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        bool known = iid == IID_IUnknown || iid == IID_IClassFactory;
        *object = known ? this : nullptr;
        return known ? S_OK : E_NOINTERFACE;
    }

    ULONG STDMETHODCALLTYPE AddRef() override { return 2; }

    ULONG STDMETHODCALLTYPE Release() override { return 1; }

    HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown *outer, REFIID iid, void **object) override
    {
        *object = nullptr;
        if (outer != nullptr) {
            return CLASS_E_NOAGGREGATION;
        }
        Made *made = new Made();
        HRESULT hr = made->QueryInterface(iid, object);
        made->Release();
        return hr;
    }

    HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

// A class of a module.
struct Class {
    CLSID clsid;
    const wchar_t *progid;
    HRESULT (*factory)(REFIID iid, void **object);
};

// For DllGetClassObject.
template <size_t count>
HRESULT class_object(const Class (&classes)[count], REFCLSID clsid, REFIID iid, void **object)
{
    *object = nullptr;
    for (const Class &known : classes) {
        if (clsid == known.clsid) {
            return known.factory(iid, object);
        }
    }
    return CLASS_E_CLASSNOTAVAILABLE;
}

// For DllRegisterServer: the name of each class, as old source writes it, without its file.
template <size_t count> HRESULT register_classes(const Class (&classes)[count])
{
    for (const Class &known : classes) {
        wchar_t clsid[39];
        StringFromGUID2(known.clsid, clsid, 39);
        HKEY key = nullptr;
        LONG error = RegCreateKeyExW(HKEY_CLASSES_ROOT, (std::wstring(known.progid) + L"\\CLSID").c_str(), 0, nullptr, 0,
                                     KEY_WRITE, nullptr, &key, nullptr);
        if (error == ERROR_SUCCESS) {
            error = RegSetValueExW(key, nullptr, 0, REG_SZ, reinterpret_cast<const BYTE *>(clsid), sizeof clsid);
            RegCloseKey(key);
        }
        if (error != ERROR_SUCCESS) {
            return HRESULT_FROM_WIN32(error);
        }
    }
    return S_OK;
}

// Fails with a text, which is left as error information.
inline HRESULT fail(HRESULT code, const wchar_t *text)
{
    ICreateErrorInfo *create = nullptr;
    IErrorInfo *info = nullptr;
    if (SUCCEEDED(CreateErrorInfo(&create))) {
        create->SetDescription(const_cast<LPOLESTR>(text));
        if (SUCCEEDED(create->QueryInterface(IID_IErrorInfo, reinterpret_cast<void **>(&info)))) {
            SetErrorInfo(0, info);
            info->Release();
        }
        create->Release();
    }
    return code;
}
