#include "publisher.h"

#include <strsafe.h>

namespace {

// A server object for this event: they are cheap, and none is shared between threads.
HRESULT server_for(LONG context, Reference<ICertServerExit> &server) {
    HRESULT hr = CoCreateInstance(CLSID_CCertServerExit, NULL, CLSCTX_INPROC_SERVER, IID_ICertServerExit,
                                  reinterpret_cast<void **>(server.out()));
    if (SUCCEEDED(hr) && context != 0) hr = server->SetContext(context);
    return hr;
}

bool absent(HRESULT hr) { return hr == CERTSRV_E_PROPERTY_EMPTY || hr == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND); }

enum Table { of_request, of_certificate };

HRESULT property(ICertServerExit *server, Table table, const std::wstring &name, LONG type, Value &value) {
    Text text(name.c_str());
    HRESULT hr = table == of_request ? server->GetRequestProperty(text.get(), type, value.out())
                                     : server->GetCertificateProperty(text.get(), type, value.out());
    VARTYPE wanted = static_cast<VARTYPE>(type == PROPTYPE_LONG ? VT_I4 : type == PROPTYPE_DATE ? VT_DATE : VT_BSTR);
    return SUCCEEDED(hr) && value->vt != wanted ? HRESULT_FROM_WIN32(ERROR_INVALID_DATA) : hr;
}

HRESULT number(ICertServerExit *server, Table table, const std::wstring &name, LONG &value) {
    Value read;
    HRESULT hr = property(server, table, name, PROPTYPE_LONG, read);
    if (SUCCEEDED(hr)) value = read->lVal;
    return hr;
}

// Empty where there is none.
HRESULT text(ICertServerExit *server, Table table, const std::wstring &name, std::wstring &value) {
    Value read;
    HRESULT hr = property(server, table, name, PROPTYPE_STRING, read);
    value = SUCCEEDED(hr) ? read.str() : std::wstring();
    return absent(hr) ? S_OK : hr;
}

HRESULT date(ICertServerExit *server, Table table, const std::wstring &name, std::wstring &value) {
    Value read;
    SYSTEMTIME time;
    wchar_t written[32];
    HRESULT hr = property(server, table, name, PROPTYPE_DATE, read);
    if (absent(hr)) {
        value.clear();
        return S_OK;
    }
    if (FAILED(hr)) return hr;
    if (!VariantTimeToSystemTime(read->date, &time)) return HRESULT_FROM_WIN32(ERROR_INVALID_DATA);
    hr = StringCchPrintfW(written, ARRAYSIZE(written), L"%04u-%02u-%02uT%02u:%02u:%02uZ", time.wYear, time.wMonth, time.wDay,
                          time.wHour, time.wMinute, time.wSecond);
    value = written;
    return hr;
}

std::wstring hexadecimal(HRESULT hr) {
    wchar_t written[16];
    StringCchPrintfW(written, ARRAYSIZE(written), L"0x%08x", static_cast<unsigned>(hr));
    return written;
}

const wchar_t *event_name(LONG event) {
    switch (event) {
    case EXITEVENT_CERTISSUED:
        return L"issued";
    case EXITEVENT_CERTPENDING:
        return L"pending";
    case EXITEVENT_CERTDENIED:
        return L"denied";
    case EXITEVENT_CERTREVOKED:
        return L"revoked";
    case EXITEVENT_CRLISSUED:
        return L"CRL issued";
    case EXITEVENT_CERTIMPORTED:
        return L"imported";
    default:
        return L"other";
    }
}

} // namespace

STDMETHODIMP Publisher::Initialize(BSTR const config, LONG *event_mask) {
    if (event_mask == NULL) return E_POINTER;
    *event_mask = 0;
    Reference<ICertServerExit> server;
    HRESULT hr = server_for(0, server);
    std::wstring key;
    if (SUCCEEDED(hr)) hr = text(server.get(), of_certificate, wszPROPMODULEREGLOC, key);
    if (SUCCEEDED(hr)) hr = text(server.get(), of_certificate, wszPROPSANITIZEDCANAME, ca);
    if (SUCCEEDED(hr) && ca.empty() && config != NULL) ca = config;
    if (SUCCEEDED(hr) && !key.empty()) hr = settings.read(key);
    if (SUCCEEDED(hr)) hr = make_directory(settings.directory + L"revoked");
    if (FAILED(hr)) {
        report(EVENTLOG_ERROR_TYPE, 3, L"cannot start with the directory " + settings.directory + L": " + hexadecimal(hr));
        return hr;
    }
    *event_mask = static_cast<LONG>(settings.events | EXITEVENT_SHUTDOWN);
    report(EVENTLOG_INFORMATION_TYPE, 4, L"publishes into " + settings.directory);
    return S_OK;
}

STDMETHODIMP Publisher::Notify(LONG event, LONG context) {
    if (event == EXITEVENT_SHUTDOWN) { // there is nothing to read, and nothing that was not written at once
        report(EVENTLOG_INFORMATION_TYPE, 5, L"the server stops");
        return S_OK;
    }
    Reference<ICertServerExit> server;
    HRESULT hr = server_for(context, server);
    if (SUCCEEDED(hr)) switch (event) {
        case EXITEVENT_CERTISSUED:
        case EXITEVENT_CERTIMPORTED:
            hr = publish_certificate(server.get());
            break;
        case EXITEVENT_CERTREVOKED:
            hr = publish_revocation(server.get());
            break;
        case EXITEVENT_CERTPENDING:
        case EXITEVENT_CERTDENIED:
            hr = report_request(server.get(), event);
            break;
        case EXITEVENT_CRLISSUED:
            hr = settings.crls ? publish_crls(server.get()) : S_OK;
            break;
        default: // events of later servers
            break;
        }
    if (FAILED(hr)) report(EVENTLOG_ERROR_TYPE, 6, std::wstring(L"event ") + event_name(event) + L" failed: " + hexadecimal(hr));
    return hr;
}

// The certificate, under a name made of its properties.
HRESULT Publisher::publish_certificate(ICertServerExit *server) const {
    Value certificate;
    std::wstring path;
    HRESULT hr = property(server, of_certificate, wszPROPRAWCERTIFICATE, PROPTYPE_BINARY, certificate);
    if (SUCCEEDED(hr)) hr = certificate_path(server, path);
    if (FAILED(hr) || !settings.pem)
        return FAILED(hr) ? hr : write_file(path, certificate.bytes(), certificate.byte_count(), refuse);
    std::string pem;
    hr = encode_pem(certificate, "CERTIFICATE", pem);
    return FAILED(hr) ? hr : write_file(path, pem.data(), static_cast<DWORD>(pem.size()), refuse);
}

// Each %name% is a property of the request or of the certificate, or an attribute of the request; one that has no value is
// written "none".
HRESULT Publisher::certificate_path(ICertServerExit *server, std::wstring &path) const {
    std::wstring name;
    const std::wstring &pattern = settings.file_name;
    for (size_t i = 0; i < pattern.size(); ++i) {
        size_t end = pattern[i] == L'%' ? pattern.find(L'%', i + 1) : std::wstring::npos;
        if (end == std::wstring::npos) {
            name += pattern[i];
            continue;
        }
        std::wstring token = pattern.substr(i + 1, end - i - 1), value;
        LONG id = 0;
        if (_wcsicmp(token.c_str(), wszPROPREQUESTREQUESTID) == 0) {
            HRESULT hr = number(server, of_request, token, id);
            if (FAILED(hr)) return hr;
            value = std::to_wstring(id);
        } else {
            HRESULT hr = text(server, of_certificate, token, value);
            if (FAILED(hr) || value.empty()) hr = text(server, of_request, token, value);
            if (FAILED(hr) || value.empty()) {
                Text attribute;
                hr = server->GetRequestAttribute(Text(token.c_str()).get(), attribute.out());
                if (FAILED(hr) && !absent(hr)) return hr;
                value = attribute.str();
            }
        }
        name += value.empty() ? L"none" : file_name_part(value);
        i = end;
    }
    path = settings.directory + file_name_part(name);
    return S_OK;
}

// A note beside the certificate, by serial number; taken away when the certificate is released from hold.
HRESULT Publisher::publish_revocation(ICertServerExit *server) const {
    LONG id = 0, reason = 0;
    std::wstring serial, when, effective, requester;
    HRESULT hr = number(server, of_request, wszPROPREQUESTREQUESTID, id);
    if (SUCCEEDED(hr)) hr = number(server, of_request, wszPROPREQUESTREVOKEDREASON, reason);
    if (SUCCEEDED(hr)) hr = text(server, of_certificate, wszPROPCERTIFICATESERIALNUMBER, serial);
    if (SUCCEEDED(hr)) hr = text(server, of_request, wszPROPREQUESTERNAME, requester);
    if (SUCCEEDED(hr)) hr = date(server, of_request, wszPROPREQUESTREVOKEDWHEN, when);
    if (SUCCEEDED(hr)) hr = date(server, of_request, wszPROPREQUESTREVOKEDEFFECTIVEWHEN, effective);
    if (FAILED(hr)) return hr;
    std::wstring path = settings.directory + L"revoked\\" + file_name_part(serial) + L".txt";
    if (reason == -1) return DeleteFileW(path.c_str()) || GetLastError() == ERROR_FILE_NOT_FOUND ? S_OK : last_error();
    std::string note = utf8(L"request " + std::to_wstring(id) + L"\nrequester " + requester + L"\nreason " + std::to_wstring(reason) +
                            L"\nrevoked " + when + L"\neffective " + effective + L"\n");
    return write_file(path, note.data(), static_cast<DWORD>(note.size()), replace);
}

// For every certificate of the CA whose CRL it still keeps, the CRL and, where there is one, the delta.
HRESULT Publisher::publish_crls(ICertServerExit *server) const {
    LONG count = 0, no_deltas = 0;
    HRESULT hr = number(server, of_certificate, wszPROPDELTACRLSDISABLED, no_deltas);
    if (SUCCEEDED(hr)) hr = number(server, of_certificate, wszPROPCERTCOUNT, count);
    for (LONG i = 0; SUCCEEDED(hr) && i < count; ++i) {
        std::wstring index = L"." + std::to_wstring(i), suffix;
        LONG state = 0;
        hr = number(server, of_certificate, wszPROPCRLSTATE + index, state);
        if (FAILED(hr) || state != CA_DISP_VALID) continue;
        hr = text(server, of_certificate, wszPROPCRLSUFFIX + index, suffix);
        Value crl, delta;
        if (SUCCEEDED(hr)) hr = property(server, of_certificate, wszPROPRAWCRL + index, PROPTYPE_BINARY, crl);
        if (SUCCEEDED(hr))
            hr = write_file(settings.directory + file_name_part(ca + suffix + L".crl"), crl.bytes(), crl.byte_count(), replace);
        if (FAILED(hr) || no_deltas != 0) continue;
        hr = property(server, of_certificate, wszPROPRAWDELTACRL + index, PROPTYPE_BINARY, delta);
        if (SUCCEEDED(hr))
            hr = write_file(settings.directory + file_name_part(ca + suffix + L"+.crl"), delta.bytes(), delta.byte_count(), replace);
        else if (absent(hr)) // none was made yet
            hr = S_OK;
    }
    return hr;
}

HRESULT Publisher::report_request(ICertServerExit *server, LONG event) const {
    LONG id = 0, status = 0;
    std::wstring requester, message;
    HRESULT hr = number(server, of_request, wszPROPREQUESTREQUESTID, id);
    if (SUCCEEDED(hr)) hr = number(server, of_request, wszPROPREQUESTSTATUSCODE, status);
    if (SUCCEEDED(hr)) hr = text(server, of_request, wszPROPREQUESTERNAME, requester);
    if (SUCCEEDED(hr)) hr = text(server, of_request, wszPROPREQUESTDISPOSITIONMESSAGE, message);
    if (FAILED(hr)) return hr;
    report(event == EXITEVENT_CERTDENIED ? EVENTLOG_WARNING_TYPE : EVENTLOG_INFORMATION_TYPE, 7,
           L"request " + std::to_wstring(id) + L" of " + requester + L" is " + event_name(event) + L": " + message + L" (" +
               hexadecimal(status) + L")");
    return S_OK;
}

STDMETHODIMP Publisher::GetDescription(BSTR *description) {
    if (description == NULL) return E_POINTER;
    *description = SysAllocString(PUBLISHER_DESCRIPTION);
    return *description == NULL ? E_OUTOFMEMORY : S_OK;
}

STDMETHODIMP Publisher::GetManageModule(ICertManageModule **manage) {
    if (manage == NULL) return E_POINTER;
    *manage = new PublisherManage;
    return S_OK;
}

const wchar_t *const *Publisher::methods() const {
    static const wchar_t *const names[] = {L"Initialize", L"Notify", L"GetDescription", L"GetManageModule", NULL};
    return names;
}

HRESULT Publisher::invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) {
    Value first, second;
    HRESULT hr = S_OK;
    switch (id) {
    case 1:
        hr = argument(arguments, 0, VT_BSTR, first);
        if (FAILED(hr)) return hr;
        result.vt = VT_I4;
        return Initialize(first->bstrVal, &result.lVal);
    case 2:
        hr = argument(arguments, 0, VT_I4, first);
        if (SUCCEEDED(hr)) hr = argument(arguments, 1, VT_I4, second);
        return FAILED(hr) ? hr : Notify(first->lVal, second->lVal);
    case 3:
        result.vt = VT_BSTR;
        result.bstrVal = NULL;
        return GetDescription(&result.bstrVal);
    case 4:
        result.vt = VT_DISPATCH;
        result.pdispVal = NULL;
        return GetManageModule(reinterpret_cast<ICertManageModule **>(&result.pdispVal));
    default:
        return DISP_E_MEMBERNOTFOUND;
    }
}
