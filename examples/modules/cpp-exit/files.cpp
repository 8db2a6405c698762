#include "publisher.h"

#include <vector>

namespace {

class File {
public:
    explicit File(HANDLE opened) : handle(opened) {}
    ~File() { close(); }
    File(const File &) = delete;
    File &operator=(const File &) = delete;

    bool open() const { return handle != INVALID_HANDLE_VALUE; }
    HANDLE get() const { return handle; }
    void close() {
        if (open()) CloseHandle(handle);
        handle = INVALID_HANDLE_VALUE;
    }

private:
    HANDLE handle;
};

// Whether the file is there with exactly these bytes: S_OK, S_FALSE for others.
HRESULT holds(const std::wstring &path, const void *bytes, DWORD count) {
    File file(CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL));
    if (!file.open()) return last_error();
    LARGE_INTEGER size;
    if (!GetFileSizeEx(file.get(), &size)) return last_error();
    if (size.QuadPart != static_cast<LONGLONG>(count)) return S_FALSE;
    std::vector<BYTE> there(count + 1);
    DWORD done = 0;
    while (done < count) {
        DWORD read = 0;
        if (!ReadFile(file.get(), there.data() + done, count - done, &read, NULL)) return last_error();
        if (read == 0) return S_FALSE;
        done += read;
    }
    return memcmp(there.data(), bytes, count) == 0 ? S_OK : S_FALSE;
}

HRESULT write_whole(const std::wstring &path, const void *bytes, DWORD count) {
    File file(CreateFileW(path.c_str(), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL));
    if (!file.open()) return last_error();
    DWORD written = 0;
    if (!WriteFile(file.get(), bytes, count, &written, NULL) || written != count || !FlushFileBuffers(file.get())) return last_error();
    return S_OK;
}

} // namespace

HRESULT write_file(const std::wstring &path, const void *bytes, DWORD count, WhenThere when_there) {
    HRESULT hr = holds(path, bytes, count);
    if (hr == S_OK) return S_OK;
    if (hr == S_FALSE && when_there == refuse) {
        report(EVENTLOG_WARNING_TYPE, 2, path + L" exists, with another content");
        return HRESULT_FROM_WIN32(ERROR_FILE_EXISTS);
    }
    if (FAILED(hr) && hr != HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)) return hr;

    // Under another name first, of this thread alone: who looks for the file sees the whole of it or none.
    std::wstring part = path + L"." + std::to_wstring(GetCurrentThreadId()) + L".part";
    hr = write_whole(part, bytes, count);
    if (SUCCEEDED(hr) && !MoveFileExW(part.c_str(), path.c_str(),
                                      MOVEFILE_WRITE_THROUGH | (when_there == replace ? MOVEFILE_REPLACE_EXISTING : 0)))
        hr = last_error();
    if (FAILED(hr)) DeleteFileW(part.c_str());
    return hr;
}

HRESULT make_directory(const std::wstring &path) {
    if (CreateDirectoryW(path.c_str(), NULL) || GetLastError() == ERROR_ALREADY_EXISTS) return S_OK;
    return last_error();
}

std::wstring file_name_part(const std::wstring &text) {
    std::wstring part = text.substr(0, 100);
    for (size_t i = 0; i < part.size(); ++i)
        if (part[i] < 0x20 || wcschr(L"<>:\"/\\|?*%", part[i]) != NULL) part[i] = L'_';
    while (!part.empty() && (part[0] == L'.' || part[0] == L' ')) part.erase(0, 1);
    return part.empty() ? L"_" : part;
}

std::string utf8(const std::wstring &text) {
    if (text.empty()) return std::string();
    int needed = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), NULL, 0, NULL, NULL);
    std::string bytes(static_cast<size_t>(needed), '\0');
    WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), &bytes[0], needed, NULL, NULL);
    return bytes;
}

// RFC 7468, with lines of 64 characters.
HRESULT encode_pem(const Value &value, const char *label, std::string &pem) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const BYTE *bytes = value.bytes();
    DWORD count = value.byte_count();
    pem = std::string("-----BEGIN ") + label + "-----\n";
    for (DWORD i = 0; i < count; i += 3) {
        DWORD left = count - i;
        DWORD group = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        pem += alphabet[group >> 18 & 63];
        pem += alphabet[group >> 12 & 63];
        pem += left > 1 ? alphabet[group >> 6 & 63] : '=';
        pem += left > 2 ? alphabet[group & 63] : '=';
        if (i % 48 == 45 || left <= 3) pem += '\n';
    }
    pem += std::string("-----END ") + label + "-----\n";
    return count == 0 ? HRESULT_FROM_WIN32(ERROR_INVALID_DATA) : S_OK;
}
