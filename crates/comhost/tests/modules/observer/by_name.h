// Every method of both server objects, called by its name: what it gives, in the words of the journal.

#pragma once

#include <certsrv.h>

#include <string>
#include <vector>

#include "settings.h"
#include "values.h"

namespace observer {

inline VARIANT bytes(const char *octets, UINT count)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_BSTR;
    result.bstrVal = SysAllocStringByteLen(octets, count);
    return result;
}

inline VARIANT date(DATE value)
{
    VARIANT result;
    VariantInit(&result);
    result.vt = VT_DATE;
    result.date = value;
    return result;
}

inline VARIANT nothing()
{
    VARIANT result;
    VariantInit(&result);
    return result;
}

// An object whose members are called by their names.
class ByName {
public:
    ByName(const Settings &settings, IDispatch *object) : settings(settings), object(object) {}

    // The numbers of its members.
    void numbers(const std::vector<const wchar_t *> &members) const
    {
        for (const wchar_t *member : members) {
            DISPID id = DISPID_UNKNOWN;
            HRESULT hr = number_of(member, id);
            settings.write("number " + utf8(member) + " " + hex(static_cast<unsigned long>(SUCCEEDED(hr) ? id : hr)));
        }
    }

    // Calls with arguments in their order, which are used up, and writes down what came of it.
    std::string call(const wchar_t *member, std::vector<VARIANT> arguments = {}, bool binary = false) const
    {
        std::string shown = called(member, arguments, binary);
        settings.write("by name " + utf8(member) + " " + shown);
        for (VARIANT &argument : arguments) {
            VariantClear(&argument);
        }
        return shown;
    }

private:
    const Settings &settings;
    IDispatch *object;

    HRESULT number_of(const wchar_t *member, DISPID &id) const
    {
        LPOLESTR name = const_cast<LPOLESTR>(member);
        return object->GetIDsOfNames(IID_NULL, &name, 1, LOCALE_USER_DEFAULT, &id);
    }

    std::string called(const wchar_t *member, const std::vector<VARIANT> &arguments, bool binary) const
    {
        DISPID id = DISPID_UNKNOWN;
        HRESULT hr = number_of(member, id);
        if (FAILED(hr)) {
            return "unknown " + hex(static_cast<unsigned long>(hr));
        }
        std::vector<VARIANT> reversed(arguments.rbegin(), arguments.rend());
        DISPPARAMS parameters = {reversed.data(), nullptr, static_cast<UINT>(reversed.size()), 0};
        VARIANT result = nothing();
        EXCEPINFO exception = {};
        hr = object->Invoke(id, IID_NULL, LOCALE_USER_DEFAULT, DISPATCH_METHOD, &parameters, &result, &exception, nullptr);
        if (hr == DISP_E_EXCEPTION) {
            // A failure says why.
            std::string shown = "exception " + hex(static_cast<unsigned long>(exception.scode));
            shown += SysStringLen(exception.bstrDescription) == 0 ? " without a text" : "";
            SysFreeString(exception.bstrSource);
            SysFreeString(exception.bstrDescription);
            SysFreeString(exception.bstrHelpFile);
            return shown;
        }
        std::string shown = binary ? show_binary(hr, result) : show(hr, result);
        VariantClear(&result);
        return (hr == S_FALSE ? "false " : "") + shown;
    }
};

// The names that an enumeration gives until it ends. `then` is called for each.
template <class Then>
void enumerate_by_name(const ByName &server, const wchar_t *next, Then then)
{
    const std::string text = "text ";
    for (;;) {
        std::string shown = server.call(next);
        if (shown.compare(0, text.size(), text) != 0) {
            return;
        }
        // The names of the test are ASCII.
        then(std::wstring(shown.begin() + static_cast<std::ptrdiff_t>(text.size()), shown.end()));
    }
}

// Reads through an object of either role that has no context yet.
template <class Then> void read_by_name(const ByName &server, LONG context, Then then)
{
    server.call(L"GetRequestProperty", {text(L"RequestID"), number(PROPTYPE_LONG)});
    server.call(L"GetCertificateProperty", {text(L"CAType"), number(PROPTYPE_LONG)});
    server.call(L"SetContext", {number(9999)});
    server.call(L"SetContext", {text(L"one")});
    server.call(L"SetContext");
    server.call(L"SetContext", {number(context)});
    server.call(L"GetRequestProperty", {text(L"requestid"), number(PROPTYPE_LONG)});
    server.call(L"GetRequestAttribute", {text(L"Cert-File")});
    server.call(L"GetRequestAttribute", {text(L"Nobody")});
    server.call(L"GetCertificateProperty", {text(L"SerialNumber"), number(PROPTYPE_STRING)});
    server.call(L"GetCertificateProperty", {text(L"SerialNumber"), number(7)});
    server.call(L"GetCertificateExtensionFlags");
    server.call(L"EnumerateExtensions");
    server.call(L"EnumerateAttributes");
    server.call(L"EnumerateExtensionsSetup", {number(2)});
    server.call(L"EnumerateExtensionsSetup", {number(0)});
    server.call(L"EnumerateAttributesSetup", {number(0)});
    enumerate_by_name(server, L"EnumerateExtensions", [&](const std::wstring &oid) {
        server.call(L"GetCertificateExtension", {text(oid.c_str()), number(PROPTYPE_BINARY)}, true);
        server.call(L"GetCertificateExtensionFlags");
        then(oid);
    });
    enumerate_by_name(server, L"EnumerateAttributes", [](const std::wstring &) {});
    server.call(L"EnumerateExtensionsClose");
    server.call(L"EnumerateExtensions");
    server.call(L"EnumerateAttributesClose");
    server.call(L"EnumerateAttributes");
    server.call(L"GetCertificateExtension", {text(L"1.9.9"), number(PROPTYPE_BINARY)});
    // A context that is set again forgets what was read.
    server.call(L"SetContext", {number(context)});
    server.call(L"GetCertificateExtensionFlags");
}

// What an exit module reads.
inline void use_exit_by_name(const Settings &settings, IDispatch *server, LONG context)
{
    ByName named(settings, server);
    named.numbers({L"SetContext", L"GetRequestProperty", L"GetRequestAttribute", L"GetCertificateProperty",
                   L"GetCertificateExtension", L"GetCertificateExtensionFlags", L"EnumerateExtensionsSetup",
                   L"EnumerateExtensions", L"EnumerateExtensionsClose", L"EnumerateAttributesSetup", L"EnumerateAttributes",
                   L"EnumerateAttributesClose", L"SetCertificateProperty", L"SetCertificateExtension"});
    read_by_name(named, context, [](const std::wstring &) {});
}

// What a policy module reads and writes.
inline void use_policy_by_name(const Settings &settings, IDispatch *server, LONG context)
{
    ByName named(settings, server);
    named.numbers({L"SetContext", L"GetRequestProperty", L"GetRequestAttribute", L"GetCertificateProperty",
                   L"SetCertificateProperty", L"GetCertificateExtension", L"GetCertificateExtensionFlags",
                   L"SetCertificateExtension", L"EnumerateExtensionsSetup", L"EnumerateExtensions",
                   L"EnumerateExtensionsClose", L"EnumerateAttributesSetup", L"EnumerateAttributes",
                   L"EnumerateAttributesClose"});
    // Before it has a context there is nothing to write to.
    named.call(L"SetCertificateProperty", {text(L"CommonName"), number(PROPTYPE_STRING), text(L"nobody")});
    // Each extension is enabled while they are enumerated.
    read_by_name(named, context, [&](const std::wstring &oid) {
        const char value[] = {5, 0};
        named.call(L"SetCertificateExtension", {text(oid.c_str()), number(PROPTYPE_BINARY), number(0), bytes(value, 2)});
    });
    named.call(L"SetCertificateProperty", {text(L"CommonName"), number(PROPTYPE_STRING), text(L"named.example.org")});
    named.call(L"GetCertificateProperty", {text(L"CommonName"), number(PROPTYPE_STRING)});
    // As scripts pass a variable.
    VARIANT variable = text(L"Example"), reference = nothing();
    reference.vt = VT_VARIANT | VT_BYREF;
    reference.pvarVal = &variable;
    named.call(L"SetCertificateProperty", {text(L"Organization"), number(PROPTYPE_STRING), reference});
    VariantClear(&variable);
    named.call(L"SetCertificateProperty", {text(L"UPN"), number(PROPTYPE_STRING), nothing()});
    named.call(L"SetCertificateProperty", {text(L"CommonName"), number(PROPTYPE_LONG), text(L"x")});
    named.call(L"SetCertificateProperty", {text(L"SerialNumber"), number(PROPTYPE_STRING), text(L"1")});
    named.call(L"SetCertificateProperty", {text(L"CommonName"), number(PROPTYPE_STRING)});

    const char octets[] = {4, 1, 7};
    named.call(L"SetCertificateExtension",
               {text(L"1.2.3.5"), number(PROPTYPE_LONG), number(EXTENSION_CRITICAL_FLAG), number(70000)});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.5"), number(PROPTYPE_LONG)});
    named.call(L"GetCertificateExtensionFlags");
    named.call(L"SetCertificateExtension", {text(L"1.2.3.6"), number(PROPTYPE_BINARY),
                                            number(0x100 | EXTENSION_DISABLE_FLAG), bytes(octets, 3)});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.6"), number(PROPTYPE_BINARY)}, true);
    named.call(L"GetCertificateExtensionFlags");
    named.call(L"SetCertificateExtension", {text(L"1.2.3.7"), number(PROPTYPE_STRING), number(0), text(L"ascii")});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.7"), number(PROPTYPE_STRING)});
    named.call(L"SetCertificateExtension", {text(L"1.2.3.8"), number(PROPTYPE_DATE), number(0), date(45809.5)});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.8"), number(PROPTYPE_DATE)});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.8"), number(PROPTYPE_LONG)});
    const LONG deletes = 4; // EXTENSION_DELETE_FLAG, which older headers lack
    named.call(L"SetCertificateExtension", {text(L"1.2.3.7"), number(PROPTYPE_BINARY), number(deletes), nothing()});
    named.call(L"GetCertificateExtension", {text(L"1.2.3.7"), number(PROPTYPE_STRING)});
    named.call(L"SetCertificateExtension", {text(L"1.2.3.5"), number(7), number(0), number(1)});
    named.call(L"SetCertificateExtension", {text(L"1.2.3.5"), number(PROPTYPE_LONG), number(0)});
}

} // namespace observer
