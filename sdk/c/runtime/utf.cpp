// UTF-16 to UTF-8 and back, and letters without case.

#include "runtime.h"

namespace exeunt {

namespace {
constexpr uint32_t replacement = 0xfffd;

void put(std::string &out, uint32_t code) {
    auto byte = [&](uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

// One character, RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. Moves position behind it, by one byte where
// it is malformed.
bool take(const unsigned char *bytes, size_t count, size_t &position, uint32_t &code) {
    unsigned char lead = bytes[position];
    if (lead < 0x80) {
        code = lead;
        ++position;
        return true;
    }
    size_t more = lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc2 && lead < 0xe0 ? 1 : 0;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    code = lead & (0x3fu >> more);
    bool well = more != 0 && position + more < count;
    for (size_t i = 1; well && i <= more; ++i) {
        well = (bytes[position + i] & 0xc0) == 0x80;
        code = code << 6 | (bytes[position + i] & 0x3f);
    }
    if (!well || code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        ++position;
        return false;
    }
    position += more + 1;
    return true;
}
} // namespace

std::string to_utf8(const wchar_t *text, size_t characters, bool *malformed) {
    std::string out;
    out.reserve(characters);
    for (size_t i = 0; i < characters; ++i) {
        uint32_t unit = static_cast<uint16_t>(text[i]);
        if (unit >= 0xd800 && unit < 0xe000) {
            uint32_t low = i + 1 < characters ? static_cast<uint16_t>(text[i + 1]) : 0;
            if (unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
                unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                ++i;
            } else {
                unit = replacement;
                if (malformed != nullptr) *malformed = true;
            }
        }
        put(out, unit);
    }
    return out;
}

std::string to_utf8(const std::wstring &text) { return to_utf8(text.data(), text.size()); }

std::wstring from_utf8(const char *bytes, size_t count, bool *malformed) {
    std::wstring out;
    out.reserve(count);
    const unsigned char *input = reinterpret_cast<const unsigned char *>(bytes);
    for (size_t position = 0; position < count;) {
        uint32_t code;
        if (!take(input, count, position, code)) {
            code = replacement;
            if (malformed != nullptr) *malformed = true;
        }
        if (code < 0x10000) {
            out.push_back(static_cast<wchar_t>(code));
        } else {
            out.push_back(static_cast<wchar_t>(0xd800 + ((code - 0x10000) >> 10)));
            out.push_back(static_cast<wchar_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
        }
    }
    return out;
}

std::wstring from_utf8(const std::string &text) { return from_utf8(text.data(), text.size()); }

wchar_t fold(wchar_t character) {
    uint32_t c = static_cast<uint16_t>(character);
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? static_cast<wchar_t>(c + 32) : character;
    if (c >= 0xc0 && c <= 0xde && c != 0xd7) return static_cast<wchar_t>(c + 32);                     // Latin-1
    if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return static_cast<wchar_t>(c | 1);     // Latin Extended-A
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) return static_cast<wchar_t>((c & 1) ? c + 1 : c);
    if (c >= 0x14a && c <= 0x177) return static_cast<wchar_t>(c | 1);
    if (c == 0x178) return 0xff;
    if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) return static_cast<wchar_t>(c + 32);                  // Greek
    if (c >= 0x410 && c <= 0x42f) return static_cast<wchar_t>(c + 32);                                // Cyrillic
    if (c >= 0x400 && c <= 0x40f) return static_cast<wchar_t>(c + 80);
    return character;
}

bool equal_folded(const std::wstring &first, const std::wstring &second) {
    if (first.size() != second.size()) return false;
    for (size_t i = 0; i < first.size(); ++i)
        if (fold(first[i]) != fold(second[i])) return false;
    return true;
}

DWORD copy_out(const std::wstring &text, wchar_t *buffer, DWORD characters) {
    if (buffer == nullptr || characters <= text.size()) return static_cast<DWORD>(text.size() + 1);
    wmemcpy(buffer, text.c_str(), text.size() + 1);
    return static_cast<DWORD>(text.size());
}

} // namespace exeunt
