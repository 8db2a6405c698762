#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

namespace {

HANDLE create(const wchar_t *path, DWORD disposition, DWORD access = GENERIC_READ | GENERIC_WRITE) {
    return CreateFileW(path, access, 0, nullptr, disposition, FILE_ATTRIBUTE_NORMAL, nullptr);
}

bool write_text(const wchar_t *path, const char *text) {
    HANDLE file = create(path, CREATE_ALWAYS);
    DWORD written = 0;
    bool well = file != INVALID_HANDLE_VALUE && WriteFile(file, text, static_cast<DWORD>(strlen(text)), &written, nullptr);
    return CloseHandle(file) && well;
}

std::string read_text(const wchar_t *path) {
    char buffer[64];
    DWORD count = 0;
    HANDLE file = create(path, OPEN_EXISTING, GENERIC_READ);
    if (file == INVALID_HANDLE_VALUE) return "(none)";
    ReadFile(file, buffer, sizeof(buffer), &count, nullptr);
    CloseHandle(file);
    return std::string(buffer, count);
}

bool on_machine(const std::string &path) { return access((drive_c + path).c_str(), F_OK) == 0; }

} // namespace

TEST(drives_and_letters) {
    CHECK(CreateDirectoryW(L"C:\\Folder", nullptr));
    FAILS(CreateDirectoryW(L"c:/folder", nullptr), ERROR_ALREADY_EXISTS);
    CHECK(write_text(L"C:\\Folder\\A.cer", "a"));
    CHECK(on_machine("/Folder/A.cer"));
    SAME(read_text(L"c:\\FOLDER\\a.CER"), "a"); // without case
    SAME(read_text(L"\\\\?\\C:\\Folder\\.\\x\\..\\A.cer"), "a");
    SAME(read_text(L"C:\\..\\..\\Folder\\A.cer"), "a"); // no way out of a drive
    std::wstring through_z = L"Z:";
    for (char c : drive_c + "/Folder/A.cer") through_z.push_back(c == '/' ? L'\\' : static_cast<wchar_t>(c));
    SAME(read_text(through_z.c_str()), "a");
    SAME(read_text(through_z.substr(2).c_str()), "a"); // a path without a drive is taken as it stands
    wchar_t full[MAX_PATH];
    LPWSTR name = nullptr;
    CHECK(GetFullPathNameW(through_z.c_str() + 2, MAX_PATH, full, &name) > 0);
    SAME(std::wstring(full), L"C:\\Folder\\A.cer");
    SAME(std::wstring(name), L"A.cer");
    CHECK(GetFullPathNameW(L"c:/a//b/../c", MAX_PATH, full, nullptr) > 0);
    SAME(std::wstring(full), L"C:\\a\\c");
    SAME(GetFullPathNameW(L"C:\\abc", 3, full, nullptr), 7u);
    CHECK(create(L"Q:\\x", OPEN_EXISTING) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PATH_NOT_FOUND);
    CHECK(create(L"\\\\server\\share\\x", OPEN_EXISTING) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_BAD_NETPATH);
    CHECK(create(L"C:\\a?b", CREATE_ALWAYS) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_NAME);
    CHECK(create(L"", OPEN_EXISTING) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PATH_NOT_FOUND);
    CHECK(create(std::wstring(5000, L'x').c_str(), OPEN_EXISTING) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILENAME_EXCED_RANGE);
}

TEST(files_are_opened_as_asked) {
    const wchar_t *path = L"C:\\dispositions.txt";
    CHECK(create(path, OPEN_EXISTING) == INVALID_HANDLE_VALUE);
    SAME(GetLastError(), static_cast<DWORD>(ERROR_FILE_NOT_FOUND));
    CHECK(create(L"C:\\missing\\x", CREATE_NEW) == INVALID_HANDLE_VALUE);
    SAME(GetLastError(), static_cast<DWORD>(ERROR_PATH_NOT_FOUND));
    HANDLE file = create(path, CREATE_NEW);
    CHECK(file != INVALID_HANDLE_VALUE && GetLastError() == ERROR_SUCCESS);
    DWORD count = 0;
    CHECK(WriteFile(file, "0123456789", 10, &count, nullptr) && count == 10 && FlushFileBuffers(file));
    LARGE_INTEGER size;
    CHECK(GetFileSizeEx(file, &size));
    SAME(size.QuadPart, 10);
    SAME(SetFilePointer(file, -3, nullptr, FILE_END), 7u);
    char rest[8];
    CHECK(ReadFile(file, rest, 8, &count, nullptr));
    SAME(std::string(rest, count), "789");
    CHECK(ReadFile(file, rest, 8, &count, nullptr) && count == 0); // at the end: success, nothing read
    FAILS(SetFilePointer(file, -1, nullptr, FILE_BEGIN) != INVALID_SET_FILE_POINTER, ERROR_NEGATIVE_SEEK);
    SetFilePointer(file, 4, nullptr, FILE_BEGIN);
    CHECK(SetEndOfFile(file) && GetFileSize(file, nullptr) == 4);
    CHECK(CloseHandle(file));
    FAILS(CloseHandle(file), ERROR_INVALID_HANDLE);
    FAILS(WriteFile(file, "x", 1, &count, nullptr), ERROR_INVALID_HANDLE);
    FAILS(CloseHandle(INVALID_HANDLE_VALUE), ERROR_INVALID_HANDLE);
    CHECK(create(path, CREATE_NEW) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_EXISTS); // 0x80070050
    file = create(path, CREATE_ALWAYS);
    SAME(GetLastError(), static_cast<DWORD>(ERROR_ALREADY_EXISTS)); // beside success
    SAME(GetFileSize(file, nullptr), 0u);
    CloseHandle(file);
    file = CreateFileW(path, FILE_APPEND_DATA, 0, nullptr, OPEN_ALWAYS, 0, nullptr);
    CHECK(WriteFile(file, "ab", 2, nullptr, nullptr) && CloseHandle(file));
    file = CreateFileW(path, FILE_APPEND_DATA, 0, nullptr, OPEN_ALWAYS, 0, nullptr);
    CHECK(WriteFile(file, "cd", 2, nullptr, nullptr) && CloseHandle(file));
    SAME(read_text(path), "abcd");
    CHECK(create(L"C:\\", OPEN_EXISTING, GENERIC_READ) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED);
    file = CreateFileW(L"C:\\gone", GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE, nullptr);
    CHECK(on_machine("/gone") && CloseHandle(file) && !on_machine("/gone"));
    FILE *stream = _wfopen(path, L"wb");
    CHECK(stream != nullptr && fputws(L"\u00e9", stream) >= 0 && fwprintf(stream, L"%d", 7) == 1);
    fclose(stream);
    SAME(read_text(path), "\xc3\xa9" "7");
}

TEST(files_are_moved_and_deleted) {
    CHECK(write_text(L"C:\\one", "1") && write_text(L"C:\\two", "2"));
    FAILS(MoveFileExW(L"C:\\one", L"C:\\two", 0), ERROR_ALREADY_EXISTS);
    SAME(read_text(L"C:\\two"), "2");
    CHECK(MoveFileExW(L"C:\\ONE", L"C:\\two", MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH));
    SAME(read_text(L"C:\\two"), "1");
    FAILS(MoveFileW(L"C:\\one", L"C:\\three"), ERROR_FILE_NOT_FOUND);
    FAILS(MoveFileW(L"C:\\two", L"C:\\none\\three"), ERROR_PATH_NOT_FOUND);
    FAILS(CopyFileW(L"C:\\two", L"C:\\two", TRUE), ERROR_FILE_EXISTS);
    CHECK(CopyFileW(L"C:\\two", L"C:\\three", TRUE));
    SAME(read_text(L"C:\\three"), "1");
    CHECK(DeleteFileW(L"C:\\TWO"));
    FAILS(DeleteFileW(L"C:\\two"), ERROR_FILE_NOT_FOUND);
    SAME(GetFileAttributesW(L"C:\\two"), INVALID_FILE_ATTRIBUTES);
    CHECK(SetFileAttributesW(L"C:\\three", FILE_ATTRIBUTE_READONLY));
    SAME(GetFileAttributesW(L"C:\\three"), FILE_ATTRIBUTE_READONLY);
    CHECK(CreateDirectoryW(L"C:\\d", nullptr) && write_text(L"C:\\d\\x", ""));
    SAME(GetFileAttributesW(L"C:\\d"), FILE_ATTRIBUTE_DIRECTORY);
    FAILS(RemoveDirectoryW(L"C:\\d"), ERROR_DIR_NOT_EMPTY);
    CHECK(DeleteFileW(L"C:\\d\\x") && RemoveDirectoryW(L"C:\\d"));
}

TEST(names_are_found) {
    CHECK(CreateDirectoryW(L"C:\\find", nullptr) && write_text(L"C:\\find\\a.cer", "xyz") && write_text(L"C:\\find\\b.CER", "") &&
          write_text(L"C:\\find\\c.crl", ""));
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(L"C:\\find\\?.cer", &found);
    int count = 0;
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        ++count;
        if (wcscmp(found.cFileName, L"a.cer") == 0) SAME(found.nFileSizeLow, 3u);
    }
    SAME(GetLastError(), static_cast<DWORD>(ERROR_NO_MORE_FILES));
    SAME(count, 2);
    CHECK(FindClose(search));
    CHECK(FindFirstFileW(L"C:\\find\\*.pem", &found) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND);
    wchar_t path[MAX_PATH];
    CHECK(GetTempFileNameW(L"C:\\find", L"crtx", 0, path) != 0);
    CHECK(wcsncmp(path, L"C:\\find\\crt", 11) == 0 && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES);
}

TEST(environment) {
    wchar_t text[64];
    SAME(GetEnvironmentVariableW(L"SYSTEMROOT", text, 64), 10u);
    SAME(std::wstring(text), L"C:\\Windows");
    SAME(GetEnvironmentVariableW(L"SystemRoot", text, 5), 11u); // the room needed
    SAME(GetEnvironmentVariableW(L"no such variable", text, 64), 0u);
    SAME(GetLastError(), static_cast<DWORD>(ERROR_ENVVAR_NOT_FOUND));
    CHECK(SetEnvironmentVariableW(L"Exeunt_Test", L"v\u00e4lue"));
    SAME(ExpandEnvironmentStringsW(L"<%EXEUNT_TEST%> %unknown% 100%", text, 64), 23u);
    SAME(std::wstring(text), L"<v\u00e4lue> %unknown% 100%");
    CHECK(SetEnvironmentVariableW(L"EXEUNT_TEST", nullptr));
    SAME(GetEnvironmentVariableW(L"Exeunt_Test", text, 64), 0u);
    CHECK(SetEnvironmentVariableW(L"TMP", L"/tmp"));
    CHECK(GetTempPathW(64, text) > 0);
    SAME(std::wstring(text), L"Z:\\tmp\\");
    SAME(GetSystemDirectoryW(text, 64), 19u);
    DWORD room = 64;
    CHECK(GetComputerNameW(text, &room) && room > 0 && room <= MAX_COMPUTERNAME_LENGTH);
    room = 1;
    FAILS(GetComputerNameExW(ComputerNameDnsHostname, text, &room), ERROR_MORE_DATA);
}

TEST(registry_values) {
    HKEY key = nullptr;
    DWORD disposition = 0;
    SAME(RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Exeunt", 0, KEY_READ, &key), ERROR_FILE_NOT_FOUND);
    SAME(RegCreateKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Exeunt", 0, nullptr, 0, KEY_ALL_ACCESS, nullptr, &key, &disposition), ERROR_SUCCESS);
    SAME(disposition, REG_CREATED_NEW_KEY);
    DWORD number = 77, type = 0, bytes = sizeof(number);
    SAME(RegSetValueExW(key, L"Number", 0, REG_DWORD, reinterpret_cast<BYTE *>(&number), 4), ERROR_SUCCESS);
    number = 0;
    SAME(RegQueryValueExW(key, L"NUMBER", nullptr, &type, reinterpret_cast<BYTE *>(&number), &bytes), ERROR_SUCCESS);
    SAME(number, 77u);
    SAME(RegQueryValueExW(key, L"none", nullptr, &type, nullptr, &bytes), ERROR_FILE_NOT_FOUND);
    DWORD reserved = 0;
    SAME(RegQueryValueExW(key, L"Number", &reserved, nullptr, nullptr, nullptr), ERROR_INVALID_PARAMETER);
    // Stored without a terminator: RegGetValue adds one, and expands.
    const wchar_t path[] = L"%SystemRoot%\\x";
    SAME(RegSetValueExW(key, L"Path", 0, REG_EXPAND_SZ, reinterpret_cast<const BYTE *>(path), 14 * 2), ERROR_SUCCESS);
    wchar_t text[64];
    bytes = sizeof(text);
    SAME(RegGetValueW(HKEY_LOCAL_MACHINE, L"Software\\Exeunt", L"Path", RRF_RT_REG_SZ, &type, text, &bytes), ERROR_SUCCESS);
    SAME(std::wstring(text), L"C:\\Windows\\x");
    SAME(type, REG_SZ);
    SAME(bytes, 26u);
    bytes = 4;
    SAME(RegGetValueW(key, nullptr, L"Path", RRF_RT_ANY, nullptr, text, &bytes), ERROR_MORE_DATA);
    SAME(RegGetValueW(key, nullptr, L"Path", RRF_RT_REG_DWORD, nullptr, nullptr, nullptr), ERROR_UNSUPPORTED_TYPE);
    DWORD characters = 64;
    SAME(RegEnumValueW(key, 1, text, &characters, nullptr, nullptr, nullptr, nullptr), ERROR_SUCCESS);
    SAME(RegEnumValueW(key, 2, text, &characters, nullptr, nullptr, nullptr, nullptr), ERROR_NO_MORE_ITEMS);
    SAME(RegDeleteValueW(key, L"Number"), ERROR_SUCCESS);
    SAME(RegCloseKey(key), ERROR_SUCCESS);
    SAME(RegCloseKey(key), ERROR_INVALID_HANDLE);
}

TEST(reports_reach_the_host) {
    HANDLE log = RegisterEventSourceW(nullptr, L"Source");
    LPCWSTR texts[] = {L"one", L"two"};
    CHECK(ReportEventW(log, EVENTLOG_WARNING_TYPE, 0, 7, nullptr, 2, 0, texts, nullptr));
    CHECK(!reports.empty() && reports.back().source == L"Source" && reports.back().event == 7 && reports.back().texts.size() == 2);
    CHECK(DeregisterEventSource(log));
    FAILS(ReportEventW(log, EVENTLOG_WARNING_TYPE, 0, 7, nullptr, 0, 0, nullptr, nullptr), ERROR_INVALID_HANDLE);
    FAILS(RegisterEventSourceW(L"other", L"Source"), ERROR_NOT_SUPPORTED);
    OutputDebugStringA("trace");
    CHECK(!traces.empty() && traces.back() == L"trace");
}

TEST(threads_wait_for_one_another) {
    struct Shared {
        HANDLE started, go;
        CRITICAL_SECTION section;
        SRWLOCK lock;
        LONG count;
    } shared = {CreateEventW(nullptr, FALSE, FALSE, nullptr), CreateEventW(nullptr, TRUE, FALSE, nullptr), {}, SRWLOCK_INIT, 0};
    InitializeCriticalSection(&shared.section);
    HANDLE threads[4];
    for (HANDLE &thread : threads)
        thread = CreateThread(nullptr, 0, [](LPVOID parameter) -> DWORD {
            Shared *of = static_cast<Shared *>(parameter);
            WaitForSingleObject(of->go, INFINITE);
            for (int i = 0; i < 1000; ++i) {
                EnterCriticalSection(&of->section);
                EnterCriticalSection(&of->section); // the same thread again
                AcquireSRWLockExclusive(&of->lock);
                ++of->count;
                ReleaseSRWLockExclusive(&of->lock);
                LeaveCriticalSection(&of->section);
                LeaveCriticalSection(&of->section);
            }
            return 5;
        }, &shared, 0, nullptr);
    SAME(WaitForSingleObject(threads[0], 0), static_cast<DWORD>(WAIT_TIMEOUT));
    CHECK(SetEvent(shared.go));
    for (HANDLE thread : threads) {
        DWORD code = 0;
        SAME(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
        CHECK(GetExitCodeThread(thread, &code) && code == 5 && CloseHandle(thread));
    }
    SAME(shared.count, 4000);
    CHECK(SetEvent(shared.started));
    SAME(WaitForSingleObject(shared.started, 0), WAIT_OBJECT_0); // taken by the first waiter
    SAME(WaitForSingleObject(shared.started, 0), static_cast<DWORD>(WAIT_TIMEOUT));
    HANDLE mutex = CreateMutexW(nullptr, TRUE, nullptr);
    SAME(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(mutex) && ReleaseMutex(mutex));
    FAILS(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    FAILS(SetEvent(mutex), ERROR_INVALID_HANDLE);
    DeleteCriticalSection(&shared.section);
    CHECK(CloseHandle(mutex) && CloseHandle(shared.go) && CloseHandle(shared.started));
    volatile LONG value = 5;
    CHECK(InterlockedIncrement(&value) == 6 && InterlockedCompareExchange(&value, 9, 6) == 6 && value == 9);
}
