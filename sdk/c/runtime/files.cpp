// Files that are open, and files by name.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime.h"

using namespace exeunt;

namespace {

struct File : Object {
    int descriptor;
    std::string delete_on_close; // its path; empty to keep it
    explicit File(int opened) : descriptor(opened) {}
    ~File() override {
        close(descriptor);
        if (!delete_on_close.empty()) unlink(delete_on_close.c_str());
    }
    File(const File &) = delete;
    File &operator=(const File &) = delete;
};

BOOL write_all(int descriptor, const char *bytes, size_t count, size_t &written) {
    for (written = 0; written < count;) {
        ssize_t done = write(descriptor, bytes + written, count - written);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail_errno();
        written += static_cast<size_t>(done);
    }
    return TRUE;
}

// The directory that holds a name, made durable: a new name is only then sure to be found after a loss of power.
BOOL sync_directory(const std::string &path) {
    size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail_errno();
    BOOL well = fsync(descriptor) == 0 ? TRUE : fail_errno();
    close(descriptor);
    return well;
}

BOOL copy_contents(const std::string &from, const std::string &to, int flags) {
    int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (source < 0) return errno == ENOENT ? fail(missing(from)) : fail_errno();
    struct stat status;
    int destination = fstat(source, &status) == 0 ? open(to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, status.st_mode & 0777) : -1;
    if (destination < 0) {
        int error = errno;
        close(source);
        return error == ENOENT ? fail(missing(to)) : fail(win32_error(error));
    }
    char buffer[65536];
    BOOL well = TRUE;
    while (well) {
        ssize_t count = read(source, buffer, sizeof(buffer));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) well = fail_errno();
        if (count <= 0) break;
        size_t written;
        well = write_all(destination, buffer, static_cast<size_t>(count), written);
    }
    close(source);
    if (close(destination) != 0 && well) well = fail_errno();
    if (!well) unlink(to.c_str());
    return well;
}

} // namespace

extern "C" {

HANDLE CreateFileW(LPCWSTR path, DWORD access, DWORD, LPSECURITY_ATTRIBUTES, DWORD disposition, DWORD flags, HANDLE) {
    // 1. what is asked of the kernel
    bool writes = (access & (GENERIC_WRITE | GENERIC_ALL | FILE_APPEND_DATA)) != 0;
    bool reads = (access & (GENERIC_READ | GENERIC_ALL)) != 0;
    int mode = (writes ? reads ? O_RDWR : O_WRONLY : O_RDONLY) | O_CLOEXEC;
    if ((access & FILE_APPEND_DATA) != 0 && (access & (GENERIC_WRITE | GENERIC_ALL)) == 0) mode |= O_APPEND;
    if ((flags & FILE_FLAG_WRITE_THROUGH) != 0) mode |= O_SYNC;
    switch (disposition) {
    case CREATE_NEW:
        mode |= O_CREAT | O_EXCL;
        break;
    case CREATE_ALWAYS:
        mode |= O_CREAT | O_TRUNC;
        break;
    case OPEN_EXISTING:
        break;
    case OPEN_ALWAYS:
        mode |= O_CREAT;
        break;
    case TRUNCATE_EXISTING:
        mode |= O_TRUNC;
        break;
    default:
        fail(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    // 2. the name
    std::string file;
    bool existing = disposition == OPEN_EXISTING || disposition == TRUNCATE_EXISTING;
    if (!machine_path(path, existing ? Last::existing : Last::created, file)) return INVALID_HANDLE_VALUE;
    struct stat status;
    bool was_there = !existing && disposition != CREATE_NEW && stat(file.c_str(), &status) == 0;
    // 3. open
    int descriptor = open(file.c_str(), mode, 0666);
    if (descriptor < 0) {
        if (errno == ENOENT)
            fail(missing(file));
        else
            fail_errno();
        return INVALID_HANDLE_VALUE;
    }
    if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(descriptor);
        fail(ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    auto opened = std::make_shared<File>(descriptor);
    if ((flags & FILE_FLAG_DELETE_ON_CLOSE) != 0) opened->delete_on_close = file;
    SetLastError(was_there ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS); // as on Windows, beside success
    return register_object(opened);
}

BOOL ReadFile(HANDLE handle, LPVOID buffer, DWORD bytes, LPDWORD count, LPOVERLAPPED overlapped) {
    if (count != nullptr) *count = 0;
    if (overlapped != nullptr) return fail(ERROR_NOT_SUPPORTED);
    auto file = object_as<File>(handle);
    if (!file) return FALSE;
    ssize_t done;
    do done = read(file->descriptor, buffer, bytes);
    while (done < 0 && errno == EINTR);
    if (done < 0) return fail_errno();
    if (count != nullptr) *count = static_cast<DWORD>(done);
    return TRUE;
}

BOOL WriteFile(HANDLE handle, LPCVOID buffer, DWORD bytes, LPDWORD count, LPOVERLAPPED overlapped) {
    if (count != nullptr) *count = 0;
    if (overlapped != nullptr) return fail(ERROR_NOT_SUPPORTED);
    auto file = object_as<File>(handle);
    if (!file) return FALSE;
    size_t written = 0;
    BOOL well = write_all(file->descriptor, static_cast<const char *>(buffer), bytes, written);
    if (count != nullptr) *count = static_cast<DWORD>(written);
    return well;
}

BOOL FlushFileBuffers(HANDLE handle) {
    auto file = object_as<File>(handle);
    return !file ? FALSE : fsync(file->descriptor) == 0 ? TRUE : fail_errno();
}

BOOL GetFileSizeEx(HANDLE handle, PLARGE_INTEGER size) {
    auto file = object_as<File>(handle);
    struct stat status;
    if (!file) return FALSE;
    if (fstat(file->descriptor, &status) != 0) return fail_errno();
    size->QuadPart = status.st_size;
    return TRUE;
}

DWORD GetFileSize(HANDLE handle, LPDWORD high) {
    LARGE_INTEGER size;
    if (!GetFileSizeEx(handle, &size)) return INVALID_FILE_SIZE;
    if (high != nullptr) *high = static_cast<DWORD>(size.HighPart);
    SetLastError(ERROR_SUCCESS);
    return size.LowPart;
}

BOOL SetFilePointerEx(HANDLE handle, LARGE_INTEGER distance, PLARGE_INTEGER position, DWORD method) {
    auto file = object_as<File>(handle);
    if (!file) return FALSE;
    static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    if (method > FILE_END) return fail(ERROR_INVALID_PARAMETER);
    off_t now = lseek(file->descriptor, distance.QuadPart, whences[method]);
    if (now < 0) return fail(errno == EINVAL ? ERROR_NEGATIVE_SEEK : win32_error(errno));
    if (position != nullptr) position->QuadPart = now;
    return TRUE;
}

DWORD SetFilePointer(HANDLE handle, LONG distance, PLONG high, DWORD method) {
    LARGE_INTEGER by, now;
    by.QuadPart = distance;
    if (high != nullptr) {
        by.LowPart = static_cast<DWORD>(distance);
        by.HighPart = *high;
    }
    if (!SetFilePointerEx(handle, by, &now, method)) return INVALID_SET_FILE_POINTER;
    if (high != nullptr) *high = now.HighPart;
    SetLastError(ERROR_SUCCESS);
    return now.LowPart;
}

BOOL SetEndOfFile(HANDLE handle) {
    auto file = object_as<File>(handle);
    if (!file) return FALSE;
    off_t now = lseek(file->descriptor, 0, SEEK_CUR);
    return now >= 0 && ftruncate(file->descriptor, now) == 0 ? TRUE : fail_errno();
}

BOOL DeleteFileW(LPCWSTR path) {
    std::string file;
    if (!machine_path(path, Last::existing, file)) return FALSE;
    if (unlink(file.c_str()) == 0) return TRUE;
    return errno == ENOENT ? fail(missing(file)) : fail_errno();
}

BOOL MoveFileExW(LPCWSTR existing, LPCWSTR path, DWORD flags) {
    std::string from, to;
    if (!machine_path(existing, Last::existing, from) || !machine_path(path, Last::created, to)) return FALSE;
    bool replace = (flags & MOVEFILE_REPLACE_EXISTING) != 0;
    // renameat2 says in one step what Windows promises: the new name, or nothing where one is there already.
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), replace ? 0 : RENAME_NOREPLACE) != 0) {
        int error = errno;
        if (error == EXDEV && (flags & MOVEFILE_COPY_ALLOWED) != 0) {
            if (!copy_contents(from, to, replace ? O_TRUNC : O_EXCL)) return FALSE;
            if (unlink(from.c_str()) != 0) return fail_errno();
        } else if (error == EEXIST) {
            return fail(ERROR_ALREADY_EXISTS);
        } else if (error == ENOENT) {
            DWORD source = missing(from);
            struct stat status;
            return fail(lstat(from.c_str(), &status) != 0 ? source : ERROR_PATH_NOT_FOUND);
        } else {
            return fail(win32_error(error));
        }
    }
    return (flags & MOVEFILE_WRITE_THROUGH) != 0 ? sync_directory(to) : TRUE;
}

BOOL MoveFileW(LPCWSTR existing, LPCWSTR path) { return MoveFileExW(existing, path, MOVEFILE_COPY_ALLOWED); }

BOOL CopyFileW(LPCWSTR existing, LPCWSTR path, BOOL fail_if_exists) {
    std::string from, to;
    if (!machine_path(existing, Last::existing, from) || !machine_path(path, Last::created, to)) return FALSE;
    return copy_contents(from, to, fail_if_exists ? O_EXCL : O_TRUNC);
}

} // extern "C"
