// BSTR. The block, which host and module share: malloc(8 + bytes + 2), the length in bytes at +4, the text at +8.

#include "runtime.h"

namespace {

constexpr size_t header = 8;

char *block_of(BSTR text) { return reinterpret_cast<char *>(text) - header; }

BSTR allocate(const void *from, size_t bytes) {
    if (bytes > UINT32_MAX - header - sizeof(wchar_t)) return nullptr;
    char *block = static_cast<char *>(malloc(header + bytes + sizeof(wchar_t)));
    if (block == nullptr) return nullptr;
    const uint32_t words[2] = {0, static_cast<uint32_t>(bytes)};
    memcpy(block, words, sizeof(words));
    if (from != nullptr) memcpy(block + header, from, bytes);
    memset(block + header + bytes, 0, sizeof(wchar_t));
    return reinterpret_cast<BSTR>(block + header);
}

} // namespace

extern "C" {

BSTR SysAllocString(const OLECHAR *text) { return text == nullptr ? nullptr : allocate(text, wcslen(text) * sizeof(OLECHAR)); }

BSTR SysAllocStringLen(const OLECHAR *text, UINT characters) {
    BSTR made = allocate(text, static_cast<size_t>(characters) * sizeof(OLECHAR));
    if (made != nullptr && text == nullptr) memset(made, 0, static_cast<size_t>(characters) * sizeof(OLECHAR));
    return made;
}

BSTR SysAllocStringByteLen(LPCSTR bytes, UINT count) {
    BSTR made = allocate(bytes, count);
    if (made != nullptr && bytes == nullptr) memset(made, 0, count);
    return made;
}

INT SysReAllocStringLen(BSTR *text, const OLECHAR *value, UINT characters) {
    if (text == nullptr) return FALSE;
    BSTR made = SysAllocStringLen(value, characters);
    if (made == nullptr) return FALSE;
    SysFreeString(*text); // only now: value may lie within it
    *text = made;
    return TRUE;
}

INT SysReAllocString(BSTR *text, const OLECHAR *value) {
    if (text == nullptr) return FALSE;
    if (value == nullptr) {
        SysFreeString(*text);
        *text = nullptr;
        return TRUE;
    }
    return SysReAllocStringLen(text, value, static_cast<UINT>(wcslen(value)));
}

void SysFreeString(BSTR text) {
    if (text != nullptr) free(block_of(text));
}

UINT SysStringByteLen(BSTR text) {
    if (text == nullptr) return 0;
    uint32_t bytes;
    memcpy(&bytes, block_of(text) + 4, sizeof(bytes));
    return bytes;
}

UINT SysStringLen(BSTR text) { return SysStringByteLen(text) / static_cast<UINT>(sizeof(OLECHAR)); }

} // extern "C"
