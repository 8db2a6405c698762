// Directories, attributes, and the search for names.

#include <dirent.h>
#include <sys/random.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime.h"

using namespace exeunt;

namespace {

DWORD attributes_of(const struct stat &status) {
    DWORD attributes = S_ISDIR(status.st_mode) ? FILE_ATTRIBUTE_DIRECTORY : 0;
    if ((status.st_mode & 0222) == 0) attributes |= FILE_ATTRIBUTE_READONLY;
    return attributes == 0 ? FILE_ATTRIBUTE_NORMAL : attributes;
}

bool matches(const wchar_t *pattern, const wchar_t *name) {
    for (; *pattern != 0; ++pattern, ++name) {
        if (*pattern == L'*') {
            while (pattern[1] == L'*') ++pattern;
            for (;; ++name) {
                if (matches(pattern + 1, name)) return true;
                if (*name == 0) return false;
            }
        }
        if (*name == 0 || (*pattern != L'?' && fold(*pattern) != fold(*name))) return false;
    }
    return *name == 0;
}

struct Search : Object {
    std::string folder;
    std::wstring pattern;
    DIR *directory;
    explicit Search(DIR *opened) : directory(opened) {}
    ~Search() override { closedir(directory); }
    Search(const Search &) = delete;
    Search &operator=(const Search &) = delete;

    BOOL next(LPWIN32_FIND_DATAW found) {
        errno = 0;
        while (const dirent *entry = readdir(directory)) {
            std::wstring name = from_utf8(entry->d_name, strlen(entry->d_name));
            struct stat status;
            if (name.size() >= MAX_PATH || !matches(pattern.c_str(), name.c_str())) continue;
            if (stat((folder + "/" + entry->d_name).c_str(), &status) != 0) continue; // gone meanwhile
            memset(found, 0, sizeof(*found));
            found->dwFileAttributes = attributes_of(status);
            found->ftCreationTime = file_time(status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
            found->ftLastAccessTime = file_time(status.st_atim.tv_sec, status.st_atim.tv_nsec);
            found->ftLastWriteTime = file_time(status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
            found->nFileSizeHigh = static_cast<DWORD>(static_cast<uint64_t>(status.st_size) >> 32);
            found->nFileSizeLow = static_cast<DWORD>(status.st_size);
            wmemcpy(found->cFileName, name.c_str(), name.size() + 1);
            return TRUE;
        }
        return errno != 0 ? fail_errno() : fail(ERROR_NO_MORE_FILES);
    }
};

} // namespace

extern "C" {

BOOL CreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES) {
    std::string folder;
    // Looked for without case first: a directory is made once and then found by any spelling.
    if (!machine_path(path, Last::existing, folder)) return FALSE;
    if (mkdir(folder.c_str(), 0777) == 0) return TRUE;
    return errno == EEXIST ? fail(ERROR_ALREADY_EXISTS) : errno == ENOENT ? fail(ERROR_PATH_NOT_FOUND) : fail_errno();
}

BOOL RemoveDirectoryW(LPCWSTR path) {
    std::string folder;
    if (!machine_path(path, Last::existing, folder)) return FALSE;
    if (rmdir(folder.c_str()) == 0) return TRUE;
    return errno == ENOENT    ? fail(missing(folder))
           : errno == EEXIST  ? fail(ERROR_DIR_NOT_EMPTY)
           : errno == ENOTDIR ? fail(ERROR_DIRECTORY)
                              : fail_errno();
}

DWORD GetFileAttributesW(LPCWSTR path) {
    std::string file;
    struct stat status;
    if (!machine_path(path, Last::existing, file)) return INVALID_FILE_ATTRIBUTES;
    if (stat(file.c_str(), &status) == 0) return attributes_of(status);
    fail(errno == ENOENT ? missing(file) : win32_error(errno));
    return INVALID_FILE_ATTRIBUTES;
}

BOOL SetFileAttributesW(LPCWSTR path, DWORD attributes) {
    std::string file;
    struct stat status;
    if (!machine_path(path, Last::existing, file)) return FALSE;
    if (stat(file.c_str(), &status) != 0) return errno == ENOENT ? fail(missing(file)) : fail_errno();
    mode_t mode = (attributes & FILE_ATTRIBUTE_READONLY) != 0 ? status.st_mode & ~0222u : status.st_mode | 0200u;
    return chmod(file.c_str(), mode & 07777) == 0 ? TRUE : fail_errno();
}

UINT GetTempFileNameW(LPCWSTR folder, LPCWSTR prefix, UINT unique, LPWSTR path) {
    if (folder == nullptr || path == nullptr) {
        fail(ERROR_INVALID_PARAMETER);
        return 0;
    }
    std::wstring start = folder;
    if (!start.empty() && !is_separator(start.back())) start.push_back(L'\\');
    start.append(prefix == nullptr ? L"" : prefix, prefix == nullptr ? 0 : wcsnlen(prefix, 3));
    for (int attempt = 0; attempt < 1000; ++attempt) {
        UINT number = unique;
        if (unique == 0) {
            uint16_t random;
            if (getrandom(&random, sizeof(random), 0) != static_cast<ssize_t>(sizeof(random))) break;
            number = random == 0 ? 1u : random;
        }
        char digits[16];
        snprintf(digits, sizeof(digits), "%X.tmp", number & 0xffff);
        std::wstring name = start + from_utf8(digits, strlen(digits));
        if (name.size() >= MAX_PATH) {
            fail(ERROR_FILENAME_EXCED_RANGE);
            return 0;
        }
        wmemcpy(path, name.c_str(), name.size() + 1);
        if (unique != 0) return number; // only the name: no file is made
        HANDLE made = CreateFileW(path, GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
        if (made != INVALID_HANDLE_VALUE) {
            CloseHandle(made);
            return number;
        }
        if (GetLastError() != ERROR_FILE_EXISTS) return 0;
    }
    fail(ERROR_FILE_EXISTS);
    return 0;
}

HANDLE FindFirstFileW(LPCWSTR path, LPWIN32_FIND_DATAW found) {
    if (path == nullptr || found == nullptr) {
        fail(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    std::wstring text = path;
    size_t at = last_separator(text);
    std::wstring folder = at == std::wstring::npos ? L"." : text.substr(0, at + 1);
    std::string machine;
    if (!machine_path(folder.c_str(), Last::existing, machine)) return INVALID_HANDLE_VALUE;
    DIR *directory = opendir(machine.c_str());
    if (directory == nullptr) {
        fail(errno == ENOENT ? static_cast<DWORD>(ERROR_PATH_NOT_FOUND) : win32_error(errno));
        return INVALID_HANDLE_VALUE;
    }
    auto search = std::make_shared<Search>(directory);
    search->folder = machine;
    search->pattern = at == std::wstring::npos ? text : text.substr(at + 1);
    if (search->pattern == L"*.*") search->pattern = L"*"; // as on Windows: also names without a dot
    if (!search->next(found)) {
        if (GetLastError() == ERROR_NO_MORE_FILES) SetLastError(ERROR_FILE_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    return register_object(search);
}

BOOL FindNextFileW(HANDLE handle, LPWIN32_FIND_DATAW found) {
    auto search = object_as<Search>(handle);
    return search ? search->next(found) : FALSE;
}

BOOL FindClose(HANDLE handle) { return CloseHandle(handle); }

} // extern "C"
