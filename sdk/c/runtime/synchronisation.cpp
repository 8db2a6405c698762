// Locks, events, mutexes, threads: of this process only.

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <thread>

#include "runtime.h"

using namespace exeunt;

namespace {

struct Critical {
    std::recursive_mutex lock;
};
Critical *critical_of(LPCRITICAL_SECTION section) { return static_cast<Critical *>(section->lock); }

// Waits until ready() holds, at most so long; INFINITE waits for ever.
template <typename Ready>
bool wait_until(std::condition_variable &changed, std::unique_lock<std::mutex> &held, DWORD milliseconds, Ready ready) {
    if (milliseconds == INFINITE) {
        changed.wait(held, ready);
        return true;
    }
    return changed.wait_for(held, std::chrono::milliseconds(milliseconds), ready);
}

struct Event : Object {
    std::mutex lock;
    std::condition_variable changed;
    bool manual = false, set = false;
    DWORD wait(DWORD milliseconds) override {
        std::unique_lock<std::mutex> held(lock);
        if (!wait_until(changed, held, milliseconds, [&] { return set; })) return WAIT_TIMEOUT;
        if (!manual) set = false; // one waiter takes it
        return WAIT_OBJECT_0;
    }
};

struct Mutex : Object {
    std::mutex lock;
    std::condition_variable changed;
    std::thread::id owner;
    unsigned depth = 0;
    DWORD wait(DWORD milliseconds) override {
        std::unique_lock<std::mutex> held(lock);
        auto self = std::this_thread::get_id();
        if (!wait_until(changed, held, milliseconds, [&] { return depth == 0 || owner == self; })) return WAIT_TIMEOUT;
        owner = self;
        ++depth;
        return WAIT_OBJECT_0;
    }
};

struct Thread : Object {
    std::mutex lock;
    std::condition_variable changed;
    bool ended = false;
    DWORD code = STILL_ACTIVE;
    DWORD wait(DWORD milliseconds) override {
        std::unique_lock<std::mutex> held(lock);
        return wait_until(changed, held, milliseconds, [&] { return ended; }) ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
    }
};

// A reader-writer lock in 32 bits, as SRWLOCK_INIT wants it: bit 31 is the writer's, the rest counts readers.
constexpr uint32_t writer = 0x80000000u;

} // namespace

extern "C" {

void InitializeCriticalSection(LPCRITICAL_SECTION section) { section->lock = new Critical; }
BOOL InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION section, DWORD) {
    section->lock = new (std::nothrow) Critical;
    return section->lock != nullptr ? TRUE : fail(ERROR_NOT_ENOUGH_MEMORY);
}
BOOL InitializeCriticalSectionEx(LPCRITICAL_SECTION section, DWORD spins, DWORD) {
    return InitializeCriticalSectionAndSpinCount(section, spins);
}
void EnterCriticalSection(LPCRITICAL_SECTION section) { critical_of(section)->lock.lock(); }
BOOL TryEnterCriticalSection(LPCRITICAL_SECTION section) { return critical_of(section)->lock.try_lock(); }
void LeaveCriticalSection(LPCRITICAL_SECTION section) { critical_of(section)->lock.unlock(); }
void DeleteCriticalSection(LPCRITICAL_SECTION section) {
    delete critical_of(section);
    section->lock = nullptr;
}

void InitializeSRWLock(PSRWLOCK lock) { lock->state = 0; }
void AcquireSRWLockExclusive(PSRWLOCK lock) {
    for (uint32_t free = 0; !__atomic_compare_exchange_n(&lock->state, &free, writer, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED); free = 0)
        std::this_thread::yield();
}
void ReleaseSRWLockExclusive(PSRWLOCK lock) { __atomic_store_n(&lock->state, 0u, __ATOMIC_RELEASE); }
void AcquireSRWLockShared(PSRWLOCK lock) {
    for (;;) {
        uint32_t seen = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
        if ((seen & writer) == 0 && __atomic_compare_exchange_n(&lock->state, &seen, seen + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
        std::this_thread::yield();
    }
}
void ReleaseSRWLockShared(PSRWLOCK lock) { __atomic_sub_fetch(&lock->state, 1u, __ATOMIC_RELEASE); }

HANDLE CreateEventW(LPSECURITY_ATTRIBUTES, BOOL manual_reset, BOOL initial_state, LPCWSTR name) {
    if (name != nullptr) {
        fail(ERROR_NOT_SUPPORTED);
        return nullptr;
    }
    auto event = std::make_shared<Event>();
    event->manual = manual_reset != FALSE;
    event->set = initial_state != FALSE;
    return register_object(event);
}
BOOL SetEvent(HANDLE handle) {
    auto event = object_as<Event>(handle);
    if (!event) return FALSE;
    std::lock_guard<std::mutex> held(event->lock);
    event->set = true;
    event->changed.notify_all();
    return TRUE;
}
BOOL ResetEvent(HANDLE handle) {
    auto event = object_as<Event>(handle);
    if (!event) return FALSE;
    std::lock_guard<std::mutex> held(event->lock);
    event->set = false;
    return TRUE;
}

HANDLE CreateMutexW(LPSECURITY_ATTRIBUTES, BOOL initial_owner, LPCWSTR name) {
    if (name != nullptr) {
        fail(ERROR_NOT_SUPPORTED);
        return nullptr;
    }
    auto mutex = std::make_shared<Mutex>();
    if (initial_owner) mutex->wait(0);
    return register_object(mutex);
}
BOOL ReleaseMutex(HANDLE handle) {
    auto mutex = object_as<Mutex>(handle);
    if (!mutex) return FALSE;
    std::lock_guard<std::mutex> held(mutex->lock);
    if (mutex->depth == 0 || mutex->owner != std::this_thread::get_id()) return fail(ERROR_NOT_OWNER);
    if (--mutex->depth == 0) mutex->changed.notify_all();
    return TRUE;
}

HANDLE CreateThread(LPSECURITY_ATTRIBUTES, SIZE_T, LPTHREAD_START_ROUTINE start, LPVOID parameter, DWORD flags, LPDWORD id) {
    if (start == nullptr || flags != 0) {
        fail(start == nullptr ? ERROR_INVALID_PARAMETER : ERROR_NOT_SUPPORTED);
        return nullptr;
    }
    auto thread = std::make_shared<Thread>();
    auto started = std::make_shared<Event>();
    auto number = std::make_shared<DWORD>(0);
    try {
        std::thread([=] {
            *number = GetCurrentThreadId();
            {
                std::lock_guard<std::mutex> held(started->lock);
                started->set = true;
                started->changed.notify_all();
            }
            DWORD code = start(parameter);
            std::lock_guard<std::mutex> held(thread->lock);
            thread->code = code;
            thread->ended = true;
            thread->changed.notify_all();
        }).detach();
    } catch (const std::system_error &) {
        fail(ERROR_NOT_ENOUGH_MEMORY);
        return nullptr;
    }
    started->wait(INFINITE);
    if (id != nullptr) *id = *number;
    return register_object(thread);
}
BOOL GetExitCodeThread(HANDLE handle, LPDWORD code) {
    auto thread = object_as<Thread>(handle);
    if (!thread) return FALSE;
    std::lock_guard<std::mutex> held(thread->lock);
    *code = thread->code;
    return TRUE;
}

DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds) {
    auto object = object_of(handle);
    if (object) return object->wait(milliseconds);
    SetLastError(ERROR_INVALID_HANDLE);
    return WAIT_FAILED;
}

void Sleep(DWORD milliseconds) {
    timespec left = {static_cast<time_t>(milliseconds / 1000), static_cast<long>(milliseconds % 1000) * 1000000};
    if (milliseconds == 0) std::this_thread::yield();
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
DWORD GetCurrentThreadId(void) { return static_cast<DWORD>(syscall(SYS_gettid)); }
DWORD GetCurrentProcessId(void) { return static_cast<DWORD>(getpid()); }

} // extern "C"
