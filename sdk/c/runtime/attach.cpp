// Where the host takes hold of the module.

#include <dlfcn.h>

#include "runtime.h"

// What the source may have.
extern "C" __attribute__((weak)) BOOL DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

namespace exeunt {

namespace {
const exeunt_host *attached = nullptr;

HINSTANCE instance() {
    Dl_info information;
    if (dladdr(reinterpret_cast<void *>(&exeunt_attach), &information) == 0) return nullptr;
    return reinterpret_cast<HINSTANCE>(information.dli_fbase);
}
} // namespace

const exeunt_host *host() { return attached; }

} // namespace exeunt

extern "C" {

__attribute__((visibility("default"))) int32_t exeunt_attach(const struct exeunt_host *host) {
    if (host == nullptr || host->version != EXEUNT_HOST_VERSION || host->size < sizeof(struct exeunt_host)) return E_NOTIMPL;
    exeunt::attached = host;
    if (DllMain != nullptr && !DllMain(exeunt::instance(), DLL_PROCESS_ATTACH, nullptr)) return E_FAIL;
    return S_OK;
}

__attribute__((visibility("default"))) void exeunt_detach(void) {
    if (DllMain != nullptr) DllMain(exeunt::instance(), DLL_PROCESS_DETACH, nullptr);
}

BOOL DisableThreadLibraryCalls(HMODULE) { return TRUE; } // DllMain is never told of threads

DWORD GetModuleFileNameW(HMODULE module, LPWSTR path, DWORD characters) {
    std::string file = "/proc/self/exe";
    if (module != nullptr) {
        Dl_info information;
        if (dladdr(module, &information) == 0 || information.dli_fname == nullptr) {
            SetLastError(ERROR_MOD_NOT_FOUND);
            return 0;
        }
        file = information.dli_fname;
    }
    std::unique_ptr<char, decltype(&free)> real(realpath(file.c_str(), nullptr), &free);
    std::wstring text = exeunt::windows_path(real ? real.get() : file);
    if (characters == 0) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    if (text.size() >= characters) {
        wmemcpy(path, text.data(), characters - 1);
        path[characters - 1] = 0;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return characters;
    }
    wmemcpy(path, text.c_str(), text.size() + 1);
    return static_cast<DWORD>(text.size());
}

} // extern "C"
