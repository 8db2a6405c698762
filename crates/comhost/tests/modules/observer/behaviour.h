// What the module does where it is told to misbehave.

#pragma once

#include <windows.h>

#include <cstdlib>
#include <stdexcept>

#include "../class.h"
#include "settings.h"

namespace observer {

inline int deeper(volatile int depth)
{
    volatile char room[4096];
    room[0] = static_cast<char>(depth);
    return deeper(depth + 1) + room[0];
}

inline HRESULT behave(const Settings &settings)
{
    const std::string &behaviour = settings.behaviour;
    if (behaviour == "crash") {
        volatile int *nowhere = nullptr;
        *nowhere = 1;
    } else if (behaviour == "hang") {
        for (;;) {
            Sleep(1000);
        }
    } else if (behaviour == "exit") {
        std::exit(7);
    } else if (behaviour == "throw") {
        throw std::runtime_error("thrown in the module");
    } else if (behaviour == "overflow") {
        return deeper(0);
    } else if (behaviour == "abort") {
        std::abort();
    } else if (behaviour == "fail") {
        return fail(HRESULT_FROM_WIN32(ERROR_FILE_EXISTS), L"the disk is full of Gr\u00fc\u00dfe");
    }
    return S_OK;
}

} // namespace observer
