// Modules that have no tables: they are called by name, with numbers of their own, as those that scripts and Visual Basic make.

#pragma once

#include <certsrv.h>

#include <certenc.h>

#include <vector>

#include "../class.h"
#include "by_name.h"
#include "config.h"
#include "exit.h"
#include "settings.h"
#include "values.h"

namespace observer {

inline VARIANT of_object(IDispatch *value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_DISPATCH;
    result.pdispVal = value;
    return result;
}

// A server object as IDispatch, used and given back.
template <class Use> HRESULT with_server(const CLSID &clsid, Use use)
{
    IDispatch *server = nullptr;
    HRESULT hr = CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, IID_IDispatch, reinterpret_cast<void **>(&server));
    if (SUCCEEDED(hr)) {
        use(server);
        server->Release();
    }
    return hr;
}

// The members are numbered from 70 on; arguments come in their order.
class Scripted : public Object<IDispatch> {
public:
    explicit Scripted(std::vector<const char *> members) : members(members) {}

    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR *names, UINT, LCID, DISPID *ids) override
    {
        std::string wanted = utf8(names[0]);
        for (size_t place = 0; place < members.size(); place++) {
            if (wanted == members[place]) {
                ids[0] = first + static_cast<DISPID>(place);
                return S_OK;
            }
        }
        ids[0] = DISPID_UNKNOWN;
        return DISP_E_UNKNOWNNAME;
    }

    HRESULT STDMETHODCALLTYPE Invoke(DISPID id, REFIID, LCID, WORD, DISPPARAMS *parameters, VARIANT *result,
                                     EXCEPINFO *exception, UINT *) override
    {
        if (id < first || static_cast<size_t>(id - first) >= members.size()) {
            return DISP_E_MEMBERNOTFOUND;
        }
        std::vector<VARIANT> arguments(parameters->rgvarg, parameters->rgvarg + parameters->cArgs);
        HRESULT hr = call(members[static_cast<size_t>(id - first)], {arguments.rbegin(), arguments.rend()}, *result);
        if (FAILED(hr) && exception != nullptr && hr != DISP_E_BADPARAMCOUNT) {
            exception->scode = hr;
            exception->bstrDescription = SysAllocString(L"told by exception");
            return DISP_E_EXCEPTION;
        }
        return hr;
    }

protected:
    virtual HRESULT call(const std::string &member, const std::vector<VARIANT> &arguments, VARIANT &result) = 0;

private:
    static const DISPID first = 70;
    const std::vector<const char *> members;
};

class ScriptedManage final : public Scripted {
public:
    ScriptedManage() : Scripted({"Configure", "GetProperty"}) {}

private:
    HRESULT call(const std::string &member, const std::vector<VARIANT> &arguments, VARIANT &result) override
    {
        if (member != "GetProperty" || arguments.size() != 4) {
            return DISP_E_BADPARAMCOUNT;
        }
        std::string asked = utf8(arguments[2].bstrVal);
        if (asked == "Description") {
            std::wstring where = std::wstring(arguments[0].bstrVal) + L" " + arguments[1].bstrVal;
            result = text(where.c_str());
        } else if (asked == "Name" && arguments[3].vt == VT_I4) {
            result = text(L"Observer by name");
        } else {
            return S_FALSE;
        }
        return S_OK;
    }
};

class ScriptedExit final : public Scripted {
public:
    ScriptedExit() : Scripted({"Notify", "Initialize", "GetDescription", "GetManageModule"}) {}

private:
    Settings settings;

    HRESULT call(const std::string &member, const std::vector<VARIANT> &arguments, VARIANT &result) override
    {
        if (member == "Notify" && arguments.size() == 2) {
            HRESULT hr = with_server(CLSID_CCertServerExit, [&](IDispatch *server) {
                use_exit_by_name(settings, server, arguments[1].lVal);
            });
            return FAILED(hr) ? hr : observe_event(settings, arguments[0].lVal, arguments[1].lVal);
        }
        if (member == "Initialize" && arguments.size() == 1) {
            HRESULT hr = initialize<ICertServerExit>(CLSID_CCertServerExit, IID_ICertServerExit, settings);
            settings.write("late initialize " + utf8(arguments[0].bstrVal));
            result = number(0x21);
            return hr;
        }
        if (member == "GetDescription" && arguments.empty()) {
            result = text(L"Observer by name");
            return S_OK;
        }
        if (member == "GetManageModule" && arguments.empty()) {
            // One that has a table.
            result = of_object(new Manage());
            return S_OK;
        }
        return DISP_E_BADPARAMCOUNT;
    }
};

class ScriptedPolicy final : public Scripted {
public:
    ScriptedPolicy() : Scripted({"Initialize", "ShutDown", "VerifyRequest", "GetDescription", "GetManageModule"}) {}

private:
    Settings settings;

    HRESULT call(const std::string &member, const std::vector<VARIANT> &arguments, VARIANT &result) override
    {
        if (member == "Initialize" && arguments.size() == 1) {
            HRESULT hr = initialize<ICertServerPolicy>(CLSID_CCertServerPolicy, IID_ICertServerPolicy, settings);
            settings.write("late initialize " + utf8(arguments[0].bstrVal));
            look_for_publication_folder(settings);
            return hr;
        }
        if (member == "VerifyRequest" && arguments.size() == 4) {
            return verify(arguments, result);
        }
        if (member == "GetDescription" && arguments.empty()) {
            result = text(L"Observer of requests by name");
            return S_OK;
        }
        if (member == "GetManageModule" && arguments.empty()) {
            result = of_object(new ScriptedManage());
            return S_OK;
        }
        if (member == "ShutDown" && arguments.empty()) {
            settings.write("late shut down");
            return S_OK;
        }
        return DISP_E_BADPARAMCOUNT;
    }

    HRESULT verify(const std::vector<VARIANT> &arguments, VARIANT &result)
    {
        std::string types;
        for (const VARIANT &argument : arguments) {
            types += " " + std::to_string(argument.vt);
        }
        if (settings.behaviour == "meet") {
            result = number(VR_INSTANT_OK);
            return meet(arguments[1].lVal);
        }
        settings.write("late verify " + utf8(arguments[0].bstrVal) + " new " + std::to_string(arguments[2].lVal) + " flags " +
                       std::to_string(arguments[3].lVal) + " types" + types);
        if (arguments[2].lVal == 0) {
            // Again: chained to the default module, by its names.
            return chain(arguments, result);
        }
        HRESULT hr = with_server(CLSID_CCertServerPolicy, [&](IDispatch *server) {
            use_policy_by_name(settings, server, arguments[1].lVal);
        });
        use_config(settings);
        with_server(CLSID_CCertEncodeAltName, [&](IDispatch *names) {
            ByName(settings, names).numbers({L"Decode", L"Encode", L"DecodeBlob", L"SetNameEntryBlob"});
        });
        result = number(settings.behaviour == "deny" ? static_cast<LONG>(0x80094012) : VR_PENDING);
        return settings.behaviour == "fail" ? HRESULT_FROM_WIN32(ERROR_FILE_EXISTS) : hr;
    }

    // Reads what the server answers when the test has seen enough, and writes which request it read before.
    static HRESULT meet(LONG context)
    {
        ICertServerPolicy *server = nullptr;
        HRESULT hr = CoCreateInstance(CLSID_CCertServerPolicy, nullptr, CLSCTX_INPROC_SERVER, IID_ICertServerPolicy,
                                      reinterpret_cast<void **>(&server));
        if (FAILED(hr)) {
            return hr;
        }
        hr = server->SetContext(context);
        std::string row = request(server, L"RequestID", PROPTYPE_LONG) + " " + certificate(server, L"RawCRL.0", PROPTYPE_BINARY);
        VARIANT seen = text(std::wstring(row.begin(), row.end()).c_str());
        BSTR name = SysAllocString(L"CommonName");
        if (SUCCEEDED(hr)) {
            hr = server->SetCertificateProperty(name, PROPTYPE_STRING, &seen);
        }
        SysFreeString(name);
        VariantClear(&seen);
        server->Release();
        return hr;
    }

    HRESULT chain(const std::vector<VARIANT> &arguments, VARIANT &result)
    {
        CLSID clsid;
        HRESULT hr = CLSIDFromProgID(L"CertificateAuthority_MicrosoftDefault.Policy", &clsid);
        if (FAILED(hr)) {
            return hr;
        }
        return with_server(clsid, [&](IDispatch *chained) {
            ByName named(settings, chained);
            named.numbers({L"Initialize", L"VerifyRequest", L"GetDescription", L"ShutDown", L"GetManageModule"});
            named.call(L"Initialize", {text(arguments[0].bstrVal)});
            named.call(L"GetDescription");
            named.call(L"GetManageModule");
            named.call(L"GetManageModule", {number(0)});
            std::string said = named.call(L"VerifyRequest", {text(arguments[0].bstrVal), number(arguments[1].lVal),
                                                             number(0), number(0)});
            result = number(said == "long 1" ? VR_INSTANT_OK : VR_INSTANT_BAD);
            named.call(L"ShutDown");
        });
    }
};

} // namespace observer
