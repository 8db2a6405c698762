// What a module reports and traces goes to the host, and from there into the log of the server.

#include <vector>

#include "runtime.h"

using namespace exeunt;

namespace {

struct Source : Object {
    std::wstring name;
};

void trace(const wchar_t *text) {
    if (host() != nullptr)
        host()->log(EXEUNT_LOG_DEBUG, to_host(text));
    else
        fprintf(stderr, "%s\n", to_utf8(text).c_str());
}

} // namespace

extern "C" {

HANDLE RegisterEventSourceW(LPCWSTR server, LPCWSTR name) {
    if (name == nullptr || (server != nullptr && server[0] != 0)) { // no machine but this
        fail(name == nullptr ? ERROR_INVALID_PARAMETER : ERROR_NOT_SUPPORTED);
        return nullptr;
    }
    auto source = std::make_shared<Source>();
    source->name = name;
    return register_object(source);
}

BOOL ReportEventW(HANDLE log, WORD type, WORD category, DWORD event, PVOID, WORD strings, DWORD, LPCWSTR *texts, LPVOID) {
    auto source = object_as<Source>(log);
    if (!source) return FALSE;
    if (host() == nullptr) return fail(ERROR_NOT_READY);
    std::vector<const uint16_t *> passed;
    for (WORD i = 0; i < strings && texts != nullptr; ++i) passed.push_back(to_host(texts[i] == nullptr ? L"" : texts[i]));
    host()->report_event(to_host(source->name.c_str()), type, category, event, static_cast<uint16_t>(passed.size()), passed.data());
    return TRUE;
}

BOOL DeregisterEventSource(HANDLE log) { return object_as<Source>(log) ? CloseHandle(log) : FALSE; }

void OutputDebugStringW(LPCWSTR text) { trace(text == nullptr ? L"" : text); }
void OutputDebugStringA(LPCSTR text) { trace(text == nullptr ? L"" : from_utf8(text, strlen(text)).c_str()); }

} // extern "C"
