// What stands behind a HANDLE: a table from numbers to objects.

#include <mutex>
#include <unordered_map>

#include "runtime.h"

namespace exeunt {

namespace {

struct Table {
    std::mutex lock;
    std::unordered_map<uintptr_t, std::shared_ptr<Object>> objects;
    uintptr_t next = 0x100;
};

// Never destroyed: a thread of the module may still use a handle while the process ends.
Table &table() {
    static Table *const one = new Table;
    return *one;
}

} // namespace

DWORD Object::wait(DWORD) {
    SetLastError(ERROR_INVALID_HANDLE);
    return WAIT_FAILED;
}

HANDLE register_object(std::shared_ptr<Object> object) {
    std::lock_guard<std::mutex> held(table().lock);
    uintptr_t number = table().next;
    table().next += 4;
    table().objects.emplace(number, std::move(object));
    return reinterpret_cast<HANDLE>(number);
}

std::shared_ptr<Object> object_of(HANDLE handle) {
    std::lock_guard<std::mutex> held(table().lock);
    auto found = table().objects.find(reinterpret_cast<uintptr_t>(handle));
    return found == table().objects.end() ? nullptr : found->second;
}

bool forget_object(HANDLE handle) {
    std::shared_ptr<Object> last; // destroyed after the lock is released
    std::lock_guard<std::mutex> held(table().lock);
    auto found = table().objects.find(reinterpret_cast<uintptr_t>(handle));
    if (found == table().objects.end()) return false;
    last = std::move(found->second);
    table().objects.erase(found);
    return true;
}

} // namespace exeunt

extern "C" BOOL CloseHandle(HANDLE handle) { return exeunt::forget_object(handle) ? TRUE : exeunt::fail(ERROR_INVALID_HANDLE); }
