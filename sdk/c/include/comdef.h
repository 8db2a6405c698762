/*
 * _com_error: the failure of a call as a C++ exception, with what the callee said of it. C++ only.
 */
#ifndef EXEUNT_COMDEF_H
#define EXEUNT_COMDEF_H

#include <string>

#include <windows.h>

#include "comutil.h"

class _com_error {
public:
    _com_error(HRESULT hr, IErrorInfo *info = nullptr, bool add_reference = false) noexcept : m_hresult(hr), m_info(info) {
        if (m_info != nullptr && add_reference) m_info->AddRef();
    }
    _com_error(const _com_error &other) noexcept : m_hresult(other.m_hresult), m_info(other.m_info), m_text(other.m_text) {
        if (m_info != nullptr) m_info->AddRef();
    }
    _com_error &operator=(const _com_error &other) noexcept {
        if (this != &other) {
            if (other.m_info != nullptr) other.m_info->AddRef();
            if (m_info != nullptr) m_info->Release();
            m_hresult = other.m_hresult;
            m_info = other.m_info;
            m_text = other.m_text;
        }
        return *this;
    }
    virtual ~_com_error() noexcept {
        if (m_info != nullptr) m_info->Release();
    }

    HRESULT Error() const noexcept { return m_hresult; }
    /* The codes from 0x80040200 on that a language's own errors are given; 0 for others. */
    WORD WCode() const noexcept { return HRESULTToWCode(m_hresult); }
    static WORD HRESULTToWCode(HRESULT hr) noexcept {
        return hr >= first && hr <= last ? static_cast<WORD>(hr - first) : static_cast<WORD>(0);
    }
    static HRESULT WCodeToHRESULT(WORD code) noexcept { return code >= 0xfe00 ? last : first + code; }
    /* With a reference of the caller's; null where nothing was said. */
    IErrorInfo *ErrorInfo() const noexcept {
        if (m_info != nullptr) m_info->AddRef();
        return m_info;
    }
    _bstr_t Description() const { return text(&IErrorInfo::GetDescription); }
    _bstr_t Source() const { return text(&IErrorInfo::GetSource); }
    _bstr_t HelpFile() const { return text(&IErrorInfo::GetHelpFile); }
    DWORD HelpContext() const noexcept {
        DWORD context = 0;
        if (m_info == nullptr || FAILED(m_info->GetHelpContext(&context))) return 0;
        return context;
    }
    struct _GUID GUID() const noexcept {
        struct _GUID guid = GUID_NULL;
        if (m_info == nullptr || FAILED(m_info->GetGUID(&guid))) return GUID_NULL;
        return guid;
    }
    /* The system's words for the code, as long as the object is there. */
    const wchar_t *ErrorMessage() const {
        if (!m_text.empty()) return m_text.c_str();
        wchar_t buffer[512];
        DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, static_cast<DWORD>(m_hresult), 0,
                                      buffer, 512, nullptr);
        while (length > 0 && (buffer[length - 1] == L'\n' || buffer[length - 1] == L'\r')) --length;
        if (length == 0) length = static_cast<DWORD>(swprintf_s(buffer, 512, L"Unknown error 0x%0lX", static_cast<unsigned>(m_hresult)));
        m_text.assign(buffer, length);
        return m_text.c_str();
    }

private:
    static constexpr HRESULT first = static_cast<HRESULT>(0x80040200);
    static constexpr HRESULT last = first + 0xfe00 - 1;

    _bstr_t text(HRESULT (IErrorInfo::*read)(BSTR *)) const {
        BSTR found = nullptr;
        if (m_info == nullptr || FAILED((m_info->*read)(&found))) return _bstr_t();
        return _bstr_t(found, false);
    }

    HRESULT m_hresult;
    IErrorInfo *m_info;
    mutable std::wstring m_text;
};

inline void _com_raise_error(HRESULT hr, IErrorInfo *info) { throw _com_error(hr, info); }
inline void _com_issue_error(HRESULT hr) { _com_raise_error(hr, nullptr); }
/* What the callee left as error information goes along, where it is of this interface. */
inline void _com_issue_errorex(HRESULT hr, IUnknown *callee, REFIID iid) {
    ISupportErrorInfo *support = nullptr;
    IErrorInfo *info = nullptr;
    if (callee != nullptr && SUCCEEDED(callee->QueryInterface(IID_ISupportErrorInfo, reinterpret_cast<void **>(&support)))) {
        if (support->InterfaceSupportsErrorInfo(iid) == S_OK && GetErrorInfo(0, &info) != S_OK) info = nullptr;
        support->Release();
    }
    _com_raise_error(hr, info);
}

#include "comip.h"

#endif
