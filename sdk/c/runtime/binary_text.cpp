// CryptBinaryToString: base64 (RFC 4648 4), with a header (RFC 7468) or without, and hexadecimal digits.

#include <wincrypt.h>

#include "runtime.h"

namespace {

std::string base64(const BYTE *bytes, DWORD count, const std::string &line_end) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    size_t column = 0;
    for (DWORD i = 0; i < count; i += 3) {
        DWORD left = count - i;
        uint32_t group = static_cast<uint32_t>(bytes[i]) << 16;
        if (left > 1) group |= static_cast<uint32_t>(bytes[i + 1]) << 8;
        if (left > 2) group |= bytes[i + 2];
        char four[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], left > 1 ? alphabet[group >> 6 & 63] : '=',
                        left > 2 ? alphabet[group & 63] : '='};
        out.append(four, 4);
        column += 4;
        if (column == 64) {
            out += line_end;
            column = 0;
        }
    }
    if (column != 0) out += line_end;
    return out;
}

std::string digits(BYTE byte) {
    static const char alphabet[] = "0123456789abcdef";
    return {alphabet[byte >> 4], alphabet[byte & 15]};
}

std::string hexadecimal(const BYTE *bytes, DWORD count) {
    std::string out;
    for (DWORD i = 0; i < count; ++i) out += digits(bytes[i]);
    return out;
}

// Pairs, 16 to a line, with a gap in the middle.
std::string dump(const BYTE *bytes, DWORD count, const std::string &line_end) {
    std::string out;
    for (DWORD i = 0; i < count; ++i) {
        if (i > 0) out += i % 16 == 0 ? (line_end.empty() ? " " : line_end) : i % 8 == 0 ? "  " : " ";
        out += digits(bytes[i]);
    }
    return out + line_end;
}

bool convert(const BYTE *bytes, DWORD count, DWORD flags, std::string &out) {
    std::string line_end = (flags & CRYPT_STRING_NOCRLF) != 0 ? "" : (flags & CRYPT_STRING_NOCR) != 0 ? "\n" : "\r\n";
    const char *label = nullptr;
    switch (flags & 0x0fffffff) {
    case CRYPT_STRING_BASE64:
        out = base64(bytes, count, line_end);
        return true;
    case CRYPT_STRING_BASE64HEADER:
        label = "CERTIFICATE";
        break;
    case CRYPT_STRING_BASE64REQUESTHEADER:
        label = "NEW CERTIFICATE REQUEST";
        break;
    case CRYPT_STRING_BASE64X509CRLHEADER:
        label = "X509 CRL";
        break;
    case CRYPT_STRING_HEX:
        out = dump(bytes, count, line_end);
        return true;
    case CRYPT_STRING_HEXRAW:
        out = hexadecimal(bytes, count) + line_end;
        return true;
    default:
        return exeunt::fail(ERROR_INVALID_PARAMETER);
    }
    if (line_end.empty()) line_end = "\n"; // a header must stand on a line of its own
    out = std::string("-----BEGIN ") + label + "-----" + line_end + base64(bytes, count, line_end) + "-----END " + label + "-----" + line_end;
    return true;
}

// The count includes the terminator where only the room is asked for, and leaves it out where the text is written.
template <typename Unit> BOOL deliver(const std::string &made, Unit *text, DWORD *characters) {
    DWORD needed = static_cast<DWORD>(made.size() + 1);
    if (text == nullptr) {
        *characters = needed;
        return TRUE;
    }
    if (*characters < needed) {
        *characters = needed;
        return exeunt::fail(ERROR_MORE_DATA);
    }
    for (size_t i = 0; i < made.size(); ++i) text[i] = static_cast<Unit>(made[i]);
    text[made.size()] = 0;
    *characters = needed - 1;
    return TRUE;
}

} // namespace

extern "C" {

BOOL CryptBinaryToStringW(const BYTE *bytes, DWORD count, DWORD flags, LPWSTR text, DWORD *characters) {
    std::string made;
    if (bytes == nullptr || characters == nullptr) return exeunt::fail(ERROR_INVALID_PARAMETER);
    return convert(bytes, count, flags, made) && deliver(made, text, characters);
}
BOOL CryptBinaryToStringA(const BYTE *bytes, DWORD count, DWORD flags, LPSTR text, DWORD *characters) {
    std::string made;
    if (bytes == nullptr || characters == nullptr) return exeunt::fail(ERROR_INVALID_PARAMETER);
    return convert(bytes, count, flags, made) && deliver(made, text, characters);
}

} // extern "C"
