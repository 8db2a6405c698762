#include "publisher.h"

#include <vector>

namespace {

// A text, with %variables% of the environment expanded.
HRESULT read_text(HKEY key, const wchar_t *name, std::wstring &text) {
    DWORD type = 0, bytes = 0;
    LONG status = RegQueryValueExW(key, name, NULL, &type, NULL, &bytes);
    if (status == ERROR_FILE_NOT_FOUND) return S_FALSE;
    if (status != ERROR_SUCCESS) return HRESULT_FROM_WIN32(status);
    if (type != REG_SZ && type != REG_EXPAND_SZ) return HRESULT_FROM_WIN32(ERROR_INVALID_DATA);
    std::vector<wchar_t> buffer(bytes / sizeof(wchar_t) + 1, 0);
    status = RegQueryValueExW(key, name, NULL, &type, reinterpret_cast<BYTE *>(buffer.data()), &bytes);
    if (status != ERROR_SUCCESS) return HRESULT_FROM_WIN32(status);
    if (type == REG_EXPAND_SZ) {
        DWORD needed = ExpandEnvironmentStringsW(buffer.data(), NULL, 0);
        std::vector<wchar_t> expanded(needed + 1, 0);
        if (ExpandEnvironmentStringsW(buffer.data(), expanded.data(), static_cast<DWORD>(expanded.size())) == 0) return last_error();
        buffer.swap(expanded);
    }
    text = buffer.data();
    return S_OK;
}

HRESULT invalid(const wchar_t *name, const std::wstring &value) {
    report(EVENTLOG_ERROR_TYPE, 1, std::wstring(L"the setting ") + name + L" cannot be \"" + value + L"\"");
    return E_INVALIDARG;
}

} // namespace

HRESULT read_number(HKEY key, const wchar_t *name, DWORD &number) {
    DWORD type = 0, value = 0, bytes = sizeof(value);
    LONG status = RegQueryValueExW(key, name, NULL, &type, reinterpret_cast<BYTE *>(&value), &bytes);
    if (status == ERROR_FILE_NOT_FOUND) return S_FALSE;
    if (status == ERROR_SUCCESS && type == REG_DWORD) {
        number = value;
        return S_OK;
    }
    std::wstring text;
    HRESULT hr = read_text(key, name, text);
    if (FAILED(hr)) return hr;
    wchar_t *end = NULL;
    number = static_cast<DWORD>(wcstoul(text.c_str(), &end, 0));
    return text.empty() || *end != 0 ? invalid(name, text) : S_OK;
}

Settings::Settings()
    : file_name(L"%RequestID%.cer"),
      events(EXITEVENT_CERTISSUED | EXITEVENT_CERTIMPORTED | EXITEVENT_CERTREVOKED | EXITEVENT_CERTPENDING | EXITEVENT_CERTDENIED |
             EXITEVENT_CRLISSUED),
      pem(false), crls(true) {
    wchar_t system[MAX_PATH];
    UINT length = GetSystemDirectoryW(system, MAX_PATH);
    if (length > 0 && length < MAX_PATH) directory = std::wstring(system) + L"\\CertSrv\\CertEnroll\\";
}

HRESULT Settings::read(const std::wstring &path) {
    HKEY key = NULL;
    LONG status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ, &key);
    if (status == ERROR_FILE_NOT_FOUND) return S_OK;
    if (status != ERROR_SUCCESS) return HRESULT_FROM_WIN32(status);

    std::wstring format;
    DWORD write_crls = crls;
    HRESULT hr = read_text(key, L"Directory", directory);
    if (SUCCEEDED(hr)) hr = read_text(key, L"FileName", file_name);
    if (SUCCEEDED(hr)) hr = read_number(key, L"Events", events);
    if (SUCCEEDED(hr)) hr = read_number(key, L"PublishCRLs", write_crls);
    if (SUCCEEDED(hr)) hr = read_text(key, L"Format", format);
    RegCloseKey(key);
    if (FAILED(hr)) return hr;

    crls = write_crls != 0;
    if (_wcsicmp(format.c_str(), L"pem") == 0) pem = true;
    else if (!format.empty() && _wcsicmp(format.c_str(), L"der") != 0) return invalid(L"Format", format);
    if (directory.empty()) return invalid(L"Directory", directory);
    if (directory[directory.size() - 1] != L'\\' && directory[directory.size() - 1] != L'/') directory += L'\\';
    if (file_name.empty() || file_name.find_first_of(L"\\/") != std::wstring::npos) return invalid(L"FileName", file_name);
    return S_OK;
}
