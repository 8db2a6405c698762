// An exit and a policy module that do what requests' attributes say and answer what they saw: the conformance suite compares
// them with modules of every other kind.
//
// Compiles as it stands for Windows and, with sdk/c, for Linux.

#include "../class.h"
#include "commands.h"

#ifndef EXITEVENT_CERTIMPORTED
#define EXITEVENT_CERTIMPORTED 0x200
#endif

namespace interpreter {
namespace {

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

HRESULT fail(HRESULT code, const std::string &text) { return ::fail(code, Text(text)); }

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

// What both modules answer.
template <class Interface, const IID *first, const IID *second> class Described : public Object<Interface, first, second> {
public:
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
};

class Exit final : public Described<ICertExit2, &IID_ICertExit, &IID_ICertExit2> {
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

class Policy final : public Described<ICertPolicy2, &IID_ICertPolicy, &IID_ICertPolicy2> {
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

const Class classes[] = {
    {{0x0a8f1e62, 0x5c47, 0x4d0b, {0x93, 0xd1, 0x27, 0x6e, 0xb4, 0x58, 0x1c, 0x01}}, L"Interpreter.Exit", Factory<Exit>::ask},
    {{0x0a8f1e62, 0x5c47, 0x4d0b, {0x93, 0xd1, 0x27, 0x6e, 0xb4, 0x58, 0x1c, 0x02}}, L"Interpreter.Policy", Factory<Policy>::ask},
};

} // namespace
} // namespace interpreter

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, LPVOID *object)
{
    return class_object(interpreter::classes, clsid, iid, object);
}

STDAPI DllCanUnloadNow() { return S_FALSE; }

STDAPI DllRegisterServer() { return register_classes(interpreter::classes); }

STDAPI DllUnregisterServer() { return S_OK; }
