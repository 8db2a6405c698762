// An exit and a policy module that do what requests' attributes say and answer what they saw: the conformance suite compares
// them with modules of every other kind.
//
// Compiles as it stands for Windows and, with sdk/c, for Linux.

#include "commands.h"

#ifndef EXITEVENT_CERTIMPORTED
#define EXITEVENT_CERTIMPORTED 0x200
#endif

namespace interpreter {
namespace {

const CLSID CLSID_InterpreterExit = {0x0a8f1e62, 0x5c47, 0x4d0b, {0x93, 0xd1, 0x27, 0x6e, 0xb4, 0x58, 0x1c, 0x01}};
const CLSID CLSID_InterpreterPolicy = {0x0a8f1e62, 0x5c47, 0x4d0b, {0x93, 0xd1, 0x27, 0x6e, 0xb4, 0x58, 0x1c, 0x02}};

struct Entry {
    const wchar_t *key;
    const wchar_t *clsid;
};
const Entry entries[] = {
    {L"Interpreter.Exit\\CLSID", L"{0A8F1E62-5C47-4D0B-93D1-276EB4581C01}"},
    {L"Interpreter.Policy\\CLSID", L"{0A8F1E62-5C47-4D0B-93D1-276EB4581C02}"},
};

// What is done at CRLs and imports, which carry no attributes.
const char fixed[] = "event;request RequestID long;request Disposition long;certificate RawCertificate binary;"
                     "certificate SerialNumber string;certificate CAType long;certificate CRLState long;"
                     "certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;"
                     "certificate RawDeltaCRL binary;attribute Do;attributes;extensions";

const char *event_name(LONG event)
{
    switch (event) {
    case EXITEVENT_CERTISSUED: return "cert-issued";
    case EXITEVENT_CERTPENDING: return "cert-pending";
    case EXITEVENT_CERTDENIED: return "cert-denied";
    case EXITEVENT_CERTREVOKED: return "cert-revoked";
    case EXITEVENT_CERTRETRIEVEPENDING: return "cert-retrieve-pending";
    case EXITEVENT_CRLISSUED: return "crl-issued";
    case EXITEVENT_SHUTDOWN: return "shutdown";
    case EXITEVENT_CERTIMPORTED: return "cert-imported";
    default: return "unknown";
    }
}

// Fails with a text: it is left as error information.
HRESULT fail(HRESULT code, const std::string &text)
{
    ICreateErrorInfo *create = nullptr;
    IErrorInfo *info = nullptr;
    if (SUCCEEDED(CreateErrorInfo(&create))) {
        create->SetDescription(Text(text));
        if (SUCCEEDED(create->QueryInterface(IID_IErrorInfo, reinterpret_cast<void **>(&info)))) {
            SetErrorInfo(0, info);
            info->Release();
        }
        create->Release();
    }
    return code;
}

// A server object in a context; released with it.
template <class Server> class Opened {
public:
    Opened(const CLSID &clsid, const IID &iid, LONG context)
    {
        status = CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, iid, reinterpret_cast<void **>(&server));
        if (SUCCEEDED(status)) {
            status = server->SetContext(context);
        }
    }
    ~Opened()
    {
        if (server != nullptr) {
            server->Release();
        }
    }
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;

    Server *server = nullptr;
    HRESULT status;
};

// What all objects share: counted references, and an IDispatch that knows nothing.
template <class Interface, const IID *first, const IID *second> class Object : public Interface {
public:
    virtual ~Object() = default;

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        bool known = iid == IID_IUnknown || iid == IID_IDispatch || iid == *first || iid == *second;
        *object = known ? this : nullptr;
        if (known) {
            AddRef();
        }
        return known ? S_OK : E_NOINTERFACE;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }
    ULONG STDMETHODCALLTYPE Release() override
    {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) {
            delete this;
        }
        return static_cast<ULONG>(left);
    }
    HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT *count) override
    {
        *count = 0;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo **) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR *, UINT, LCID, DISPID *) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS *, VARIANT *, EXCEPINFO *, UINT *) override
    {
        return E_NOTIMPL;
    }

    HRESULT STDMETHODCALLTYPE GetDescription(BSTR *description) override
    {
        *description = bstr("interpreter");
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE GetManageModule(ICertManageModule **manage) override
    {
        *manage = nullptr;
        return E_NOTIMPL;
    }

private:
    LONG references = 1;
};

class Exit final : public Object<ICertExit2, &IID_ICertExit, &IID_ICertExit2> {
public:
    HRESULT STDMETHODCALLTYPE Initialize(const BSTR, LONG *mask) override
    {
        *mask = 0x27f;
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE Notify(LONG event, LONG context) override
    {
        Opened<ICertServerExit> open(CLSID_CCertServerExit, IID_ICertServerExit, context);
        if (FAILED(open.status)) {
            return open.status;
        }
        std::string text;
        if (FAILED(attribute(open.server, "Do", text))) {
            if (event != EXITEVENT_CRLISSUED && event != EXITEVENT_CERTIMPORTED) {
                return S_OK;
            }
            text = fixed;
        }
        Cut verb = Cut::first(text), failure = Cut::first(verb.tail);
        if (verb.head == "fail") {
            return fail(code(failure.head), failure.tail);
        }
        std::vector<std::string> results;
        for (const std::string &command : commands(text)) {
            std::string result;
            HRESULT hr = command == "event" ? happened(open.server, event, result) : carry_out(open.server, command, result);
            results.push_back(told(hr, result));
        }
        return fail(E_ABORT, joined(results, " / "));
    }

private:
    static HRESULT happened(ICertServerExit *server, LONG event, std::string &result)
    {
        std::string number, attempt, request;
        HRESULT hr = certificate_property(server, "Exeunt.EventID", "string", number);
        if (SUCCEEDED(hr)) {
            hr = certificate_property(server, "Exeunt.EventAttempt", "long", attempt);
        }
        if (SUCCEEDED(hr) && FAILED(request_property(server, "RequestID", "long", request))) {
            request = "-";
        }
        result = std::string(event_name(event)) + " " + number + " " + attempt + " " + request;
        return hr;
    }
};

class Policy final : public Object<ICertPolicy2, &IID_ICertPolicy, &IID_ICertPolicy2> {
public:
    HRESULT STDMETHODCALLTYPE Initialize(const BSTR) override { return S_OK; }

    HRESULT STDMETHODCALLTYPE VerifyRequest(const BSTR, LONG context, LONG is_new, LONG, LONG *disposition) override
    {
        Opened<ICertServerPolicy> open(CLSID_CCertServerPolicy, IID_ICertServerPolicy, context);
        if (FAILED(open.status)) {
            return open.status;
        }
        std::string text;
        *disposition = VR_INSTANT_OK;
        if (FAILED(attribute(open.server, "Decide", text))) {
            return S_OK;
        }
        std::vector<std::string> results;
        for (const std::string &command : commands(text)) {
            Cut verb = Cut::first(command);
            if (verb.head == "issue") {
                return S_OK;
            }
            if (verb.head == "fail") {
                return fail(code(verb.tail), joined(results, " / "));
            }
            if (verb.head == "pend" || verb.head == "deny") {
                HRESULT denial = verb.head == "deny" ? code(verb.tail) : S_OK;
                *disposition = verb.head == "pend" ? VR_PENDING : FAILED(denial) ? denial : VR_INSTANT_BAD;
                return set(open.server, "Exeunt.DispositionMessage", "string", joined(results, " / "));
            }
            std::string result = is_new ? "true" : "false";
            HRESULT hr = verb.head == "new" ? S_OK : amend(open.server, command, result);
            results.push_back(told(hr, result));
        }
        return fail(E_INVALIDARG, "the commands end without a decision");
    }

    HRESULT STDMETHODCALLTYPE ShutDown() override { return S_OK; }
};

template <class Made> class Factory final : public IClassFactory {
public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void **object) override
    {
        bool known = iid == IID_IUnknown || iid == IID_IClassFactory;
        *object = known ? this : nullptr;
        return known ? S_OK : E_NOINTERFACE;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
    ULONG STDMETHODCALLTYPE Release() override { return 1; }
    HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown *outer, REFIID iid, void **object) override
    {
        *object = nullptr;
        if (outer != nullptr) {
            return CLASS_E_NOAGGREGATION;
        }
        Made *made = new Made();
        HRESULT hr = made->QueryInterface(iid, object);
        made->Release();
        return hr;
    }
    HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

template <class Made> HRESULT factory(REFIID iid, void **object)
{
    static Factory<Made> made;
    return made.QueryInterface(iid, object);
}

} // namespace
} // namespace interpreter

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, LPVOID *object)
{
    *object = nullptr;
    return clsid == interpreter::CLSID_InterpreterExit ? interpreter::factory<interpreter::Exit>(iid, object)
         : clsid == interpreter::CLSID_InterpreterPolicy ? interpreter::factory<interpreter::Policy>(iid, object)
         : CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return S_FALSE; }

STDAPI DllRegisterServer()
{
    for (const interpreter::Entry &entry : interpreter::entries) {
        HKEY key = nullptr;
        LONG error = RegCreateKeyExW(HKEY_CLASSES_ROOT, entry.key, 0, nullptr, 0, KEY_WRITE, nullptr, &key, nullptr);
        if (error == ERROR_SUCCESS) {
            error = RegSetValueExW(key, nullptr, 0, REG_SZ, reinterpret_cast<const BYTE *>(entry.clsid), 39 * sizeof(wchar_t));
            RegCloseKey(key);
        }
        if (error != ERROR_SUCCESS) {
            return HRESULT_FROM_WIN32(error);
        }
    }
    return S_OK;
}

STDAPI DllUnregisterServer() { return S_OK; }
