#include "publisher.h"

void report(WORD type, DWORD event, const std::wstring &text) {
    HANDLE log = RegisterEventSourceW(NULL, PUBLISHER_SOURCE);
    if (log == NULL) {
        OutputDebugStringW((text + L"\n").c_str());
        return;
    }
    LPCWSTR texts[] = {text.c_str()};
    ReportEventW(log, type, 0, event, NULL, 1, 0, texts, NULL);
    DeregisterEventSource(log);
}
