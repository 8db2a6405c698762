// A small frame for tests: each is a function that registers itself; a check that fails is printed and counted.
#pragma once

#include <windows.h>

#include <string>

#include "fake_host.h"

namespace test {

struct Case {
    const char *name;
    void (*run)();
    Case *next;
    Case(const char *name, void (*run)());
};

void fail(const char *file, int line, const std::string &what);
std::string show(const std::wstring &value);
std::string show(const std::string &value);
std::string show(const wchar_t *value);
std::string show(const char *value);
std::string show(double value);
std::string show(const void *value);
template <typename T> std::string show(T value) { return std::to_string(static_cast<long long>(value)); }

template <typename A, typename B> void same(const A &got, const B &wanted, const char *what, const char *file, int line) {
    if (!(got == wanted)) fail(file, line, std::string(what) + " is " + show(got) + ", and should be " + show(wanted));
}

} // namespace test

#define TEST(name)                                                                                                             \
    static void name();                                                                                                        \
    static test::Case name##_case(#name, name);                                                                                \
    static void name()
#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) test::fail(__FILE__, __LINE__, #condition);                                                          \
    } while (0)
#define SAME(got, wanted) test::same((got), (wanted), #got, __FILE__, __LINE__)
// A call that answers FALSE (or nothing), and the error it leaves.
#define FAILS(call, error)                                                                                                     \
    do {                                                                                                                       \
        SetLastError(0);                                                                                                       \
        CHECK(!(call));                                                                                                        \
        SAME(GetLastError(), static_cast<DWORD>(error));                                                                       \
    } while (0)
