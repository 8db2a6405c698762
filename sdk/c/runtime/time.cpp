// Times: FILETIME, SYSTEMTIME, and the dates of Automation.

#include <time.h>

#include <cmath>

#include "runtime.h"

namespace exeunt {

namespace {
constexpr int64_t units_per_second = 10000000;
constexpr int64_t unix_epoch = 11644473600; // seconds from 1601 to 1970
constexpr int64_t automation_epoch = -25569; // 1899-12-30, in days from 1970

int64_t units_of(const FILETIME &time) {
    return static_cast<int64_t>(static_cast<uint64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime);
}

FILETIME of_units(int64_t units) {
    return {static_cast<DWORD>(units & 0xffffffff), static_cast<DWORD>(static_cast<uint64_t>(units) >> 32)};
}

unsigned days_in(int64_t year, unsigned month) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool valid(const SYSTEMTIME &time) {
    return time.wMonth >= 1 && time.wMonth <= 12 && time.wDay >= 1 && time.wDay <= days_in(time.wYear, time.wMonth) &&
           time.wHour < 24 && time.wMinute < 60 && time.wSecond < 60 && time.wMilliseconds < 1000;
}

void fill(SYSTEMTIME &out, int64_t days, int64_t milliseconds) {
    int64_t year;
    unsigned month, day;
    date_of(days, year, month, day);
    int64_t weekday = (days + 4) % 7; // 1970-01-01 was a Thursday
    out.wYear = static_cast<WORD>(year);
    out.wMonth = static_cast<WORD>(month);
    out.wDay = static_cast<WORD>(day);
    out.wDayOfWeek = static_cast<WORD>(weekday < 0 ? weekday + 7 : weekday);
    out.wHour = static_cast<WORD>(milliseconds / 3600000);
    out.wMinute = static_cast<WORD>(milliseconds / 60000 % 60);
    out.wSecond = static_cast<WORD>(milliseconds / 1000 % 60);
    out.wMilliseconds = static_cast<WORD>(milliseconds % 1000);
}
} // namespace

FILETIME file_time(int64_t seconds, int64_t nanoseconds) {
    return of_units((seconds + unix_epoch) * units_per_second + nanoseconds / 100);
}

// Years begin in March here, so that the leap day is the last of one. An era has 400 years, 146097 days.
int64_t days_of(int64_t year, unsigned month, unsigned day) {
    if (month <= 2) --year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (static_cast<int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_of(int64_t days, int64_t &year, unsigned &month, unsigned &day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    day = static_cast<unsigned>(of_year - (153 * shifted + 2) / 5 + 1);
    month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
    year = years + era * 400 + (month <= 2 ? 1 : 0);
}

} // namespace exeunt

using namespace exeunt;

extern "C" {

void GetSystemTimeAsFileTime(LPFILETIME time) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = file_time(now.tv_sec, now.tv_nsec);
}

void GetSystemTime(LPSYSTEMTIME time) {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    FileTimeToSystemTime(&now, time);
}

void GetLocalTime(LPSYSTEMTIME time) {
    FILETIME now, local;
    GetSystemTimeAsFileTime(&now);
    FileTimeToLocalFileTime(&now, &local);
    FileTimeToSystemTime(&local, time);
}

BOOL FileTimeToSystemTime(const FILETIME *file, LPSYSTEMTIME system) {
    int64_t units = units_of(*file);
    if (units < 0) return fail(ERROR_INVALID_PARAMETER);
    int64_t milliseconds = units / (units_per_second / 1000);
    fill(*system, milliseconds / 86400000 + days_of(1601, 1, 1), milliseconds % 86400000);
    return TRUE;
}

BOOL SystemTimeToFileTime(const SYSTEMTIME *system, LPFILETIME file) {
    if (!valid(*system) || system->wYear < 1601 || system->wYear > 30827) return fail(ERROR_INVALID_PARAMETER);
    int64_t seconds = days_of(system->wYear, system->wMonth, system->wDay) * 86400 + system->wHour * 3600 + system->wMinute * 60 + system->wSecond;
    *file = file_time(seconds, system->wMilliseconds * 1000000LL);
    return TRUE;
}

BOOL FileTimeToLocalFileTime(const FILETIME *file, LPFILETIME local) {
    int64_t units = units_of(*file);
    time_t seconds = units / units_per_second - unix_epoch;
    tm there;
    if (localtime_r(&seconds, &there) == nullptr) return fail(ERROR_INVALID_PARAMETER);
    *local = of_units(units + there.tm_gmtoff * units_per_second);
    return TRUE;
}

LONG CompareFileTime(const FILETIME *first, const FILETIME *second) {
    int64_t a = units_of(*first), b = units_of(*second);
    return a < b ? -1 : a > b ? 1 : 0;
}

ULONGLONG GetTickCount64(void) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<ULONGLONG>(now.tv_sec) * 1000 + static_cast<ULONGLONG>(now.tv_nsec) / 1000000;
}
DWORD GetTickCount(void) { return static_cast<DWORD>(GetTickCount64()); }

BOOL QueryPerformanceCounter(LARGE_INTEGER *count) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    count->QuadPart = now.tv_sec * 1000000000LL + now.tv_nsec;
    return TRUE;
}
BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency) {
    frequency->QuadPart = 1000000000;
    return TRUE;
}

INT SystemTimeToVariantTime(SYSTEMTIME *time, DOUBLE *date) {
    if (!valid(*time) || time->wYear < 100 || time->wYear > 9999) return FALSE;
    int64_t days = days_of(time->wYear, time->wMonth, time->wDay) - automation_epoch;
    double fraction = (time->wHour * 3600 + time->wMinute * 60 + time->wSecond) / 86400.0;
    // Before 1899-12-30 the day is negative, and the time of day still counts away from zero.
    *date = days < 0 ? static_cast<double>(days) - fraction : static_cast<double>(days) + fraction;
    return TRUE;
}

INT VariantTimeToSystemTime(DOUBLE date, SYSTEMTIME *time) {
    if (!(date > -657435.0 && date < 2958466.0)) return FALSE; // the years 100 to 9999
    double whole = std::trunc(date);
    int64_t seconds = static_cast<int64_t>(std::round(std::fabs(date - whole) * 86400.0));
    int64_t days = static_cast<int64_t>(whole) + automation_epoch;
    if (seconds == 86400) {
        seconds = 0;
        ++days;
    }
    fill(*time, days, seconds * 1000);
    return time->wYear <= 9999;
}

} // extern "C"
