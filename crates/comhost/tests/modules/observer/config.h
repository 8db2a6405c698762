// CCertConfig, through its table and by name, and the folder that modules publish into.

#pragma once

#include <certsrv.h>

#include <certcli.h>

#include "automation.h"
#include "by_name.h"
#include "settings.h"
#include "values.h"

namespace observer {

inline std::string field(ICertConfig *config, const wchar_t *name)
{
    Text value;
    HRESULT hr = config->GetField(Text(name), &value);
    return FAILED(hr) ? hex(static_cast<unsigned long>(hr)) : value.ascii();
}

inline void use_config(const Settings &settings)
{
    CLSID clsid;
    ICertConfig *config = nullptr;
    HRESULT hr = CLSIDFromProgID(L"CertificateAuthority.Config", &clsid);
    if (SUCCEEDED(hr)) {
        settings.write(std::string("config's class ") + (clsid == CLSID_CCertConfig ? "by name" : "another"));
        hr = CoCreateInstance(CLSID_CCertConfig, nullptr, CLSCTX_INPROC_SERVER, IID_ICertConfig,
                              reinterpret_cast<void **>(&config));
    }
    if (FAILED(hr)) {
        settings.write("no config " + hex(static_cast<unsigned long>(hr)));
        return;
    }
    LONG count = -1, place = -2;
    settings.write("config before Next " + field(config, L"Config"));
    hr = config->Reset(0, &count);
    settings.write("config reset " + hex(static_cast<unsigned long>(hr)) + " " + std::to_string(count));
    hr = config->Next(&place);
    settings.write("config next " + hex(static_cast<unsigned long>(hr)) + " " + std::to_string(place));
    for (const wchar_t *name : {L"Config", L"commonname", L"Authority", L"Server", L"SanitizedName", L"ShortName",
                                L"SanitizedShortName", L"Flags", L"Organization", L"Nonsense"}) {
        settings.write("config's " + utf8(name) + " " + field(config, name));
    }
    hr = config->Next(&place);
    settings.write("config next " + hex(static_cast<unsigned long>(hr)) + " " + std::to_string(place));
    settings.write("config at the end " + field(config, L"Config"));
    Text whole;
    hr = config->GetConfig(CC_DEFAULTCONFIG, &whole);
    settings.write("config whole " + hex(static_cast<unsigned long>(hr)) + " " + whole.ascii());
    settings.write("config nowhere " + hex(static_cast<unsigned long>(config->Next(nullptr))) + " " +
                   hex(static_cast<unsigned long>(config->GetConfig(0, nullptr))));

    ByName named(settings, config);
    named.numbers({L"Reset", L"Next", L"GetField", L"GetConfig"});
    named.call(L"GetField", {text(L"Config")});
    named.call(L"Reset", {number(0)});
    named.call(L"Next");
    named.call(L"GetField", {text(L"Config")});
    named.call(L"Next");
    named.call(L"GetConfig", {number(CC_DEFAULTCONFIG)});
    named.call(L"GetConfig");
    config->Release();
}

// The classic service has it, and modules write there without making it.
inline void look_for_publication_folder(const Settings &settings)
{
    wchar_t folder[MAX_PATH];
    ExpandEnvironmentStringsW(L"%SystemRoot%\\System32\\CertSrv\\CertEnroll", folder, MAX_PATH);
    DWORD attributes = GetFileAttributesW(folder);
    bool there = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    settings.write(std::string("CertEnroll is ") + (there ? "there" : "missing"));
}

} // namespace observer
