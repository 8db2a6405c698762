// The settings of the module, values of its registry key, and its journal:
//
//     Journal     the file that it writes to
//     Behaviour   what it does in Notify or VerifyRequest: see behaviour.h
//     Level       a REG_DWORD, Names a REG_MULTI_SZ, Below\Inner a text: read back into the journal

#pragma once

#include <windows.h>

#include <certsrv.h>

#include <string>

#include "values.h"

namespace observer {

// As old source makes texts: without a size, and %s is a wide text.
inline std::wstring formatted(const wchar_t *text)
{
    wchar_t buffer[64];
    swprintf(buffer, L"%s %c %hs %ld %08X", text, L'w', "narrow", static_cast<LONG>(-7), 0xbeefu);
    wsprintfW(buffer + wcslen(buffer), L" %s", text);
    return buffer;
}

// What the module is told in its key.
struct Settings {
    std::string behaviour;
    std::wstring journal;

    void write(const std::string &line) const
    {
        HANDLE file = CreateFileW(journal.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL, nullptr);
        if (file == INVALID_HANDLE_VALUE) {
            return;
        }
        std::string text = line + "\n";
        DWORD written = 0;
        WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
        CloseHandle(file);
    }
};

inline std::wstring query_text(HKEY key, const wchar_t *name)
{
    wchar_t buffer[512];
    DWORD type = 0, bytes = sizeof buffer - sizeof(wchar_t);
    if (RegQueryValueExW(key, name, nullptr, &type, reinterpret_cast<BYTE *>(buffer), &bytes) != ERROR_SUCCESS) {
        return std::wstring();
    }
    buffer[bytes / sizeof(wchar_t)] = L'\0';
    return std::wstring(buffer);
}

// Reads the settings from the key of this name, and writes down what is in it.
inline HRESULT read_key(const wchar_t *name, Settings &settings)
{
    HKEY key = nullptr;
    LONG error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, name, 0, KEY_READ | KEY_WRITE, &key);
    if (error != ERROR_SUCCESS) {
        return HRESULT_FROM_WIN32(error);
    }
    settings.journal = query_text(key, L"Journal");
    settings.behaviour = utf8(query_text(key, L"Behaviour").c_str());
    settings.write("key " + utf8(name));
    DWORD level = 0, type = 0, bytes = sizeof level;
    if (RegQueryValueExW(key, L"level", nullptr, &type, reinterpret_cast<BYTE *>(&level), &bytes) == ERROR_SUCCESS) {
        settings.write("level " + std::to_string(level) + " type " + std::to_string(type));
    }
    BYTE names[256];
    bytes = sizeof names;
    if (RegQueryValueExW(key, L"Names", nullptr, &type, names, &bytes) == ERROR_SUCCESS) {
        settings.write("names type " + std::to_string(type) + " " + digits(names, bytes));
    }
    HKEY below = nullptr;
    if (RegOpenKeyExW(key, L"Below", 0, KEY_READ, &below) == ERROR_SUCCESS) {
        std::wstring inner = query_text(below, L"Inner");
        settings.write("inner " + utf8(inner.c_str()));
        settings.write("formatted " + utf8(formatted(inner.c_str()).c_str()));
        RegCloseKey(below);
    }
    RegCloseKey(key);
    return S_OK;
}

} // namespace observer
