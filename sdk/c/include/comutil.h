/*
 * _bstr_t and _variant_t: owners of a text and of a value, as the compiler's COM support has them. C++ only.
 *
 * Names and behaviour follow their documentation; what is not here does not compile. A call that fails throws _com_error, which a
 * method of a module catches before it returns.
 *
 * Numbers: int and long make VT_I4 (source for Windows means 32 bits by both), long long makes VT_I8.
 */
#ifndef EXEUNT_COMUTIL_H
#define EXEUNT_COMUTIL_H

#include <atomic>

#include <windows.h>

/* Throws a _com_error. In comdef.h. */
void _com_issue_error(HRESULT hr);
void _com_raise_error(HRESULT hr, IErrorInfo *info = nullptr);

namespace _com_util {
inline void CheckError(HRESULT hr) {
    if (FAILED(hr)) _com_issue_error(hr);
}
inline BSTR ConvertStringToBSTR(const char *text) {
    if (text == nullptr) return nullptr;
    int characters = MultiByteToWideChar(CP_ACP, 0, text, -1, nullptr, 0);
    if (characters <= 0) _com_issue_error(HRESULT_FROM_WIN32(GetLastError()));
    BSTR made = SysAllocStringLen(nullptr, static_cast<UINT>(characters - 1));
    if (made == nullptr) _com_issue_error(E_OUTOFMEMORY);
    MultiByteToWideChar(CP_ACP, 0, text, -1, made, characters);
    return made;
}
/* To be freed with delete[]. */
inline char *ConvertBSTRToString(BSTR text) {
    if (text == nullptr) return nullptr;
    int characters = static_cast<int>(SysStringLen(text));
    int bytes = characters == 0 ? 0 : WideCharToMultiByte(CP_ACP, 0, text, characters, nullptr, 0, nullptr, nullptr);
    char *made = new char[static_cast<size_t>(bytes) + 1];
    if (bytes > 0) WideCharToMultiByte(CP_ACP, 0, text, characters, made, bytes, nullptr, nullptr);
    made[bytes] = 0;
    return made;
}
} // namespace _com_util

class _variant_t;

/* --- texts --------------------------------------------------------------------------------------------------------------- */

/* A text that copies of the object share. */
class _bstr_t {
public:
    _bstr_t() noexcept : data(nullptr) {}
    _bstr_t(const _bstr_t &other) noexcept : data(other.data) { hold(); }
    _bstr_t(const char *text) : data(made(_com_util::ConvertStringToBSTR(text))) {}
    _bstr_t(const wchar_t *text) : data(made(allocated(text))) {}
    _bstr_t(const _variant_t &value);
    /* Without a copy the object takes the text over. */
    _bstr_t(BSTR text, bool copy) : data(made(copy ? duplicate(text) : text)) {}
    ~_bstr_t() noexcept { let_go(); }

    _bstr_t &operator=(const _bstr_t &other) noexcept {
        if (data != other.data) {
            let_go();
            data = other.data;
            hold();
        }
        return *this;
    }
    _bstr_t &operator=(const char *text) { return *this = _bstr_t(text); }
    _bstr_t &operator=(const wchar_t *text) { return *this = _bstr_t(text); }
    _bstr_t &operator=(const _variant_t &value);

    _bstr_t &operator+=(const _bstr_t &other) { return *this = *this + other; }
    _bstr_t operator+(const _bstr_t &other) const {
        BSTR both = SysAllocStringLen(nullptr, length() + other.length());
        if (both == nullptr) _com_issue_error(E_OUTOFMEMORY);
        if (length() > 0) memcpy(both, bare(), length() * sizeof(wchar_t));
        if (other.length() > 0) memcpy(both + length(), other.bare(), other.length() * sizeof(wchar_t));
        return _bstr_t(both, false);
    }
    _bstr_t operator+(const char *text) const { return *this + _bstr_t(text); }
    _bstr_t operator+(const wchar_t *text) const { return *this + _bstr_t(text); }
    friend _bstr_t operator+(const char *text, const _bstr_t &other) { return _bstr_t(text) + other; }
    friend _bstr_t operator+(const wchar_t *text, const _bstr_t &other) { return _bstr_t(text) + other; }

    operator const wchar_t *() const noexcept { return bare(); }
    operator wchar_t *() const noexcept { return bare(); }
    /* In the code page CP_ACP, as long as the object is there and unchanged. */
    operator const char *() const { return narrow(); }
    operator char *() const { return narrow(); }

    bool operator!() const noexcept { return bare() == nullptr; }
    bool operator==(const _bstr_t &other) const noexcept { return compare(other) == 0; }
    bool operator!=(const _bstr_t &other) const noexcept { return compare(other) != 0; }
    bool operator<(const _bstr_t &other) const noexcept { return compare(other) < 0; }
    bool operator>(const _bstr_t &other) const noexcept { return compare(other) > 0; }
    bool operator<=(const _bstr_t &other) const noexcept { return compare(other) <= 0; }
    bool operator>=(const _bstr_t &other) const noexcept { return compare(other) >= 0; }

    /* A text of the caller's own; without a copy the one that this object frees. */
    BSTR copy(bool copied = true) const { return copied ? duplicate(bare()) : bare(); }
    unsigned int length() const noexcept { return SysStringLen(bare()); }
    void Assign(BSTR text) { *this = _bstr_t(text, true); }
    void Attach(BSTR text) { *this = _bstr_t(text, false); }
    /* The text, which no other object may share: E_POINTER where there is none. */
    BSTR Detach() {
        if (bare() == nullptr) _com_issue_error(E_POINTER);
        BSTR text = data->references == 1 ? data->text : duplicate(data->text);
        if (data->references == 1) data->text = nullptr;
        let_go();
        data = nullptr;
        return text;
    }
    BSTR &GetBSTR() {
        if (data == nullptr) data = made_empty();
        return data->text;
    }
    /* For an [out] parameter: what is there is let go first. */
    BSTR *GetAddress() {
        let_go();
        data = made_empty();
        return &data->text;
    }

private:
    struct Data {
        BSTR text;
        std::atomic<char *> narrow;
        std::atomic<long> references;
    };

    static Data *made_empty() { return new Data{nullptr, {nullptr}, {1}}; }
    static Data *made(BSTR text) {
        if (text == nullptr) return nullptr;
        Data *one = made_empty();
        one->text = text;
        return one;
    }
    static BSTR allocated(const wchar_t *text) {
        BSTR one = SysAllocString(text);
        if (one == nullptr && text != nullptr) _com_issue_error(E_OUTOFMEMORY);
        return one;
    }
    /* By bytes: a binary value may have an odd number of them. */
    static BSTR duplicate(BSTR text) {
        if (text == nullptr) return nullptr;
        BSTR one = SysAllocStringByteLen(reinterpret_cast<LPCSTR>(text), SysStringByteLen(text));
        if (one == nullptr) _com_issue_error(E_OUTOFMEMORY);
        return one;
    }
    BSTR bare() const noexcept { return data == nullptr ? nullptr : data->text; }
    char *narrow() const {
        if (bare() == nullptr) return nullptr;
        char *text = _com_util::ConvertBSTRToString(data->text);
        char *known = data->narrow.load();
        for (;;) {
            // Threads may share the object: which of them is first decides, and the others take what it made.
            if (known != nullptr && strcmp(known, text) == 0) {
                delete[] text;
                return known;
            }
            if (data->narrow.compare_exchange_weak(known, text)) {
                delete[] known;
                return text;
            }
        }
    }
    int compare(const _bstr_t &other) const noexcept {
        BSTR a = bare(), b = other.bare();
        unsigned int common = length() < other.length() ? length() : other.length();
        for (unsigned int i = 0; i < common; ++i) {
            if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
        }
        return length() == other.length() ? 0 : length() < other.length() ? -1 : 1;
    }
    void hold() noexcept {
        if (data != nullptr) ++data->references;
    }
    void let_go() noexcept {
        if (data != nullptr && --data->references == 0) {
            SysFreeString(data->text);
            delete[] data->narrow.load();
            delete data;
        }
    }

    Data *data;
};

/* --- values -------------------------------------------------------------------------------------------------------------- */

class _variant_t : public tagVARIANT {
public:
    _variant_t() noexcept { VariantInit(this); }
    _variant_t(const VARIANT &other) : _variant_t() { _com_util::CheckError(VariantCopy(this, &other)); }
    _variant_t(const VARIANT *other) : _variant_t() {
        if (other == nullptr) _com_issue_error(E_POINTER);
        _com_util::CheckError(VariantCopy(this, other));
    }
    _variant_t(const _variant_t &other) : _variant_t(static_cast<const VARIANT &>(other)) {}
    /* Without a copy the object takes the value over. */
    _variant_t(VARIANT &other, bool copy) : _variant_t() {
        if (copy)
            _com_util::CheckError(VariantCopy(this, &other));
        else
            Attach(other);
    }
    _variant_t(short value, VARTYPE type = VT_I2) : _variant_t() {
        only(type == VT_I2 || type == VT_BOOL);
        vt = type;
        if (type == VT_BOOL)
            boolVal = value != 0 ? VARIANT_TRUE : VARIANT_FALSE;
        else
            iVal = value;
    }
    _variant_t(int value, VARTYPE type = VT_I4) : _variant_t() { set_long(value, type); }
    _variant_t(long value, VARTYPE type = VT_I4) : _variant_t() { set_long(value, type); }
    _variant_t(float value) : _variant_t() {
        vt = VT_R4;
        fltVal = value;
    }
    _variant_t(double value, VARTYPE type = VT_R8) : _variant_t() {
        only(type == VT_R8 || type == VT_DATE);
        vt = type;
        dblVal = value;
    }
    _variant_t(const CY &value) : _variant_t() {
        vt = VT_CY;
        cyVal = value;
    }
    _variant_t(const _bstr_t &text) : _variant_t() {
        vt = VT_BSTR;
        bstrVal = text.copy();
    }
    _variant_t(const wchar_t *text) : _variant_t(_bstr_t(text)) {}
    _variant_t(const char *text) : _variant_t(_bstr_t(text)) {}
    _variant_t(IDispatch *object, bool add_reference = true) : _variant_t() {
        vt = VT_DISPATCH;
        pdispVal = object;
        if (object != nullptr && add_reference) object->AddRef();
    }
    _variant_t(IUnknown *object, bool add_reference = true) : _variant_t() {
        vt = VT_UNKNOWN;
        punkVal = object;
        if (object != nullptr && add_reference) object->AddRef();
    }
    _variant_t(bool value) : _variant_t() {
        vt = VT_BOOL;
        boolVal = value ? VARIANT_TRUE : VARIANT_FALSE;
    }
    _variant_t(BYTE value) : _variant_t() {
        vt = VT_UI1;
        bVal = value;
    }
    _variant_t(unsigned short value) : _variant_t() {
        vt = VT_UI2;
        uiVal = value;
    }
    _variant_t(unsigned int value) : _variant_t() {
        vt = VT_UI4;
        ulVal = value;
    }
    _variant_t(long long value) : _variant_t() {
        vt = VT_I8;
        llVal = value;
    }
    _variant_t(unsigned long long value) : _variant_t() {
        vt = VT_UI8;
        ullVal = value;
    }
    ~_variant_t() noexcept { VariantClear(this); }

    _variant_t &operator=(const _variant_t &other) { return *this = static_cast<const VARIANT &>(other); }
    _variant_t &operator=(const VARIANT &other) {
        _com_util::CheckError(VariantCopy(this, &other));
        return *this;
    }
    _variant_t &operator=(const VARIANT *other) {
        if (other == nullptr) _com_issue_error(E_POINTER);
        return *this = *other;
    }
    /* Whatever a value can be made of. */
    template <class T> _variant_t &operator=(const T &value) {
        _variant_t made(value);
        return take(made);
    }

    operator short() const { return converted(VT_I2).iVal; }
    operator int() const { return converted(VT_I4).lVal; }
    operator long() const { return converted(VT_I4).lVal; }
    operator long long() const { return converted(VT_I8).llVal; }
    operator BYTE() const { return converted(VT_UI1).bVal; }
    operator unsigned short() const { return converted(VT_UI2).uiVal; }
    operator unsigned int() const { return converted(VT_UI4).ulVal; }
    operator unsigned long long() const { return converted(VT_UI8).ullVal; }
    operator float() const { return converted(VT_R4).fltVal; }
    operator double() const { return converted(VT_R8).dblVal; }
    operator bool() const { return converted(VT_BOOL).boolVal != VARIANT_FALSE; }
    operator CY() const { return converted(VT_CY).cyVal; }
    operator _bstr_t() const { return _bstr_t(converted(VT_BSTR).bstrVal, true); }
    /* With a reference of the caller's. */
    operator IDispatch *() const { return held(converted(VT_DISPATCH).pdispVal); }
    operator IUnknown *() const { return held(converted(VT_UNKNOWN).punkVal); }

    bool operator==(const VARIANT &other) const { return same(other); }
    bool operator==(const VARIANT *other) const { return other != nullptr && same(*other); }
    bool operator!=(const VARIANT &other) const { return !same(other); }
    bool operator!=(const VARIANT *other) const { return !(*this == other); }

    void Clear() { _com_util::CheckError(VariantClear(this)); }
    void Attach(VARIANT &other) {
        Clear();
        static_cast<VARIANT &>(*this) = other;
        other.vt = VT_EMPTY;
    }
    VARIANT Detach() {
        VARIANT value = *this;
        vt = VT_EMPTY;
        return value;
    }
    VARIANT &GetVARIANT() noexcept { return *this; }
    /* For an [out] parameter: what is there is freed first. */
    VARIANT *GetAddress() {
        Clear();
        return this;
    }
    void ChangeType(VARTYPE type, const _variant_t *from = nullptr) {
        _com_util::CheckError(VariantChangeType(this, from == nullptr ? this : from, 0, type));
    }
    void SetString(const char *text) { *this = _bstr_t(text); }

private:
    static void only(bool fits) {
        if (!fits) _com_issue_error(E_INVALIDARG);
    }
    void set_long(long value, VARTYPE type) {
        only(type == VT_I4 || type == VT_ERROR || type == VT_BOOL || type == VT_INT);
        if (value != static_cast<LONG>(value)) _com_issue_error(DISP_E_OVERFLOW);
        vt = type;
        if (type == VT_BOOL)
            boolVal = value != 0 ? VARIANT_TRUE : VARIANT_FALSE;
        else
            lVal = static_cast<LONG>(value);
    }
    _variant_t &take(_variant_t &other) {
        Clear();
        static_cast<VARIANT &>(*this) = other;
        other.vt = VT_EMPTY;
        return *this;
    }
    /* This value in another type, freed with the expression. */
    _variant_t converted(VARTYPE type) const {
        _variant_t made;
        _com_util::CheckError(VariantChangeType(&made, this, 0, type));
        return made;
    }
    template <class T> static T *held(T *object) {
        if (object != nullptr) object->AddRef();
        return object;
    }
    /* The same type and the same value; texts by their characters. */
    bool same(const VARIANT &other) const {
        if (vt != other.vt) return false;
        switch (vt) {
        case VT_EMPTY:
        case VT_NULL:
            return true;
        case VT_BSTR:
            return SysStringByteLen(bstrVal) == SysStringByteLen(other.bstrVal) &&
                   (SysStringByteLen(bstrVal) == 0 || memcmp(bstrVal, other.bstrVal, SysStringByteLen(bstrVal)) == 0);
        case VT_I1:
        case VT_UI1:
            return bVal == other.bVal;
        case VT_I2:
        case VT_UI2:
        case VT_BOOL:
            return iVal == other.iVal;
        case VT_I4:
        case VT_UI4:
        case VT_INT:
        case VT_UINT:
        case VT_ERROR:
            return lVal == other.lVal;
        case VT_R4:
            return fltVal == other.fltVal;
        case VT_R8:
        case VT_DATE:
            return dblVal == other.dblVal;
        case VT_I8:
        case VT_UI8:
        case VT_CY:
        case VT_UNKNOWN:
        case VT_DISPATCH:
            return llVal == other.llVal;
        default:
            _com_issue_error(E_INVALIDARG);
            return false;
        }
    }
};

inline _bstr_t::_bstr_t(const _variant_t &value) : data(nullptr) { *this = value; }
inline _bstr_t &_bstr_t::operator=(const _variant_t &value) {
    _variant_t text;
    text.ChangeType(VT_BSTR, &value);
    return *this = _bstr_t(text.bstrVal, true);
}

/* What stands for an argument that is left out. */
inline const _variant_t vtMissing(static_cast<LONG>(DISP_E_PARAMNOTFOUND), VT_ERROR);

#include "comdef.h"

#endif
