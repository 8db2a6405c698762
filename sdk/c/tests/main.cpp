#include "check.h"

namespace test {

namespace {
Case *cases = nullptr;
int failures = 0;
} // namespace

Case::Case(const char *name, void (*run)()) : name(name), run(run), next(cases) { cases = this; }

void fail(const char *file, int line, const std::string &what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    ++failures;
}

std::string show(const std::wstring &value) {
    std::string out;
    for (wchar_t c : value) {
        char unit[8];
        snprintf(unit, sizeof(unit), c >= 0x20 && c < 0x7f ? "%c" : "\\u%04x", static_cast<unsigned>(c));
        out += unit;
    }
    return "\"" + out + "\"";
}
std::string show(const std::string &value) { return "\"" + value + "\""; }
std::string show(const wchar_t *value) { return value == nullptr ? "null" : show(std::wstring(value)); }
std::string show(const char *value) { return value == nullptr ? "null" : show(std::string(value)); }
std::string show(double value) { return std::to_string(value); }
std::string show(const void *value) { return value == nullptr ? "null" : "a pointer"; }

} // namespace test

int main() {
    if (exeunt_attach(fake_host()) != S_OK) return 2;
    int count = 0;
    for (test::Case *one = test::cases; one != nullptr; one = one->next, ++count) {
        int before = test::failures;
        one->run();
        if (test::failures != before) fprintf(stderr, "in %s\n", one->name);
    }
    exeunt_detach();
    remove_fake_drive();
    printf("%d tests, %d failures\n", count, test::failures);
    return test::failures == 0 ? 0 : 1;
}
