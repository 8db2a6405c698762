/*
 * _com_ptr_t, as _COM_SMARTPTR_TYPEDEF names it for an interface: an owner of a reference, as the compiler's COM support has it.
 * C++ only. With a compiler on Windows, and with mingw-w64, their own comip.h serves.
 *
 *     _COM_SMARTPTR_TYPEDEF(ICertServerExit, __uuidof(ICertServerExit));
 *     ICertServerExitPtr server(__uuidof(CCertServerExit));
 *
 * Names and behaviour follow their documentation. What fails throws _com_error; an object that lacks the interface is no failure,
 * but leaves the pointer null. A null pointer that is used is E_POINTER.
 */
#ifndef EXEUNT_COMIP_H
#define EXEUNT_COMIP_H

#include <functional>
#include <type_traits>
#include <utility>

#include "comdef.h"

/* An interface and its identifier. */
template <typename I, const IID *iid> class _com_IIID {
public:
    typedef I Interface;
    static const IID &GetIID() noexcept { return *iid; }
};

template <typename IIID> class _com_ptr_t {
    template <typename Other> friend class _com_ptr_t;
    template <typename T> using if_interface = std::enable_if_t<std::is_base_of_v<IUnknown, T>>;
    template <typename C> using if_character = std::enable_if_t<std::is_same_v<C, wchar_t> || std::is_same_v<C, char>>;

public:
    typedef IIID ThisIIID;
    typedef typename IIID::Interface Interface;
    static const IID &GetIID() noexcept { return IIID::GetIID(); }

    _com_ptr_t() noexcept = default;
    /* With a reference of its own; without add_reference the caller's is taken over. */
    _com_ptr_t(Interface *other, bool add_reference = true) noexcept : held(other) {
        if (held != nullptr && add_reference) held->AddRef();
    }
    _com_ptr_t(const _com_ptr_t &other) noexcept : _com_ptr_t(other.held) {}
    _com_ptr_t(_com_ptr_t &&other) noexcept : held(other.Detach()) {}
    /* Of another interface of the object, by QueryInterface. */
    template <typename T, typename = if_interface<T>> _com_ptr_t(T *other) { take(other); }
    template <typename Other> _com_ptr_t(const _com_ptr_t<Other> &other) { take(other.held); }
    _com_ptr_t(const _variant_t &value) { *this = value; }
    /* Of a new object: of a class, or of a text that is its ProgID or its identifier in braces. */
    explicit _com_ptr_t(const CLSID &clsid, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) {
        but_no_interface(CreateInstance(clsid, outer, context));
    }
    template <typename C, typename = if_character<C>>
    explicit _com_ptr_t(const C *name, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) {
        but_no_interface(CreateInstance(name, outer, context));
    }
    ~_com_ptr_t() noexcept { let_go(); }

    _com_ptr_t &operator=(Interface *other) noexcept {
        Attach(other, true);
        return *this;
    }
    _com_ptr_t &operator=(const _com_ptr_t &other) noexcept { return *this = other.held; }
    _com_ptr_t &operator=(_com_ptr_t &&other) noexcept {
        Attach(other.Detach());
        return *this;
    }
    template <typename T, typename = if_interface<T>> _com_ptr_t &operator=(T *other) {
        take(other);
        return *this;
    }
    template <typename Other> _com_ptr_t &operator=(const _com_ptr_t<Other> &other) {
        take(other.held);
        return *this;
    }
    _com_ptr_t &operator=(const _variant_t &value) {
        if (value.vt == VT_DISPATCH) return *this = value.pdispVal;
        if (value.vt == VT_UNKNOWN) return *this = value.punkVal;
        _variant_t object;
        object.ChangeType(VT_DISPATCH, &value);
        return *this = object.pdispVal;
    }

    void Attach(Interface *other, bool add_reference = false) noexcept {
        if (other != nullptr && add_reference) other->AddRef(); // before the old is let go, which may be the only holder of the new
        // The new is there when the old is let go, which may come back to this pointer.
        if (Interface *last = std::exchange(held, other)) last->Release();
    }
    Interface *Detach() noexcept { return std::exchange(held, nullptr); }

    /* What was held is let go, whatever comes of it. */
    HRESULT CreateInstance(const CLSID &clsid, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) noexcept {
        let_go();
        HRESULT hr = CoCreateInstance(clsid, outer, context, GetIID(), reinterpret_cast<void **>(&held));
        if (FAILED(hr)) held = nullptr;
        return hr;
    }
    HRESULT CreateInstance(LPCWSTR name, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) noexcept {
        if (name == nullptr) return E_INVALIDARG;
        CLSID clsid;
        HRESULT hr = *name == L'{' ? CLSIDFromString(name, &clsid) : CLSIDFromProgID(name, &clsid);
        return FAILED(hr) ? hr : CreateInstance(clsid, outer, context);
    }
    HRESULT CreateInstance(LPCSTR name, IUnknown *outer = nullptr, DWORD context = CLSCTX_ALL) noexcept {
        if (name == nullptr) return E_INVALIDARG;
        try {
            return CreateInstance(static_cast<LPCWSTR>(_bstr_t(name)), outer, context);
        } catch (const _com_error &error) {
            return error.Error();
        }
    }
    template <typename T> HRESULT QueryInterface(const IID &iid, T *&other) noexcept {
        other = nullptr;
        return QueryInterface(iid, &other);
    }
    template <typename T> HRESULT QueryInterface(const IID &iid, T **other) noexcept {
        return held == nullptr ? E_POINTER : held->QueryInterface(iid, reinterpret_cast<void **>(other));
    }
    void AddRef() { used()->AddRef(); }
    void Release() {
        used();
        let_go();
    }

    Interface *GetInterfacePtr() const noexcept { return held; }
    Interface *&GetInterfacePtr() noexcept { return held; }
    operator Interface *() const noexcept { return held; } // a truth too
    operator Interface &() const { return *used(); }
    Interface &operator*() const { return *used(); }
    Interface *operator->() const { return used(); }
    /* For an [out] parameter: what is there is let go first. */
    Interface **operator&() noexcept {
        let_go();
        return &held;
    }

    /* Objects are compared, whichever of their interfaces is at hand. */
    bool operator==(Interface *other) const { return held == other || compare(other) == 0; }
    bool operator!=(Interface *other) const { return !(*this == other); }
    template <typename T, typename = if_interface<T>> bool operator==(T *other) const { return compare(other) == 0; }
    template <typename T, typename = if_interface<T>> bool operator!=(T *other) const { return compare(other) != 0; }
    template <typename Other> bool operator==(const _com_ptr_t<Other> &other) const { return compare(other.held) == 0; }
    template <typename Other> bool operator!=(const _com_ptr_t<Other> &other) const { return compare(other.held) != 0; }
    template <typename Other> bool operator<(const _com_ptr_t<Other> &other) const { return compare(other.held) < 0; }
    template <typename Other> bool operator>(const _com_ptr_t<Other> &other) const { return compare(other.held) > 0; }
    template <typename Other> bool operator<=(const _com_ptr_t<Other> &other) const { return compare(other.held) <= 0; }
    template <typename Other> bool operator>=(const _com_ptr_t<Other> &other) const { return compare(other.held) >= 0; }

private:
    void let_go() noexcept { Attach(nullptr); }
    Interface *used() const {
        if (held == nullptr) _com_issue_error(E_POINTER);
        return held;
    }
    static HRESULT but_no_interface(HRESULT hr) {
        if (FAILED(hr) && hr != E_NOINTERFACE) _com_issue_error(hr);
        return hr;
    }
    template <typename T> void take(T *other) {
        Interface *found = nullptr;
        if (other != nullptr && FAILED(but_no_interface(other->QueryInterface(GetIID(), reinterpret_cast<void **>(&found))))) found = nullptr;
        Attach(found);
    }
    /* An object's IUnknown is the same, whichever interface is asked. */
    template <typename T> static IUnknown *identity(T *object) {
        IUnknown *found = nullptr;
        if (object == nullptr) return nullptr;
        HRESULT hr = object->QueryInterface(IID_IUnknown, reinterpret_cast<void **>(&found));
        if (FAILED(hr)) _com_issue_error(hr);
        found->Release(); // the object is held by who compares it
        return found;
    }
    template <typename T> int compare(T *other) const {
        IUnknown *one = identity(held), *two = identity(other);
        return one == two ? 0 : std::less<IUnknown *>()(one, two) ? -1 : 1;
    }

    Interface *held = nullptr;
};

template <typename I, typename IIID> bool operator==(I *one, const _com_ptr_t<IIID> &other) { return other == one; }
template <typename I, typename IIID> bool operator!=(I *one, const _com_ptr_t<IIID> &other) { return other != one; }

#define _COM_SMARTPTR _com_ptr_t
#define _COM_SMARTPTR_LEVEL2 _com_IIID
#define _COM_SMARTPTR_TYPEDEF(Interface, IID) typedef _com_ptr_t<_com_IIID<Interface, &IID>> Interface##Ptr

/* Those of the interfaces that are everybody's, as comdefsp.h has them. */
_COM_SMARTPTR_TYPEDEF(IUnknown, __uuidof(IUnknown));
_COM_SMARTPTR_TYPEDEF(IDispatch, __uuidof(IDispatch));
_COM_SMARTPTR_TYPEDEF(IClassFactory, __uuidof(IClassFactory));
_COM_SMARTPTR_TYPEDEF(IErrorInfo, __uuidof(IErrorInfo));
_COM_SMARTPTR_TYPEDEF(ICreateErrorInfo, __uuidof(ICreateErrorInfo));
_COM_SMARTPTR_TYPEDEF(ISupportErrorInfo, __uuidof(ISupportErrorInfo));

#endif
