// The commands that a request's attributes hold, carried out by the methods of the contract.

#pragma once

#include "values.h"

#include <vector>

namespace interpreter {

#ifndef EXTENSION_DELETE_FLAG
const LONG EXTENSION_DELETE_FLAG = 4;
#endif

// A text in two at a space.
struct Cut {
    std::string head, tail;

    static Cut first(const std::string &text) { return at(text, text.find(' ')); }
    static Cut last(const std::string &text) { return at(text, text.rfind(' ')); }

private:
    static Cut at(const std::string &text, size_t place)
    {
        return place == std::string::npos ? Cut{text, ""} : Cut{text.substr(0, place), text.substr(place + 1)};
    }
};

inline std::vector<std::string> commands(const std::string &text)
{
    std::vector<std::string> found;
    for (size_t start = 0;;) {
        size_t end = text.find(';', start);
        found.push_back(text.substr(start, end - start));
        if (end == std::string::npos) {
            return found;
        }
        start = end + 1;
    }
}

inline std::string joined(const std::vector<std::string> &results, const char *between)
{
    std::string text;
    for (size_t place = 0; place < results.size(); place++) {
        text += (place == 0 ? "" : between) + results[place];
    }
    return text;
}

template <class Server> HRESULT attribute(Server *server, const std::string &name, std::string &result)
{
    Text value;
    HRESULT hr = server->GetRequestAttribute(Text(name), &value);
    result = value.utf8();
    return hr;
}

template <class Server>
HRESULT certificate_property(Server *server, const std::string &name, const std::string &type, std::string &result)
{
    Value value;
    HRESULT hr = server->GetCertificateProperty(Text(name), property_type(type), &value);
    return FAILED(hr) ? hr : shown(value, property_type(type), result);
}

template <class Server>
HRESULT request_property(Server *server, const std::string &name, const std::string &type, std::string &result)
{
    Value value;
    HRESULT hr = server->GetRequestProperty(Text(name), property_type(type), &value);
    return FAILED(hr) ? hr : shown(value, property_type(type), result);
}

template <class Server> HRESULT extension(Server *server, const std::string &oid, std::string &result)
{
    Value value;
    LONG flags = 0;
    std::string bytes;
    HRESULT hr = server->GetCertificateExtension(Text(oid), PROPTYPE_BINARY, &value);
    if (SUCCEEDED(hr)) {
        hr = server->GetCertificateExtensionFlags(&flags);
    }
    if (SUCCEEDED(hr)) {
        hr = shown(value, PROPTYPE_BINARY, bytes);
    }
    result = std::to_string(static_cast<unsigned long>(flags)) + " " + bytes;
    return hr;
}

// What an enumeration gives, from one of its methods until S_FALSE.
template <class Server>
HRESULT listed(Server *server, HRESULT (STDMETHODCALLTYPE Server::*next)(BSTR *), std::string &result)
{
    std::vector<std::string> names;
    for (;;) {
        Text name;
        HRESULT hr = (server->*next)(&name);
        if (hr != S_OK) {
            result = joined(names, ",");
            return FAILED(hr) ? hr : S_OK;
        }
        names.push_back(name.utf8());
    }
}

template <class Server> HRESULT extensions(Server *server, std::string &result)
{
    HRESULT hr = server->EnumerateExtensionsSetup(0);
    if (SUCCEEDED(hr)) {
        hr = listed(server, &Server::EnumerateExtensions, result);
        server->EnumerateExtensionsClose();
    }
    return hr;
}

template <class Server> HRESULT attributes(Server *server, std::string &result)
{
    HRESULT hr = server->EnumerateAttributesSetup(0);
    if (SUCCEEDED(hr)) {
        hr = listed(server, &Server::EnumerateAttributes, result);
        server->EnumerateAttributesClose();
    }
    return hr;
}

// A command that reads.
template <class Server> HRESULT carry_out(Server *server, const std::string &command, std::string &result)
{
    Cut verb = Cut::first(command), typed = Cut::last(verb.tail);
    return verb.head == "request" ? request_property(server, typed.head, typed.tail, result)
         : verb.head == "certificate" ? certificate_property(server, typed.head, typed.tail, result)
         : verb.head == "attribute" ? attribute(server, verb.tail, result)
         : verb.head == "extension" ? extension(server, verb.tail, result)
         : verb.head == "extensions" ? extensions(server, result)
         : verb.head == "attributes" ? attributes(server, result) : E_INVALIDARG;
}

inline HRESULT set(ICertServerPolicy *server, const std::string &name, const std::string &type, const std::string &text)
{
    Value value;
    HRESULT hr = parse(text, property_type(type), value);
    return FAILED(hr) ? hr : server->SetCertificateProperty(Text(name), property_type(type), &value);
}

inline HRESULT unset(ICertServerPolicy *server, const std::string &name)
{
    // Nothing deletes, whatever type it is said to have.
    Value nothing;
    return server->SetCertificateProperty(Text(name), PROPTYPE_STRING, &nothing);
}

inline HRESULT add(ICertServerPolicy *server, const std::string &oid, LONG flags, const std::string &digits)
{
    Value value;
    HRESULT hr = parse(digits, PROPTYPE_BINARY, value);
    return FAILED(hr) ? hr : server->SetCertificateExtension(Text(oid), PROPTYPE_BINARY, flags, &value);
}

inline HRESULT remove(ICertServerPolicy *server, const std::string &oid)
{
    Value nothing;
    return server->SetCertificateExtension(Text(oid), PROPTYPE_BINARY, EXTENSION_DELETE_FLAG, &nothing);
}

// A command that reads or writes.
inline HRESULT amend(ICertServerPolicy *server, const std::string &command, std::string &result)
{
    Cut verb = Cut::first(command), first = Cut::first(verb.tail), second = Cut::first(first.tail);
    result = "ok";
    return verb.head == "set" ? set(server, first.head, second.head, second.tail)
         : verb.head == "unset" ? unset(server, verb.tail)
         : verb.head == "add" ? add(server, first.head, std::stoi(second.head), second.tail)
         : verb.head == "remove" ? interpreter::remove(server, verb.tail) : carry_out(server, command, result);
}

// The result, or what the call failed with.
inline std::string told(HRESULT hr, const std::string &result) { return FAILED(hr) ? "error " + shown(hr) : result; }

} // namespace interpreter
