/* Of the cryptographic API only the conversion between bytes and text, and the names of objects that modules mention. */
#ifndef EXEUNT_WINCRYPT_H
#define EXEUNT_WINCRYPT_H

#include "windef.h"

EXEUNT_BEGIN_C

#define CRYPT_STRING_BASE64HEADER 0x0u
#define CRYPT_STRING_BASE64 0x1u
#define CRYPT_STRING_BINARY 0x2u
#define CRYPT_STRING_BASE64REQUESTHEADER 0x3u
#define CRYPT_STRING_HEX 0x4u
#define CRYPT_STRING_BASE64X509CRLHEADER 0x9u
#define CRYPT_STRING_HEXRAW 0xcu
#define CRYPT_STRING_NOCRLF 0x40000000u
#define CRYPT_STRING_NOCR 0x80000000u
/* The formats above; ERROR_INVALID_PARAMETER for another. Base64 has lines of 64 characters. */
BOOL CryptBinaryToStringW(const BYTE *bytes, DWORD count, DWORD flags, LPWSTR text, DWORD *characters);
BOOL CryptBinaryToStringA(const BYTE *bytes, DWORD count, DWORD flags, LPSTR text, DWORD *characters);
#define CryptBinaryToString CryptBinaryToStringW

EXEUNT_END_C

#define szOID_COMMON_NAME "2.5.4.3"
#define szOID_AUTHORITY_KEY_IDENTIFIER2 "2.5.29.35"
#define szOID_SUBJECT_KEY_IDENTIFIER "2.5.29.14"
#define szOID_KEY_USAGE "2.5.29.15"
#define szOID_SUBJECT_ALT_NAME2 "2.5.29.17"
#define szOID_BASIC_CONSTRAINTS2 "2.5.29.19"
#define szOID_CRL_DIST_POINTS "2.5.29.31"
#define szOID_CERT_POLICIES "2.5.29.32"
#define szOID_ENHANCED_KEY_USAGE "2.5.29.37"
#define szOID_AUTHORITY_INFO_ACCESS "1.3.6.1.5.5.7.1.1"
#define szOID_ENROLL_CERTTYPE_EXTENSION "1.3.6.1.4.1.311.20.2"
#define szOID_CERTSRV_CA_VERSION "1.3.6.1.4.1.311.21.1"
#define szOID_CERTIFICATE_TEMPLATE "1.3.6.1.4.1.311.21.7"
#define szOID_APPLICATION_CERT_POLICIES "1.3.6.1.4.1.311.21.10"
#define szOID_PKIX_KP_SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define szOID_PKIX_KP_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

#endif
