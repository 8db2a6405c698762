// The little of COM that this module needs and that is not in a Windows header: owners of texts, values and objects, and a base
// for its classes.
#pragma once

#include <windows.h>

#include <oleauto.h>

#include <string>

// Objects alive and locks held: DllCanUnloadNow answers by them.
extern volatile LONG live;

inline HRESULT last_error() {
    HRESULT hr = HRESULT_FROM_WIN32(GetLastError());
    return FAILED(hr) ? hr : E_FAIL;
}

// A BSTR that frees itself.
class Text {
public:
    Text() : text(NULL) {}
    explicit Text(const wchar_t *from) : text(SysAllocString(from)) {}
    ~Text() { SysFreeString(text); }
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;

    BSTR get() const { return text; }
    BSTR *out() {
        SysFreeString(text);
        text = NULL;
        return &text;
    }
    std::wstring str() const { return std::wstring(text == NULL ? L"" : text, SysStringLen(text)); }

private:
    BSTR text;
};

// A VARIANT that clears itself.
class Value {
public:
    Value() { VariantInit(&value); }
    ~Value() { VariantClear(&value); }
    Value(const Value &) = delete;
    Value &operator=(const Value &) = delete;

    VARIANT *out() {
        VariantClear(&value);
        return &value;
    }
    const VARIANT &operator*() const { return value; }
    const VARIANT *operator->() const { return &value; }
    // Binary values come as texts whose length counts bytes.
    const BYTE *bytes() const { return reinterpret_cast<const BYTE *>(value.bstrVal); }
    DWORD byte_count() const { return SysStringByteLen(value.bstrVal); }
    std::wstring str() const { return std::wstring(value.bstrVal == NULL ? L"" : value.bstrVal, SysStringLen(value.bstrVal)); }

private:
    VARIANT value;
};

// A reference that is released.
template <class I> class Reference {
public:
    Reference() : object(NULL) {}
    ~Reference() {
        if (object != NULL) object->Release();
    }
    Reference(const Reference &) = delete;
    Reference &operator=(const Reference &) = delete;

    I **out() { return &object; }
    I *operator->() const { return object; }
    I *get() const { return object; }

private:
    I *object;
};

// IUnknown and IDispatch for a class with one dual interface and the ones it extends. `methods` are the names of the interface's
// own methods; a DISPID is a name's place, from 1. Late-bound callers are served by invoke().
template <class I> class Object : public I {
public:
    Object() : references(1) { InterlockedIncrement(&live); }
    virtual ~Object() { InterlockedDecrement(&live); }

    STDMETHODIMP QueryInterface(REFIID riid, void **object) override {
        if (object == NULL) return E_POINTER;
        *object = NULL;
        if (!is(riid) && !IsEqualIID(riid, IID_IUnknown) && !IsEqualIID(riid, IID_IDispatch)) return E_NOINTERFACE;
        *object = static_cast<I *>(this);
        AddRef();
        return S_OK;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }
    STDMETHODIMP_(ULONG) Release() override {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) delete this;
        return static_cast<ULONG>(left);
    }

    STDMETHODIMP GetTypeInfoCount(UINT *count) override {
        if (count == NULL) return E_POINTER;
        *count = 0;
        return S_OK;
    }
    STDMETHODIMP GetTypeInfo(UINT, LCID, ITypeInfo **info) override {
        if (info != NULL) *info = NULL;
        return E_NOTIMPL;
    }
    STDMETHODIMP GetIDsOfNames(REFIID, LPOLESTR *names, UINT count, LCID, DISPID *ids) override {
        if (names == NULL || ids == NULL || count == 0) return E_INVALIDARG;
        for (UINT i = 0; i < count; ++i) ids[i] = DISPID_UNKNOWN;
        const wchar_t *const *known = methods();
        for (DISPID id = 1; known[id - 1] != NULL; ++id)
            if (_wcsicmp(known[id - 1], names[0]) == 0) ids[0] = id;
        return ids[0] == DISPID_UNKNOWN || count > 1 ? DISP_E_UNKNOWNNAME : S_OK; // no argument has a name
    }
    STDMETHODIMP Invoke(DISPID id, REFIID, LCID, WORD, DISPPARAMS *arguments, VARIANT *result, EXCEPINFO *, UINT *) override {
        if (arguments == NULL) return E_INVALIDARG;
        Value unused;
        if (result == NULL) result = unused.out();
        VariantInit(result);
        return invoke(id, *arguments, *result);
    }

protected:
    virtual bool is(REFIID riid) const = 0;
    virtual const wchar_t *const *methods() const = 0;
    virtual HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) = 0;

    // The argument that was written n-th, as the type: they come last first.
    static HRESULT argument(DISPPARAMS &arguments, UINT n, VARTYPE type, Value &value) {
        return n >= arguments.cArgs ? DISP_E_PARAMNOTFOUND
                                    : VariantChangeType(value.out(), &arguments.rgvarg[arguments.cArgs - 1 - n], 0, type);
    }

private:
    volatile LONG references;
};
