/*
 * The part of the Active Template Library that modules use, written anew: owners of references, texts, values, keys and locks,
 * and the module object. C++ only. Classes and maps are in atlcom.h.
 *
 * Names and behaviour follow the library's documentation; what is not here does not compile. Failures that the library answers
 * by throwing (no memory for a text) are answered by std::bad_alloc.
 */
#ifndef EXEUNT_ATLBASE_H
#define EXEUNT_ATLBASE_H

#include <new>
#include <string>

#include <windows.h>

#define ATLASSERT(condition) ((void)0)
#define ATLASSUME(condition) ((void)0)
#define ATLTRACE(...) ((void)0)
#define ATLTRACE2(...) ((void)0)
#define ATL_NO_VTABLE
#define ATLAPI HRESULT
#define THREADFLAGS_APARTMENT 0x1
#define THREADFLAGS_BOTH 0x2
#define AUTPRXFLAG 0x4

/* --- references ---------------------------------------------------------------------------------------------------------- */

template <class T> class CComPtr {
public:
    CComPtr() : p(nullptr) {}
    CComPtr(T *other) : p(other) {
        if (p != nullptr) p->AddRef();
    }
    CComPtr(const CComPtr &other) : CComPtr(other.p) {}
    CComPtr(CComPtr &&other) noexcept : p(other.p) { other.p = nullptr; }
    ~CComPtr() { Release(); }
    T *operator=(T *other) {
        CComPtr kept(other);
        std::swap(p, kept.p);
        return p;
    }
    T *operator=(const CComPtr &other) { return *this = other.p; }

    operator T *() const { return p; }
    T &operator*() const { return *p; }
    T **operator&() { return &p; } // of an empty one: what it holds is not released
    T *operator->() const { return p; }
    bool operator!() const { return p == nullptr; }

    void Release() {
        T *held = p;
        p = nullptr;
        if (held != nullptr) held->Release();
    }
    void Attach(T *other) {
        Release();
        p = other;
    }
    T *Detach() {
        T *held = p;
        p = nullptr;
        return held;
    }
    HRESULT CopyTo(T **other) const {
        if (other == nullptr) return E_POINTER;
        *other = p;
        if (p != nullptr) p->AddRef();
        return S_OK;
    }
    template <class Q> HRESULT QueryInterface(Q **other) const {
        return p == nullptr ? E_POINTER : p->QueryInterface(__uuidof(Q), reinterpret_cast<void **>(other));
    }
    HRESULT CoCreateInstance(REFCLSID clsid, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) {
        return ::CoCreateInstance(clsid, outer, context, __uuidof(T), reinterpret_cast<void **>(&p));
    }
    HRESULT CoCreateInstance(LPCOLESTR prog_id, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) {
        CLSID clsid;
        HRESULT hr = CLSIDFromProgID(prog_id, &clsid);
        return FAILED(hr) ? hr : CoCreateInstance(clsid, outer, context);
    }

    T *p;
};

template <class T> class CComQIPtr : public CComPtr<T> {
public:
    CComQIPtr() = default;
    CComQIPtr(T *other) : CComPtr<T>(other) {}
    CComQIPtr(const CComQIPtr &other) : CComPtr<T>(other.p) {}
    CComQIPtr(IUnknown *other) {
        if (other != nullptr && FAILED(other->QueryInterface(__uuidof(T), reinterpret_cast<void **>(&this->p)))) this->p = nullptr;
    }
    using CComPtr<T>::operator=;
    CComQIPtr &operator=(const CComQIPtr &other) {
        CComPtr<T>::operator=(other.p);
        return *this;
    }
};

/* --- texts --------------------------------------------------------------------------------------------------------------- */

class CComBSTR {
public:
    CComBSTR() : m_str(nullptr) {}
    CComBSTR(LPCOLESTR text) : m_str(made(text, text == nullptr ? 0 : wcslen(text))) {}
    CComBSTR(int characters, LPCOLESTR text = nullptr) : m_str(SysAllocStringLen(text, static_cast<UINT>(characters))) {
        if (m_str == nullptr) throw std::bad_alloc();
    }
    explicit CComBSTR(REFGUID guid) : m_str(nullptr) {
        OLECHAR text[40];
        StringFromGUID2(guid, text, 40);
        *this = text;
    }
    explicit CComBSTR(LPCSTR text) : m_str(nullptr) {
        if (text == nullptr) return;
        int characters = MultiByteToWideChar(CP_ACP, 0, text, -1, nullptr, 0);
        m_str = SysAllocStringLen(nullptr, static_cast<UINT>(characters - 1));
        if (m_str == nullptr) throw std::bad_alloc();
        MultiByteToWideChar(CP_ACP, 0, text, -1, m_str, characters);
    }
    CComBSTR(const CComBSTR &other) : m_str(other.Copy()) {}
    CComBSTR(CComBSTR &&other) noexcept : m_str(other.Detach()) {}
    ~CComBSTR() { SysFreeString(m_str); }
    CComBSTR &operator=(const CComBSTR &other) {
        if (this != &other) Attach(other.Copy());
        return *this;
    }
    CComBSTR &operator=(LPCOLESTR text) {
        BSTR other = made(text, text == nullptr ? 0 : wcslen(text)); // before the old is freed: text may lie in it
        Attach(other);
        return *this;
    }

    operator BSTR() const { return m_str; }
    BSTR *operator&() { return &m_str; } // of an empty one
    bool operator!() const { return m_str == nullptr; }
    bool operator==(LPCOLESTR text) const { return wcscmp(m_str == nullptr ? L"" : m_str, text == nullptr ? L"" : text) == 0; }
    bool operator==(const CComBSTR &other) const { return *this == static_cast<LPCOLESTR>(other.m_str); }
    bool operator!=(LPCOLESTR text) const { return !(*this == text); }
    CComBSTR &operator+=(LPCOLESTR text) {
        Append(text);
        return *this;
    }
    CComBSTR &operator+=(const CComBSTR &other) {
        Append(other.m_str, static_cast<int>(other.Length()));
        return *this;
    }

    UINT Length() const { return SysStringLen(m_str); }
    UINT ByteLength() const { return SysStringByteLen(m_str); }
    BSTR Copy() const {
        if (m_str == nullptr) return nullptr;
        BSTR copy = SysAllocStringByteLen(reinterpret_cast<LPCSTR>(m_str), SysStringByteLen(m_str));
        if (copy == nullptr) throw std::bad_alloc();
        return copy;
    }
    HRESULT CopyTo(BSTR *other) const {
        if (other == nullptr) return E_POINTER;
        *other = Copy();
        return S_OK;
    }
    void Attach(BSTR other) {
        if (other == m_str) return;
        SysFreeString(m_str);
        m_str = other;
    }
    BSTR Detach() {
        BSTR held = m_str;
        m_str = nullptr;
        return held;
    }
    void Empty() { Attach(nullptr); }
    HRESULT Append(LPCOLESTR text) { return text == nullptr ? S_OK : Append(text, static_cast<int>(wcslen(text))); }
    HRESULT Append(LPCOLESTR text, int characters) {
        std::wstring both = std::wstring(m_str == nullptr ? L"" : m_str, Length());
        if (text != nullptr) both.append(text, static_cast<size_t>(characters));
        Attach(made(both.data(), both.size()));
        return S_OK;
    }
    HRESULT AppendBSTR(BSTR text) { return Append(text, static_cast<int>(SysStringLen(text))); }

    BSTR m_str;

private:
    static BSTR made(LPCOLESTR text, size_t characters) {
        if (text == nullptr) return nullptr;
        BSTR one = SysAllocStringLen(text, static_cast<UINT>(characters));
        if (one == nullptr) throw std::bad_alloc();
        return one;
    }
};

/* Text of the other width, for the length of an expression. */
class CW2A {
public:
    CW2A(LPCWSTR text, UINT page = CP_ACP) {
        if (text == nullptr) return;
        narrow.resize(static_cast<size_t>(WideCharToMultiByte(page, 0, text, -1, nullptr, 0, nullptr, nullptr)));
        WideCharToMultiByte(page, 0, text, -1, &narrow[0], static_cast<int>(narrow.size()), nullptr, nullptr);
    }
    operator LPSTR() { return &narrow[0]; }

private:
    std::string narrow;
};
class CA2W {
public:
    CA2W(LPCSTR text, UINT page = CP_ACP) {
        if (text == nullptr) return;
        wide.resize(static_cast<size_t>(MultiByteToWideChar(page, 0, text, -1, nullptr, 0)));
        MultiByteToWideChar(page, 0, text, -1, &wide[0], static_cast<int>(wide.size()));
    }
    operator LPWSTR() { return &wide[0]; }

private:
    std::wstring wide;
};
typedef CW2A CT2A;
typedef CA2W CA2T;

/* --- values -------------------------------------------------------------------------------------------------------------- */

class CComVariant : public tagVARIANT {
public:
    CComVariant() { VariantInit(this); }
    CComVariant(const VARIANT &other) : CComVariant() { keep(VariantCopy(this, &other)); }
    CComVariant(const CComVariant &other) : CComVariant(static_cast<const VARIANT &>(other)) {}
    CComVariant(LPCOLESTR text) : CComVariant() {
        vt = VT_BSTR;
        bstrVal = SysAllocString(text);
        if (text != nullptr && bstrVal == nullptr) throw std::bad_alloc();
    }
    CComVariant(bool value) : CComVariant() {
        vt = VT_BOOL;
        boolVal = value ? VARIANT_TRUE : VARIANT_FALSE;
    }
    CComVariant(LONG value, VARTYPE type = VT_I4) : CComVariant() {
        vt = type;
        lVal = value;
    }
    CComVariant(ULONG value) : CComVariant() {
        vt = VT_UI4;
        ulVal = value;
    }
    CComVariant(double value, VARTYPE type = VT_R8) : CComVariant() {
        vt = type;
        dblVal = value;
    }
    CComVariant(IDispatch *object) : CComVariant() {
        vt = VT_DISPATCH;
        pdispVal = object;
        if (object != nullptr) object->AddRef();
    }
    CComVariant(IUnknown *object) : CComVariant() {
        vt = VT_UNKNOWN;
        punkVal = object;
        if (object != nullptr) object->AddRef();
    }
    ~CComVariant() { VariantClear(this); }
    CComVariant &operator=(const VARIANT &other) {
        keep(VariantCopy(this, &other));
        return *this;
    }
    CComVariant &operator=(const CComVariant &other) { return *this = static_cast<const VARIANT &>(other); }

    HRESULT Clear() { return VariantClear(this); }
    HRESULT Copy(const VARIANT *other) { return VariantCopy(this, other); }
    HRESULT ChangeType(VARTYPE type, const VARIANT *from = nullptr) { return VariantChangeType(this, from == nullptr ? this : from, 0, type); }
    HRESULT Attach(VARIANT *other) {
        HRESULT hr = Clear();
        if (FAILED(hr)) return hr;
        static_cast<VARIANT &>(*this) = *other;
        other->vt = VT_EMPTY;
        return S_OK;
    }
    HRESULT Detach(VARIANT *other) {
        HRESULT hr = VariantClear(other);
        if (FAILED(hr)) return hr;
        *other = *this;
        vt = VT_EMPTY;
        return S_OK;
    }

private:
    // As the library does: what could not be copied is kept as the error.
    void keep(HRESULT hr) {
        if (SUCCEEDED(hr)) return;
        vt = VT_ERROR;
        scode = hr;
    }
};

/* --- locks and keys ------------------------------------------------------------------------------------------------------ */

class CComCriticalSection {
public:
    HRESULT Init() { return InitializeCriticalSectionAndSpinCount(&m_sec, 0) ? S_OK : E_OUTOFMEMORY; }
    HRESULT Term() {
        DeleteCriticalSection(&m_sec);
        return S_OK;
    }
    HRESULT Lock() {
        EnterCriticalSection(&m_sec);
        return S_OK;
    }
    HRESULT Unlock() {
        LeaveCriticalSection(&m_sec);
        return S_OK;
    }
    CRITICAL_SECTION m_sec;
};
class CComAutoCriticalSection : public CComCriticalSection {
public:
    CComAutoCriticalSection() { InitializeCriticalSection(&m_sec); }
    ~CComAutoCriticalSection() { Term(); }
    CComAutoCriticalSection(const CComAutoCriticalSection &) = delete;
};
template <class L> class CComCritSecLock {
public:
    explicit CComCritSecLock(L &lock) : held(lock) { held.Lock(); }
    ~CComCritSecLock() { held.Unlock(); }
    CComCritSecLock(const CComCritSecLock &) = delete;

private:
    L &held;
};

class CRegKey {
public:
    explicit CRegKey(HKEY key = nullptr) : m_hKey(key) {}
    ~CRegKey() { Close(); }
    CRegKey(const CRegKey &) = delete;
    operator HKEY() const { return m_hKey; }
    LONG Open(HKEY parent, LPCWSTR path, REGSAM access = KEY_READ | KEY_WRITE) {
        HKEY opened = nullptr;
        LONG status = RegOpenKeyExW(parent, path, 0, access, &opened);
        return keep(status, opened);
    }
    LONG Create(HKEY parent, LPCWSTR path, LPWSTR class_name = nullptr, DWORD options = 0, REGSAM access = KEY_READ | KEY_WRITE,
                LPSECURITY_ATTRIBUTES security = nullptr, LPDWORD disposition = nullptr) {
        HKEY opened = nullptr;
        LONG status = RegCreateKeyExW(parent, path, 0, class_name, options, access, security, &opened, disposition);
        return keep(status, opened);
    }
    LONG Close() {
        LONG status = m_hKey == nullptr ? ERROR_SUCCESS : RegCloseKey(m_hKey);
        m_hKey = nullptr;
        return status;
    }
    LONG QueryDWORDValue(LPCWSTR name, DWORD &value) {
        DWORD type = 0, bytes = sizeof(value);
        LONG status = RegQueryValueExW(m_hKey, name, nullptr, &type, reinterpret_cast<BYTE *>(&value), &bytes);
        return status == ERROR_SUCCESS && type != REG_DWORD ? ERROR_INVALID_DATA : status;
    }
    LONG QueryStringValue(LPCWSTR name, LPWSTR value, ULONG *characters) {
        DWORD bytes = *characters * static_cast<DWORD>(sizeof(wchar_t));
        LONG status = RegGetValueW(m_hKey, nullptr, name, RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, nullptr, value, &bytes);
        *characters = bytes / static_cast<DWORD>(sizeof(wchar_t));
        return status;
    }
    LONG SetDWORDValue(LPCWSTR name, DWORD value) {
        return RegSetValueExW(m_hKey, name, 0, REG_DWORD, reinterpret_cast<const BYTE *>(&value), sizeof(value));
    }
    LONG SetStringValue(LPCWSTR name, LPCWSTR value, DWORD type = REG_SZ) {
        return RegSetValueExW(m_hKey, name, 0, type, reinterpret_cast<const BYTE *>(value), static_cast<DWORD>((wcslen(value) + 1) * sizeof(wchar_t)));
    }
    LONG DeleteValue(LPCWSTR name) { return RegDeleteValueW(m_hKey, name); }
    LONG RecurseDeleteKey(LPCWSTR path) { return RegDeleteTreeW(m_hKey, path); }

    HKEY m_hKey;

private:
    LONG keep(LONG status, HKEY opened) {
        if (status != ERROR_SUCCESS) return status;
        Close();
        m_hKey = opened;
        return ERROR_SUCCESS;
    }
};

/* --- the module ---------------------------------------------------------------------------------------------------------- */

/* A class that the module offers. */
struct _ATL_OBJMAP_ENTRY {
    const CLSID *clsid;
    HRESULT (*register_class)(BOOL add);
    HRESULT (*class_object)(REFIID riid, void **object);
};

class CComModule {
public:
    HRESULT Init(_ATL_OBJMAP_ENTRY *map, HINSTANCE instance, const GUID *library = nullptr) {
        m_pObjMap = map;
        m_hInst = instance;
        m_plibid = library;
        return S_OK;
    }
    void Term() {}
    LONG Lock() { return InterlockedIncrement(&locks()); }
    LONG Unlock() { return InterlockedDecrement(&locks()); }
    LONG GetLockCount() { return locks(); }
    HINSTANCE GetModuleInstance() { return m_hInst; }
    HRESULT GetClassObject(REFCLSID clsid, REFIID riid, void **object) {
        if (object == nullptr) return E_POINTER;
        *object = nullptr;
        for (_ATL_OBJMAP_ENTRY *entry = m_pObjMap; entry != nullptr && entry->clsid != nullptr; ++entry)
            if (IsEqualCLSID(*entry->clsid, clsid)) return entry->class_object(riid, object);
        return CLASS_E_CLASSNOTAVAILABLE;
    }
    HRESULT RegisterServer(BOOL = FALSE, const CLSID *clsid = nullptr) { return each(TRUE, clsid); }
    HRESULT UnregisterServer(BOOL = FALSE, const CLSID *clsid = nullptr) { return each(FALSE, clsid); }
    HRESULT UnregisterServer(const CLSID *clsid) { return each(FALSE, clsid); }

    /* Objects and factories alive, of the whole module. */
    static volatile LONG &locks() {
        static volatile LONG count = 0;
        return count;
    }

    HINSTANCE m_hInst = nullptr;
    _ATL_OBJMAP_ENTRY *m_pObjMap = nullptr;
    const GUID *m_plibid = nullptr;

private:
    HRESULT each(BOOL add, const CLSID *only) {
        HRESULT hr = S_OK;
        for (_ATL_OBJMAP_ENTRY *entry = m_pObjMap; SUCCEEDED(hr) && entry != nullptr && entry->clsid != nullptr; ++entry)
            if (only == nullptr || IsEqualCLSID(*only, *entry->clsid)) hr = entry->register_class(add);
        return hr;
    }
};

#endif
