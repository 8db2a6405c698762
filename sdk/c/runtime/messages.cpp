// FormatMessageW: texts of error codes, in our words, and inserts.

#include "runtime.h"

namespace {

struct Message {
    HRESULT code;
    const wchar_t *text;
};

// Win32 codes stand here as the HRESULTs made of them: a module asks for either.
const Message messages[] = {
    {S_OK, L"The operation succeeded."},
    {HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND), L"The file was not found."},
    {HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND), L"The path was not found."},
    {HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES), L"Too many files are open."},
    {E_ACCESSDENIED, L"Access is denied."},
    {HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE), L"The handle is not valid."},
    {HRESULT_FROM_WIN32(ERROR_INVALID_DATA), L"The data is not valid."},
    {E_OUTOFMEMORY, L"There is not enough memory."},
    {HRESULT_FROM_WIN32(ERROR_NOT_SAME_DEVICE), L"The two names are on different file systems."},
    {HRESULT_FROM_WIN32(ERROR_WRITE_PROTECT), L"The file system is read-only."},
    {HRESULT_FROM_WIN32(ERROR_SHARING_VIOLATION), L"The file is in use."},
    {HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED), L"This is not supported."},
    {HRESULT_FROM_WIN32(ERROR_BAD_NETPATH), L"Network paths are not supported."},
    {HRESULT_FROM_WIN32(ERROR_FILE_EXISTS), L"The file exists."},
    {E_INVALIDARG, L"An argument is not valid."},
    {HRESULT_FROM_WIN32(ERROR_DISK_FULL), L"There is no space left on the disk."},
    {HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER), L"The buffer is too small."},
    {HRESULT_FROM_WIN32(ERROR_INVALID_NAME), L"The name is not valid."},
    {HRESULT_FROM_WIN32(ERROR_DIR_NOT_EMPTY), L"The directory is not empty."},
    {HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS), L"The object exists already."},
    {HRESULT_FROM_WIN32(ERROR_ENVVAR_NOT_FOUND), L"The environment variable was not found."},
    {HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE), L"The file name is too long."},
    {HRESULT_FROM_WIN32(ERROR_MORE_DATA), L"More data is available."},
    {HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS), L"There are no more items."},
    {HRESULT_FROM_WIN32(ERROR_TIMEOUT), L"The time ran out."},
    {E_NOTIMPL, L"This is not implemented."},
    {E_NOINTERFACE, L"The object does not have this interface."},
    {E_POINTER, L"A pointer is null."},
    {E_ABORT, L"The operation was ended early."},
    {E_FAIL, L"The operation failed."},
    {E_UNEXPECTED, L"This was not expected."},
    {CLASS_E_CLASSNOTAVAILABLE, L"The module does not have this class."},
    {REGDB_E_CLASSNOTREG, L"The class is not registered."},
    {CO_E_CLASSSTRING, L"The name of the class is not known."},
    {DISP_E_TYPEMISMATCH, L"The value has another type."},
    {CERTSRV_E_BAD_REQUESTSUBJECT, L"The subject of the request is missing or too long."},
    {CERTSRV_E_BAD_REQUESTSTATUS, L"The status of the request does not allow this."},
    {CERTSRV_E_PROPERTY_EMPTY, L"The property has no value."},
    {CERTSRV_E_INVALID_CA_CERTIFICATE, L"The certificate of the CA does not allow this."},
    {CERTSRV_E_ENROLL_DENIED, L"The requester may not enrol."},
    {CERTSRV_E_TEMPLATE_DENIED, L"The requester may not use this template."},
    {CERTSRV_E_ADMIN_DENIED_REQUEST, L"A certificate manager denied the request."},
    {CERTSRV_E_UNSUPPORTED_CERT_TYPE, L"The CA does not offer this template."},
    {CERTSRV_E_NO_CERT_TYPE, L"The request names no template."},
    {CERTSRV_E_KEY_LENGTH, L"The key is too short."},
    {NTE_BAD_SIGNATURE, L"The signature is not valid."},
};

std::wstring system_message(DWORD code) {
    HRESULT wanted = HRESULT_FROM_WIN32(code);
    for (const Message &message : messages)
        if (message.code == wanted) return message.text;
    return L"";
}

// %1 to %99, %% , %n, %r, %t, %b, %!, %. ; what is written between two ! behind a number is a text here.
std::wstring insert(const std::wstring &text, DWORD flags, va_list *arguments) {
    std::wstring out;
    const wchar_t *inserts[100] = {};
    size_t known = 0;
    auto argument = [&](size_t index) -> const wchar_t * {
        if (arguments == nullptr) return L"";
        if ((flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) != 0) return reinterpret_cast<const wchar_t *const *>(arguments)[index - 1];
        while (known < index) inserts[known++] = va_arg(*arguments, const wchar_t *);
        return inserts[index - 1];
    };
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != L'%' || i + 1 == text.size()) {
            out.push_back(text[i]);
            continue;
        }
        wchar_t next = text[++i];
        if (next >= L'1' && next <= L'9') {
            size_t index = static_cast<size_t>(next - L'0');
            if (i + 1 < text.size() && text[i + 1] >= L'0' && text[i + 1] <= L'9') index = index * 10 + static_cast<size_t>(text[++i] - L'0');
            if (i + 1 < text.size() && text[i + 1] == L'!') {
                size_t end = text.find(L'!', i + 2);
                if (end != std::wstring::npos) i = end;
            }
            const wchar_t *value = argument(index);
            out += value == nullptr ? L"(null)" : value;
        } else if (next == L'0') {
            break; // ends the message without a line break
        } else {
            out += next == L'n' ? L"\r\n" : next == L'r' ? L"\r" : next == L't' ? L"\t" : next == L'b' ? L" " : std::wstring(1, next);
        }
    }
    return out;
}

} // namespace

extern "C" {

DWORD FormatMessageW(DWORD flags, LPCVOID source, DWORD message, DWORD, LPWSTR buffer, DWORD characters, va_list *arguments) {
    if (buffer == nullptr) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    std::wstring text;
    if ((flags & FORMAT_MESSAGE_FROM_STRING) != 0) {
        if (source != nullptr) text = static_cast<const wchar_t *>(source);
    } else {
        text = system_message(message);
        if (text.empty()) {
            SetLastError(317); // ERROR_MR_MID_NOT_FOUND
            return 0;
        }
        text += L"\r\n";
    }
    if ((flags & FORMAT_MESSAGE_IGNORE_INSERTS) == 0) text = insert(text, flags, arguments);
    if ((flags & FORMAT_MESSAGE_MAX_WIDTH_MASK) == FORMAT_MESSAGE_MAX_WIDTH_MASK) {
        for (wchar_t &character : text)
            if (character == L'\r' || character == L'\n') character = L' ';
    }
    if ((flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) != 0) {
        size_t room = text.size() + 1 > characters ? text.size() + 1 : characters;
        wchar_t *made = static_cast<wchar_t *>(LocalAlloc(LMEM_FIXED, room * sizeof(wchar_t)));
        if (made == nullptr) return 0;
        wmemcpy(made, text.c_str(), text.size() + 1);
        *reinterpret_cast<wchar_t **>(buffer) = made;
        return static_cast<DWORD>(text.size());
    }
    if (text.size() >= characters) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    wmemcpy(buffer, text.c_str(), text.size() + 1);
    return static_cast<DWORD>(text.size());
}

} // extern "C"
