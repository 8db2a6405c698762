// The heaps of Windows are the heap of the C library.

#include "runtime.h"

namespace {

void *allocate(bool zeroed, SIZE_T bytes) {
    void *memory = zeroed ? calloc(1, bytes == 0 ? 1 : bytes) : malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return memory;
}

} // namespace

extern "C" {

HLOCAL LocalAlloc(UINT flags, SIZE_T bytes) { return allocate((flags & LMEM_ZEROINIT) != 0, bytes); }
HLOCAL LocalFree(HLOCAL memory) {
    free(memory);
    return nullptr;
}
HGLOBAL GlobalAlloc(UINT flags, SIZE_T bytes) { return LocalAlloc(flags, bytes); }
HGLOBAL GlobalFree(HGLOBAL memory) { return LocalFree(memory); }

HANDLE GetProcessHeap(void) {
    static char heap;
    return &heap;
}
LPVOID HeapAlloc(HANDLE, DWORD flags, SIZE_T bytes) { return allocate((flags & HEAP_ZERO_MEMORY) != 0, bytes); }
LPVOID HeapReAlloc(HANDLE, DWORD flags, LPVOID memory, SIZE_T bytes) {
    if ((flags & HEAP_ZERO_MEMORY) != 0) { // realloc does not say how large it was, so nothing here could zero the rest
        SetLastError(ERROR_NOT_SUPPORTED);
        return nullptr;
    }
    return realloc(memory, bytes == 0 ? 1 : bytes);
}
BOOL HeapFree(HANDLE, DWORD, LPVOID memory) {
    free(memory);
    return TRUE;
}
PVOID SecureZeroMemory(PVOID memory, SIZE_T bytes) {
    explicit_bzero(memory, bytes);
    return memory;
}

} // extern "C"
