// A host for the tests: a registry in memory, drive C in a temporary folder, and what was reported.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <windows.h>

#include "exeunt_host.h"

struct Report {
    std::wstring source;
    uint16_t type;
    uint32_t event;
    std::vector<std::wstring> texts;
};

extern std::vector<Report> reports;
extern std::vector<std::wstring> traces;
// The folder that is drive C.
extern std::string drive_c;

// Makes an object of the class that is known, Known.Exit; where there is none, the class is not registered.
extern HRESULT (*known_class)(REFIID iid, void **object);

const exeunt_host *fake_host();
void remove_fake_drive();
