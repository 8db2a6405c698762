// Windows' paths on this machine.

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "runtime.h"

namespace exeunt {

namespace {

std::vector<std::wstring> parts_of(const std::wstring &path) {
    std::vector<std::wstring> parts;
    std::wstring part;
    for (size_t i = 0; i <= path.size(); ++i) {
        if (i < path.size() && !is_separator(path[i])) {
            part.push_back(path[i]);
            continue;
        }
        if (part == L"..") {
            if (!parts.empty()) parts.pop_back(); // the root is its own parent: no path leads out of a drive
        } else if (!part.empty() && part != L".") {
            parts.push_back(part);
        }
        part.clear();
    }
    return parts;
}

bool valid(const std::wstring &part) {
    for (wchar_t character : part)
        if (static_cast<uint16_t>(character) < 0x20 || wcschr(L"<>:\"|?*", character) != nullptr) return false;
    return true;
}

bool exists(const std::string &path) {
    struct stat status;
    return lstat(path.c_str(), &status) == 0;
}

// The name in the folder that is the same but for case; empty where there is none.
std::string sought(const std::string &folder, const std::wstring &name) {
    std::unique_ptr<DIR, int (*)(DIR *)> directory(opendir(folder.empty() ? "." : folder.c_str()), &closedir);
    if (!directory) return "";
    while (const dirent *entry = readdir(directory.get()))
        if (equal_folded(from_utf8(entry->d_name, strlen(entry->d_name)), name)) return entry->d_name;
    return "";
}

bool has_drive(const std::wstring &path) {
    return path.size() >= 2 && path[1] == L':' && ((path[0] >= L'A' && path[0] <= L'Z') || (path[0] >= L'a' && path[0] <= L'z'));
}

// Where the path starts on this machine, without a separator at its end; rest is what is left of it.
bool root_of(std::wstring &rest, std::string &root) {
    if (rest.compare(0, 4, L"\\\\?\\") == 0) rest.erase(0, 4);
    if (rest.size() >= 2 && is_separator(rest[0]) && is_separator(rest[1])) return fail(ERROR_BAD_NETPATH);
    if (has_drive(rest)) {
        const char *folder = host() == nullptr ? nullptr : host()->drive(static_cast<char>(rest[0] & ~0x20));
        if (folder == nullptr) return fail(ERROR_PATH_NOT_FOUND);
        root = folder;
        while (!root.empty() && root.back() == '/') root.pop_back();
        root.push_back('/');
        rest.erase(0, 2);
    } else if (!rest.empty() && is_separator(rest[0])) {
        root = "/";
    } else {
        root = "";
    }
    return true;
}

} // namespace

bool is_separator(wchar_t character) { return character == L'\\' || character == L'/'; }

size_t last_separator(const std::wstring &path) { return path.find_last_of(L"\\/"); }

bool machine_path(const wchar_t *path, Last last, std::string &out) {
    if (path == nullptr || path[0] == 0) return fail(path == nullptr ? ERROR_INVALID_PARAMETER : ERROR_PATH_NOT_FOUND);
    std::wstring rest = path;
    std::string current;
    if (!root_of(rest, current)) return false;
    std::vector<std::wstring> parts = parts_of(rest);
    bool there = true; // whether what was walked so far exists: below a missing folder nothing is looked for
    for (size_t i = 0; i < parts.size(); ++i) {
        if (!valid(parts[i])) return fail(ERROR_INVALID_NAME);
        std::string name = to_utf8(parts[i]);
        bool search = i + 1 < parts.size() || last == Last::existing;
        if (there && search && !exists(current + name)) {
            std::string other = sought(current, parts[i]);
            if (other.empty())
                there = false;
            else
                name = other;
        }
        current += name;
        if (i + 1 < parts.size()) current.push_back('/');
    }
    out = current.empty() ? "." : current;
    if (out.size() >= PATH_MAX) return fail(ERROR_FILENAME_EXCED_RANGE);
    return true;
}

std::wstring windows_path(const std::string &path) {
    std::string root;
    if (host() != nullptr && host()->drive('C') != nullptr) root = host()->drive('C');
    std::wstring out;
    if (!root.empty() && root != "/" && path.compare(0, root.size(), root) == 0 &&
        (path.size() == root.size() || path[root.size()] == '/'))
        out = L"C:" + from_utf8(path.substr(root.size()));
    else
        out = (path.compare(0, 1, "/") == 0 ? L"Z:" : L"") + from_utf8(path);
    for (wchar_t &character : out)
        if (character == L'/') character = L'\\';
    if (out.size() == 2 && out[1] == L':') out.push_back(L'\\');
    return out;
}

DWORD missing(const std::string &path) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return ERROR_FILE_NOT_FOUND;
    struct stat status;
    bool folder = stat(path.substr(0, slash).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    return folder ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND;
}

namespace {

// Without . and .. and with one kind of separator, as Windows names it.
bool full_path(const wchar_t *path, std::wstring &full) {
    std::wstring text = path;
    if (!has_drive(text)) {
        std::string machine;
        if (!machine_path(path, Last::created, machine)) return false;
        if (machine[0] != '/') {
            std::unique_ptr<char, decltype(&free)> here(getcwd(nullptr, 0), &free);
            if (!here) return fail_errno();
            machine = machine == "." ? std::string(here.get()) : std::string(here.get()) + "/" + machine;
        }
        text = windows_path(machine);
    }
    full = text.substr(0, 2);
    full[0] = static_cast<wchar_t>(full[0] & ~0x20);
    for (const std::wstring &part : parts_of(text.substr(2))) full += L"\\" + part;
    if (full.size() == 2) full.push_back(L'\\');
    return true;
}

} // namespace

} // namespace exeunt

using namespace exeunt;

extern "C" {

DWORD GetFullPathNameW(LPCWSTR path, DWORD characters, LPWSTR full, LPWSTR *name) {
    std::wstring made;
    if (name != nullptr) *name = nullptr;
    if (path == nullptr || path[0] == 0) {
        SetLastError(ERROR_INVALID_NAME);
        return 0;
    }
    if (!full_path(path, made)) return 0;
    DWORD length = copy_out(made, full, characters);
    if (length <= made.size() && name != nullptr && made.back() != L'\\') *name = full + last_separator(made) + 1;
    return length;
}

DWORD GetCurrentDirectoryW(DWORD characters, LPWSTR path) {
    std::unique_ptr<char, decltype(&free)> here(getcwd(nullptr, 0), &free);
    if (!here) {
        fail_errno();
        return 0;
    }
    return copy_out(windows_path(here.get()), path, characters);
}

DWORD GetTempPathW(DWORD characters, LPWSTR path) {
    std::wstring folder;
    if (!environment_value(L"TMP", folder) && !environment_value(L"TEMP", folder)) folder = L"C:\\Windows\\Temp";
    if (folder.empty() || !is_separator(folder.back())) folder.push_back(L'\\');
    return copy_out(folder, path, characters);
}

UINT GetSystemDirectoryW(LPWSTR path, UINT characters) { return copy_out(L"C:\\Windows\\System32", path, characters); }
UINT GetWindowsDirectoryW(LPWSTR path, UINT characters) { return copy_out(L"C:\\Windows", path, characters); }

} // extern "C"
