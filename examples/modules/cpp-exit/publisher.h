// An exit module that publishes certificates and CRLs as files.
#pragma once

#include "com.h"

#include <certsrv.h>

// Names that older headers lack.
#ifndef EXITEVENT_CERTIMPORTED
#define EXITEVENT_CERTIMPORTED 0x200
#endif
#ifndef wszCMM_PROP_NAME
#define wszCMM_PROP_NAME L"Name"
#define wszCMM_PROP_DESCRIPTION L"Description"
#define wszCMM_PROP_COPYRIGHT L"Copyright"
#define wszCMM_PROP_FILEVER L"File Version"
#define wszCMM_PROP_PRODUCTVER L"Product Version"
#define wszCMM_PROP_ISMULTITHREADED L"IsMultiThreaded"
#endif

#define PUBLISHER_NAME L"Exeunt Publisher"
#define PUBLISHER_DESCRIPTION L"Publishes certificates and CRLs as files"
#define PUBLISHER_VERSION L"1.0.0"
#define PUBLISHER_SOURCE L"ExeuntPublisher"

extern const CLSID CLSID_Publisher;
extern const CLSID CLSID_PublisherManage;

// What the operator set, from the registry key that ModuleRegistryLocation names.
struct Settings {
    std::wstring directory; // where files go; ends with a backslash
    std::wstring file_name; // of a certificate, with %names% of properties
    DWORD events;           // EXITEVENT_*: which to act upon
    bool pem;
    bool crls;

    Settings();
    // Values that are absent keep their defaults; so do all where the key is absent. A value that is wrong is an error.
    HRESULT read(const std::wstring &key);
};

// settings.cpp: a number, stored as a number or as the text of one.
HRESULT read_number(HKEY key, const wchar_t *name, DWORD &number);

// files.cpp
enum WhenThere { refuse, replace };
// Puts the bytes under the name, whole or not at all. Where the same bytes are there already, that is success: an event may come
// twice. Where others are, ERROR_FILE_EXISTS, or they are replaced.
HRESULT write_file(const std::wstring &path, const void *bytes, DWORD count, WhenThere when_there);
HRESULT make_directory(const std::wstring &path);
// A text that may be one part of a path: what may not stand in a file name becomes an underscore.
std::wstring file_name_part(const std::wstring &text);
std::string utf8(const std::wstring &text);
HRESULT encode_pem(const Value &value, const char *label, std::string &pem);

// event_log.cpp
void report(WORD type, DWORD event, const std::wstring &text);

// The module: one object for the whole run of the server. Its settings do not change after Initialize, so that several threads
// may notify it.
class Publisher : public Object<ICertExit2> {
public:
    STDMETHODIMP Initialize(BSTR const config, LONG *event_mask) override;
    STDMETHODIMP Notify(LONG event, LONG context) override;
    STDMETHODIMP GetDescription(BSTR *description) override;
    STDMETHODIMP GetManageModule(ICertManageModule **manage) override;

protected:
    bool is(REFIID riid) const override { return IsEqualIID(riid, IID_ICertExit) || IsEqualIID(riid, IID_ICertExit2); }
    const wchar_t *const *methods() const override;
    HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) override;

private:
    HRESULT publish_certificate(ICertServerExit *server) const;
    HRESULT publish_revocation(ICertServerExit *server) const;
    HRESULT publish_crls(ICertServerExit *server) const;
    HRESULT report_request(ICertServerExit *server, LONG event) const;
    HRESULT certificate_path(ICertServerExit *server, std::wstring &path) const;

    Settings settings;
    std::wstring ca;
};

// What the tools of administration ask.
class PublisherManage : public Object<ICertManageModule> {
public:
    STDMETHODIMP GetProperty(BSTR const config, BSTR location, BSTR name, LONG flags, VARIANT *value) override;
    STDMETHODIMP SetProperty(BSTR const config, BSTR location, BSTR name, LONG flags, VARIANT const *value) override;
    STDMETHODIMP Configure(BSTR const config, BSTR location, LONG flags) override;

protected:
    bool is(REFIID riid) const override { return IsEqualIID(riid, IID_ICertManageModule); }
    const wchar_t *const *methods() const override;
    HRESULT invoke(DISPID id, DISPPARAMS &arguments, VARIANT &result) override;
};
