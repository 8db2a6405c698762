// A module for the tests of the host: writes down what it sees through the contract, and misbehaves where it is told to.
//
// Compiles as it stands for Windows and, with sdk/c, for Linux. Its settings are in settings.h.

#include <Windows.h> // as source for Windows spells it
#include <ObjBase.h>

#include "../class.h"
#include "exit.h"
#include "policy.h"
#include "scripted.h"
#include "threads.h"

namespace {

using namespace observer;

const Class classes[] = {
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x01}}, L"Observer.Exit", Factory<Exit>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x02}}, L"Observer.Policy", Factory<Policy>::ask},
    {CLSID_ObserverManage, L"Observer.ExitManage", Factory<Manage>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x04}}, L"Observer.Late", Factory<ScriptedExit>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x05}}, L"Observer.LateDecisions", Factory<ScriptedPolicy>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x06}}, L"Observer.PolicyManage", Factory<Manage>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x07}}, L"Observer.Threads.1", Factory<Threads>::ask},
    {{0x6f1c0d0a, 0x6b1b, 0x4b8f, {0x9b, 0x51, 0x0f, 0x4c, 0x8e, 0x2d, 0x7a, 0x08}}, L"Observer.ThreadsManage", Factory<ScriptedManage>::ask},
};

} // namespace

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, LPVOID *object) { return class_object(classes, clsid, iid, object); }

STDAPI DllCanUnloadNow() { return S_FALSE; }

STDAPI DllRegisterServer()
{
    HRESULT hr = register_classes(classes);
    if (FAILED(hr)) {
        return hr;
    }
    HANDLE log = RegisterEventSourceW(nullptr, L"Observer");
    const wchar_t *said[] = {L"classes are registered"};
    ReportEventW(log, EVENTLOG_INFORMATION_TYPE, 0, 7, nullptr, 1, 0, said, nullptr);
    const wchar_t *warned[] = {L"the directory", L"Gr\u00fc\u00dfe"};
    ReportEventW(log, EVENTLOG_WARNING_TYPE, 2, 0x80000008, nullptr, 2, 0, warned, nullptr);
#ifdef _WIN32
    const char *failed[] = {"the disk is full"};
    HANDLE narrow = RegisterEventSourceA(nullptr, "Observer");
    ReportEventA(narrow, EVENTLOG_ERROR_TYPE, 0, 0xc0000009, nullptr, 1, 0, failed, nullptr);
    DeregisterEventSource(narrow);
#endif
    DeregisterEventSource(log);
    return S_OK;
}

STDAPI DllUnregisterServer() { return S_OK; }
