// An exit module of the first interface that writes down which threads call it, and keeps as many server objects as modules are
// known to.

#pragma once

#include <certsrv.h>

#include <vector>

#include "../class.h"
#include "reading.h"
#include "settings.h"
#include "values.h"

namespace observer {

// Held while it lives.
class Held {
public:
    explicit Held(CRITICAL_SECTION &section) : section(section) { EnterCriticalSection(&section); }
    ~Held() { LeaveCriticalSection(&section); }
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;

private:
    CRITICAL_SECTION &section;
};

class Threads final : public Object<ICertExit, &IID_ICertExit> {
public:
    Threads() : maker(GetCurrentThreadId()) { InitializeCriticalSection(&section); }

    ~Threads() override
    {
        write("dropped");
        for (ICertServerExit *server : idle) {
            server->Release();
        }
        DeleteCriticalSection(&section);
    }

    HRESULT STDMETHODCALLTYPE Initialize(const BSTR, LONG *mask) override
    {
        *mask = 0x27f;
        HRESULT hr = initialize<ICertServerExit>(CLSID_CCertServerExit, IID_ICertServerExit, settings);
        while (SUCCEEDED(hr) && idle.size() < pooled) {
            ICertServerExit *server = nullptr;
            hr = CoCreateInstance(CLSID_CCertServerExit, nullptr, CLSCTX_INPROC_SERVER, IID_ICertServerExit,
                                  reinterpret_cast<void **>(&server));
            if (SUCCEEDED(hr)) {
                idle.push_back(server);
            }
        }
        write("initialized");
        return hr;
    }

    HRESULT STDMETHODCALLTYPE Notify(LONG event, LONG context) override
    {
        if (event == EXITEVENT_CERTREVOKED) {
            use_all(context);
            return S_OK;
        }
        ICertServerExit *server = take();
        if (server == nullptr) {
            return E_OUTOFMEMORY;
        }
        HRESULT hr = server->SetContext(context);
        std::string row = request(server, L"RequestID", PROPTYPE_LONG);
        // Which the server is asked for, and which it answers when the test has seen enough.
        std::string crl = certificate(server, L"RawCRL.0", PROPTYPE_BINARY);
        put_back(server, context);
        write("context " + std::to_string(context) + " " + row + " " + crl);
        return hr;
    }

    HRESULT STDMETHODCALLTYPE GetDescription(BSTR *description) override
    {
        *description = SysAllocString(L"Observer of threads");
        return S_OK;
    }

private:
    static const size_t pooled = 63;
    const DWORD maker;
    CRITICAL_SECTION section;
    Settings settings;
    std::vector<ICertServerExit *> idle;
    LONG last = 0;

    void write(const std::string &line)
    {
        Held held(section);
        settings.write(line + (GetCurrentThreadId() == maker ? " by the maker" : " by another"));
    }

    ICertServerExit *take()
    {
        Held held(section);
        if (idle.empty()) {
            return nullptr;
        }
        ICertServerExit *server = idle.back();
        idle.pop_back();
        return server;
    }

    void put_back(ICertServerExit *server, LONG context)
    {
        Held held(section);
        idle.push_back(server);
        last = context;
    }

    // The whole pool in one context; the context of the call before has ended for all of it.
    void use_all(LONG context)
    {
        size_t refused = 0, read = 0, apart = 0;
        for (ICertServerExit *server : idle) {
            refused += server->SetContext(last) == HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE);
        }
        for (ICertServerExit *server : idle) {
            // Each has its own context: that of one which has none yet is none.
            apart += request(server, L"RequestID", PROPTYPE_LONG) != "long 7";
            read += SUCCEEDED(server->SetContext(context)) && request(server, L"RequestID", PROPTYPE_LONG) == "long 7";
        }
        write("pool " + std::to_string(idle.size()) + " refused " + std::to_string(refused) + " apart " +
              std::to_string(apart) + " read " + std::to_string(read));
    }
};

} // namespace observer
