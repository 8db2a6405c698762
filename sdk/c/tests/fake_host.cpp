#include "fake_host.h"

#include <windows.h>

#include <ftw.h>
#include <unistd.h>

#include "../runtime/runtime.h"

std::vector<Report> reports;
std::vector<std::wstring> traces;
std::string drive_c;
HRESULT (*known_class)(REFIID iid, void **object) = nullptr;

namespace {

struct Data {
    uint32_t type;
    std::vector<uint8_t> bytes;
};
using Values = std::map<std::wstring, Data>;
std::map<std::wstring, Values> keys;          // by full path
std::map<exeunt_key, std::wstring> open_keys; // but for the roots
exeunt_key next_key = 1;

std::wstring wide(const uint16_t *text) { return text == nullptr ? L"" : reinterpret_cast<const wchar_t *>(text); }
std::wstring folded(std::wstring text) {
    for (wchar_t &c : text) c = exeunt::fold(c);
    return text;
}

bool path_of(exeunt_key key, std::wstring &path) {
    if (key >> 4 == 0xffffffff8000000) {
        path = std::to_wstring(key & 0xf);
        return true;
    }
    auto found = open_keys.find(key);
    if (found != open_keys.end()) path = found->second;
    return found != open_keys.end();
}

int32_t open_key(exeunt_key key, const uint16_t *name, uint32_t, uint32_t, exeunt_key *opened) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    path += L"\\" + folded(wide(name));
    if (keys.count(path) == 0) return ERROR_FILE_NOT_FOUND;
    *opened = next_key++;
    open_keys[*opened] = path;
    return ERROR_SUCCESS;
}
int32_t create_key(exeunt_key key, const uint16_t *name, uint32_t options, uint32_t access, exeunt_key *opened, uint32_t *disposition) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    path += L"\\" + folded(wide(name));
    if (disposition != nullptr) *disposition = keys.count(path) == 0 ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    keys[path];
    return open_key(key, name, options, access, opened);
}
int32_t close_key(exeunt_key key) { return open_keys.erase(key) == 1 ? ERROR_SUCCESS : ERROR_INVALID_HANDLE; }
int32_t query_value(exeunt_key key, const uint16_t *name, uint32_t *type, uint8_t *data, uint32_t *bytes) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    Values &values = keys[path];
    auto found = values.find(folded(wide(name)));
    if (found == values.end()) return ERROR_FILE_NOT_FOUND;
    if (type != nullptr) *type = found->second.type;
    uint32_t needed = static_cast<uint32_t>(found->second.bytes.size());
    bool fits = data == nullptr || *bytes >= needed;
    if (data != nullptr && fits && needed > 0) memcpy(data, found->second.bytes.data(), needed);
    if (bytes != nullptr) *bytes = needed;
    return fits ? ERROR_SUCCESS : ERROR_MORE_DATA;
}
int32_t set_value(exeunt_key key, const uint16_t *name, uint32_t type, const uint8_t *data, uint32_t bytes) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    keys[path][folded(wide(name))] = {type, std::vector<uint8_t>(data, data + bytes)};
    return ERROR_SUCCESS;
}
int32_t delete_value(exeunt_key key, const uint16_t *name) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    return keys[path].erase(folded(wide(name))) == 1 ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND;
}
int32_t delete_key(exeunt_key key, const uint16_t *name) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    return keys.erase(path + L"\\" + folded(wide(name))) == 1 ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND;
}
int32_t enumerate_value(exeunt_key key, uint32_t index, uint16_t *name, uint32_t *characters, uint32_t *type, uint8_t *data,
                        uint32_t *bytes) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    Values &values = keys[path];
    if (index >= values.size()) return ERROR_NO_MORE_ITEMS;
    auto at = std::next(values.begin(), index);
    if (*characters <= at->first.size()) return ERROR_MORE_DATA;
    memcpy(name, at->first.c_str(), (at->first.size() + 1) * 2);
    *characters = static_cast<uint32_t>(at->first.size());
    return query_value(key, name, type, data, bytes);
}
int32_t enumerate_key(exeunt_key, uint32_t, uint16_t *, uint32_t *) { return ERROR_NO_MORE_ITEMS; }
int32_t query_info(exeunt_key key, uint32_t *subkeys, uint32_t *, uint32_t *values, uint32_t *, uint32_t *) {
    std::wstring path;
    if (!path_of(key, path)) return ERROR_INVALID_HANDLE;
    if (subkeys != nullptr) *subkeys = 0;
    if (values != nullptr) *values = static_cast<uint32_t>(keys[path].size());
    return ERROR_SUCCESS;
}

int32_t create_instance(const exeunt_guid *clsid, void *outer, uint32_t, const exeunt_guid *iid, void **object) {
    *object = nullptr;
    if (outer != nullptr) return CLASS_E_NOAGGREGATION;
    if (clsid->data1 != 7 || known_class == nullptr) return REGDB_E_CLASSNOTREG;
    return known_class(*reinterpret_cast<const IID *>(iid), object);
}
int32_t class_object(const exeunt_guid *, uint32_t, const exeunt_guid *, void **) { return REGDB_E_CLASSNOTREG; }
int32_t clsid_from_prog_id(const uint16_t *name, exeunt_guid *clsid) {
    if (wide(name) != L"Known.Exit") return CO_E_CLASSSTRING;
    clsid->data1 = 7;
    return S_OK;
}
int32_t prog_id_from_clsid(const exeunt_guid *, uint16_t **name) {
    *name = reinterpret_cast<uint16_t *>(SysAllocString(L"Known.Exit"));
    return S_OK;
}
int32_t create_error_info(void **) { return E_OUTOFMEMORY; }
int32_t set_error_info(uint32_t, void *) { return S_OK; }
int32_t error_info(uint32_t, void **info) {
    *info = nullptr;
    return S_FALSE;
}

void report_event(const uint16_t *source, uint16_t type, uint16_t, uint32_t event, uint16_t count, const uint16_t *const *texts) {
    Report report = {wide(source), type, event, {}};
    for (uint16_t i = 0; i < count; ++i) report.texts.push_back(wide(texts[i]));
    reports.push_back(report);
}
void log_text(uint32_t, const uint16_t *text) { traces.push_back(wide(text)); }
const char *drive(char letter) { return letter == 'C' ? drive_c.c_str() : letter == 'Z' ? "/" : nullptr; }

int remove_one(const char *path, const struct stat *, int, struct FTW *) { return remove(path); }

} // namespace

const exeunt_host *fake_host() {
    static exeunt_host host = {};
    if (host.size != 0) return &host;
    char folder[] = "/tmp/exeunt-c-sdk-XXXXXX";
    drive_c = mkdtemp(folder);
    host.size = sizeof(host);
    host.version = EXEUNT_HOST_VERSION;
    host.create_instance = create_instance;
    host.class_object = class_object;
    host.clsid_from_prog_id = clsid_from_prog_id;
    host.prog_id_from_clsid = prog_id_from_clsid;
    host.create_error_info = create_error_info;
    host.set_error_info = set_error_info;
    host.error_info = error_info;
    host.registry_open = open_key;
    host.registry_create = create_key;
    host.registry_close = close_key;
    host.registry_query_value = query_value;
    host.registry_set_value = set_value;
    host.registry_delete_value = delete_value;
    host.registry_delete_key = delete_key;
    host.registry_delete_tree = delete_key;
    host.registry_enumerate_key = enumerate_key;
    host.registry_enumerate_value = enumerate_value;
    host.registry_query_info = query_info;
    host.report_event = report_event;
    host.log = log_text;
    host.drive = drive;
    return &host;
}

void remove_fake_drive() { nftw(drive_c.c_str(), remove_one, 16, FTW_DEPTH | FTW_PHYS); }
