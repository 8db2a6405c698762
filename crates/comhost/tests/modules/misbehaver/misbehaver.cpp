// A module for the torture of the host: well-behaved but for requests whose common name begins with "bad", where it does
// what its value `Behaviour` says. An exit module that wants every event, and a policy module that issues.

#include <windows.h>
#include <objbase.h>
#include <oleauto.h>
#include <certsrv.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#ifndef _WIN32
#include <unistd.h>
#endif

#include "../class.h"

namespace {

struct State {
    std::string behaviour;
    std::wstring key;
    LONG kept = 0;
    bool read_late = false;
};

template <class Server> Server *server_object(const CLSID &clsid, const IID &iid)
{
    Server *server = nullptr;
    if (FAILED(CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, iid, reinterpret_cast<void **>(&server)))) {
        return nullptr;
    }
    return server;
}

std::string narrow(const wchar_t *text)
{
    std::string result;
    for (; text != nullptr && *text != 0; text++) {
        result += static_cast<char>(*text);
    }
    return result;
}

template <class Server> HRESULT text_property(Server *server, bool of_request, const wchar_t *name, std::wstring &text)
{
    BSTR wanted = SysAllocString(name);
    VARIANT value;
    VariantInit(&value);
    HRESULT hr = of_request ? server->GetRequestProperty(wanted, PROPTYPE_STRING, &value)
                            : server->GetCertificateProperty(wanted, PROPTYPE_STRING, &value);
    SysFreeString(wanted);
    if (SUCCEEDED(hr)) {
        text = value.bstrVal;
    }
    VariantClear(&value);
    return hr;
}

DWORD flag(const State &state, const wchar_t *name, bool set)
{
    HKEY key = nullptr;
    DWORD value = 0, bytes = sizeof value;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, state.key.c_str(), 0, KEY_READ | KEY_WRITE, &key) != ERROR_SUCCESS) {
        return 0;
    }
    if (set) {
        value = 1;
        RegSetValueExW(key, name, 0, REG_DWORD, reinterpret_cast<BYTE *>(&value), sizeof value);
    } else if (RegQueryValueExW(key, name, nullptr, nullptr, reinterpret_cast<BYTE *>(&value), &bytes) != ERROR_SUCCESS) {
        value = 0;
    }
    RegCloseKey(key);
    return value;
}

template <class Server> HRESULT initialize(State &state, const CLSID &clsid, const IID &iid)
{
    Server *server = server_object<Server>(clsid, iid);
    if (server == nullptr) {
        return E_FAIL;
    }
    HRESULT hr = text_property(server, false, L"ModuleRegistryLocation", state.key);
    server->Release();
    HKEY key = nullptr;
    if (SUCCEEDED(hr) && RegOpenKeyExW(HKEY_LOCAL_MACHINE, state.key.c_str(), 0, KEY_READ, &key) == ERROR_SUCCESS) {
        wchar_t text[64] = L"";
        DWORD bytes = sizeof text;
        RegQueryValueExW(key, L"Behaviour", nullptr, nullptr, reinterpret_cast<BYTE *>(text), &bytes);
        state.behaviour = narrow(text);
        RegCloseKey(key);
    }
    if (state.behaviour == "DiesInInitialize") {
        std::abort();
    }
    return hr;
}

void crash()
{
    // Read from where no compiler sees that the store cannot be, and may leave it out.
    volatile uintptr_t nowhere = 16;
    *reinterpret_cast<volatile int *>(nowhere) = 1;
}

void close_everything()
{
#ifdef _WIN32
    CloseHandle(GetStdHandle(STD_OUTPUT_HANDLE));
    CloseHandle(GetStdHandle(STD_INPUT_HANDLE));
#else
    for (int descriptor = 0; descriptor < 256; descriptor++) {
        close(descriptor);
    }
#endif
}

template <class Server> HRESULT misbehave(State &state, Server *server)
{
    const std::string &how = state.behaviour;
    std::wstring text;
    if (how == "NeverAnswers") {
        for (;;) {
            Sleep(1000);
        }
    }
    if (how == "FloodsOutput") {
        for (;;) {
            std::fputs("a line that is no message\n", stdout);
        }
    }
    if (how == "FloodsErrors") {
        for (int line = 0; line < 20000; line++) {
            std::fputs("a line for the log, of which there are many more than anybody reads\n", stderr);
        }
        return S_OK;
    }
    if (how == "AllocatesWithoutEnd") {
        for (;;) {
            void *block = std::malloc(64 << 20);
            std::memset(block, 1, 64 << 20);
        }
    }
    if (how == "ClosesItsPipe") {
        close_everything();
        return S_OK;
    }
    if (how == "DiesInTheCall") {
        crash();
    }
    if (how == "ChangesItsMask") {
        flag(state, L"Died", true);
        crash();
    }
    if (how == "ReturnsHugeStrings") {
        return fail(E_FAIL, std::wstring(1 << 20, L'x').c_str());
    }
    if (how == "CallsBackForEver") {
        for (;;) {
            text_property(server, true, L"Challenge", text);
        }
    }
    return S_OK;
}

template <class Server> HRESULT serve(State &state, const CLSID &clsid, const IID &iid, LONG context)
{
    Server *server = server_object<Server>(clsid, iid);
    if (server == nullptr) {
        return E_FAIL;
    }
    std::wstring name;
    HRESULT hr = server->SetContext(context);
    if (SUCCEEDED(hr) && FAILED(text_property(server, true, L"CommonName", name))) {
        name.clear();
    }
    if (SUCCEEDED(hr) && state.behaviour == "CallsBackLate") {
        std::wstring late;
        if (state.kept != 0 && SUCCEEDED(server->SetContext(state.kept)) &&
            SUCCEEDED(text_property(server, true, L"CommonName", late))) {
            state.read_late = true;
        }
        state.kept = context;
        hr = state.read_late ? E_UNEXPECTED : S_OK;
    } else if (SUCCEEDED(hr) && name.compare(0, 3, L"bad") == 0) {
        hr = misbehave(state, server);
    }
    server->Release();
    return hr;
}

template <class Interface, const IID *iid> class Misbehaver : public Object<Interface, iid> {
public:
    ~Misbehaver() override
    {
        while (state.behaviour == "IgnoresShutdown") {
            Sleep(1000);
        }
    }

    HRESULT STDMETHODCALLTYPE GetDescription(BSTR *description) override
    {
        *description = SysAllocString(L"misbehaves");
        return S_OK;
    }

protected:
    State state;
};

class Exit final : public Misbehaver<ICertExit, &IID_ICertExit> {
public:
    HRESULT STDMETHODCALLTYPE Initialize(const BSTR, LONG *mask) override
    {
        HRESULT hr = initialize<ICertServerExit>(state, CLSID_CCertServerExit, IID_ICertServerExit);
        *mask = state.behaviour == "ChangesItsMask" && flag(state, L"Died", false) != 0 ? 0x1 : 0x27f;
        return hr;
    }

    HRESULT STDMETHODCALLTYPE Notify(LONG event, LONG context) override
    {
        if (event == EXITEVENT_CRLISSUED || event == EXITEVENT_SHUTDOWN) {
            return S_OK;
        }
        return serve<ICertServerExit>(state, CLSID_CCertServerExit, IID_ICertServerExit, context);
    }
};

class Policy final : public Misbehaver<ICertPolicy, &IID_ICertPolicy> {
public:
    HRESULT STDMETHODCALLTYPE Initialize(const BSTR) override
    {
        return initialize<ICertServerPolicy>(state, CLSID_CCertServerPolicy, IID_ICertServerPolicy);
    }

    HRESULT STDMETHODCALLTYPE VerifyRequest(const BSTR, LONG context, LONG, LONG, LONG *disposition) override
    {
        *disposition = VR_INSTANT_OK;
        return serve<ICertServerPolicy>(state, CLSID_CCertServerPolicy, IID_ICertServerPolicy, context);
    }

    HRESULT STDMETHODCALLTYPE ShutDown() override { return S_OK; }
};

const Class classes[] = {
    {{0x2b6a7f40, 0x1d53, 0x4c7a, {0xa1, 0x3e, 0x6d, 0x55, 0x0e, 0x9b, 0x48, 0x01}}, L"Misbehaver.Exit", Factory<Exit>::ask},
    {{0x2b6a7f40, 0x1d53, 0x4c7a, {0xa1, 0x3e, 0x6d, 0x55, 0x0e, 0x9b, 0x48, 0x02}}, L"Misbehaver.Policy", Factory<Policy>::ask},
};

} // namespace

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, LPVOID *object) { return class_object(classes, clsid, iid, object); }

STDAPI DllCanUnloadNow() { return S_FALSE; }

// Its classes are named by the settings.
STDAPI DllRegisterServer() { return S_OK; }

STDAPI DllUnregisterServer() { return S_OK; }
