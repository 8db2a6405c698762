/*
 * The second interfaces of the encoding objects: DER, names and bits as texts. No module includes this file: certenc.h does, for
 * Linux and, by windows/include, for mingw-w64, whose header ends at the first interfaces.
 *
 * Order and identifiers of the methods are those of certenc.h in the Windows SDK.
 */
#ifndef EXEUNT_CERTENC2_H
#define EXEUNT_CERTENC2_H

/* How bytes are a text, for the second interfaces: those of CryptBinaryToString. NOCRLF and NOCR are added to another. */
#ifndef _INC_CERTENROLL
typedef enum EncodingType {
    XCN_CRYPT_STRING_BASE64HEADER = 0,
    XCN_CRYPT_STRING_BASE64 = 0x1,
    XCN_CRYPT_STRING_BINARY = 0x2,
    XCN_CRYPT_STRING_BASE64REQUESTHEADER = 0x3,
    XCN_CRYPT_STRING_HEX = 0x4,
    XCN_CRYPT_STRING_HEXASCII = 0x5,
    XCN_CRYPT_STRING_BASE64_ANY = 0x6,
    XCN_CRYPT_STRING_ANY = 0x7,
    XCN_CRYPT_STRING_HEX_ANY = 0x8,
    XCN_CRYPT_STRING_BASE64X509CRLHEADER = 0x9,
    XCN_CRYPT_STRING_HEXADDR = 0xa,
    XCN_CRYPT_STRING_HEXASCIIADDR = 0xb,
    XCN_CRYPT_STRING_HEXRAW = 0xc,
    XCN_CRYPT_STRING_BASE64URI = 0xd,
    XCN_CRYPT_STRING_NOCRLF = 0x40000000,
    XCN_CRYPT_STRING_NOCR = (int)0x80000000
} EncodingType;
#endif

#ifdef __cplusplus
#define EXEUNT_OR_BASE64 = XCN_CRYPT_STRING_BASE64
#else
#define EXEUNT_OR_BASE64
#endif

EXEUNT_FORWARD(ICertEncodeStringArray2);
EXTERN_C const IID IID_ICertEncodeStringArray2; /* 9c680d93-9b7d-4e95-9018-4ffe10ba5ada */
#define INTERFACE ICertEncodeStringArray2
DECLARE_INTERFACE_(ICertEncodeStringArray2, ICertEncodeStringArray) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODESTRINGARRAY_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)(THIS_ EncodingType encoding, BSTR *text) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeStringArray2, IID_ICertEncodeStringArray2)

EXEUNT_FORWARD(ICertEncodeLongArray2);
EXTERN_C const IID IID_ICertEncodeLongArray2; /* 4efde84a-bd9b-4fc2-a108-c347d478840f */
#define INTERFACE ICertEncodeLongArray2
DECLARE_INTERFACE_(ICertEncodeLongArray2, ICertEncodeLongArray) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODELONGARRAY_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)(THIS_ EncodingType encoding, BSTR *text) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeLongArray2, IID_ICertEncodeLongArray2)

EXEUNT_FORWARD(ICertEncodeDateArray2);
EXTERN_C const IID IID_ICertEncodeDateArray2; /* 99a4edb5-2b8e-448d-bf95-bba8d7789dc8 */
#define INTERFACE ICertEncodeDateArray2
DECLARE_INTERFACE_(ICertEncodeDateArray2, ICertEncodeDateArray) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODEDATEARRAY_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)(THIS_ EncodingType encoding, BSTR *text) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeDateArray2, IID_ICertEncodeDateArray2)

EXEUNT_FORWARD(ICertEncodeCRLDistInfo2);
EXTERN_C const IID IID_ICertEncodeCRLDistInfo2; /* b4275d4b-3e30-446f-ad36-09d03120b078 */
#define INTERFACE ICertEncodeCRLDistInfo2
DECLARE_INTERFACE_(ICertEncodeCRLDistInfo2, ICertEncodeCRLDistInfo) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODECRLDISTINFO_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)(THIS_ EncodingType encoding, BSTR *text) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeCRLDistInfo2, IID_ICertEncodeCRLDistInfo2)

/* Values of bytes (addresses, directory names, values of other names) are in the encoding, texts stay what they are. */
EXEUNT_FORWARD(ICertEncodeAltName2);
EXTERN_C const IID IID_ICertEncodeAltName2; /* f67fe177-5ef1-4535-b4ce-29df15e2e0c3 */
#define INTERFACE ICertEncodeAltName2
DECLARE_INTERFACE_(ICertEncodeAltName2, ICertEncodeAltName) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODEALTNAME_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)(THIS_ EncodingType encoding, BSTR *text) PURE;
    STDMETHOD(GetNameBlob)(THIS_ LONG name, EncodingType encoding, BSTR *value) PURE;
    STDMETHOD(SetNameEntryBlob)(THIS_ LONG name, LONG choice, const BSTR value, EncodingType encoding EXEUNT_OR_BASE64) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeAltName2, IID_ICertEncodeAltName2)

/* The bits are in encoding_in, the DER in encoding. */
EXEUNT_FORWARD(ICertEncodeBitString2);
EXTERN_C const IID IID_ICertEncodeBitString2; /* e070d6e7-23ef-4dd2-8242-ebd9c928cb30 */
#define INTERFACE ICertEncodeBitString2
DECLARE_INTERFACE_(ICertEncodeBitString2, ICertEncodeBitString) {
    EXEUNT_FIRST(EXEUNT_ICERTENCODEBITSTRING_METHODS)
    STDMETHOD(DecodeBlob)(THIS_ const BSTR text, EncodingType encoding EXEUNT_OR_BASE64) PURE;
    STDMETHOD(EncodeBlob)
    (THIS_ LONG bits, const BSTR bytes, EncodingType encoding_in, EncodingType encoding, BSTR *text) PURE;
    STDMETHOD(GetBitStringBlob)(THIS_ EncodingType encoding, BSTR *bits) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeBitString2, IID_ICertEncodeBitString2)

#undef EXEUNT_OR_BASE64

#ifdef COBJMACROS
#define ICertEncodeStringArray2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeStringArray2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeStringArray2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeStringArray2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeStringArray2_GetStringType(This, ...) EXEUNT_CALL(This, GetStringType, __VA_ARGS__)
#define ICertEncodeStringArray2_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeStringArray2_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeStringArray2_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeStringArray2_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeStringArray2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeStringArray2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeStringArray2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeLongArray2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeLongArray2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeLongArray2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeLongArray2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeLongArray2_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeLongArray2_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeLongArray2_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeLongArray2_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeLongArray2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeLongArray2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeLongArray2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeDateArray2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeDateArray2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeDateArray2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeDateArray2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeDateArray2_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeDateArray2_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeDateArray2_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeDateArray2_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeDateArray2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeDateArray2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeDateArray2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeCRLDistInfo2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeCRLDistInfo2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_GetDistPointCount(This, ...) EXEUNT_CALL(This, GetDistPointCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_GetNameCount(This, ...) EXEUNT_CALL(This, GetNameCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_GetNameChoice(This, ...) EXEUNT_CALL(This, GetNameChoice, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_GetName(This, ...) EXEUNT_CALL(This, GetName, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_SetNameCount(This, ...) EXEUNT_CALL(This, SetNameCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_SetNameEntry(This, ...) EXEUNT_CALL(This, SetNameEntry, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeCRLDistInfo2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeAltName2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeAltName2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeAltName2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeAltName2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeAltName2_GetNameCount(This, ...) EXEUNT_CALL(This, GetNameCount, __VA_ARGS__)
#define ICertEncodeAltName2_GetNameChoice(This, ...) EXEUNT_CALL(This, GetNameChoice, __VA_ARGS__)
#define ICertEncodeAltName2_GetName(This, ...) EXEUNT_CALL(This, GetName, __VA_ARGS__)
#define ICertEncodeAltName2_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeAltName2_SetNameEntry(This, ...) EXEUNT_CALL(This, SetNameEntry, __VA_ARGS__)
#define ICertEncodeAltName2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeAltName2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeAltName2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeAltName2_GetNameBlob(This, ...) EXEUNT_CALL(This, GetNameBlob, __VA_ARGS__)
#define ICertEncodeAltName2_SetNameEntryBlob(This, ...) EXEUNT_CALL(This, SetNameEntryBlob, __VA_ARGS__)
#define ICertEncodeBitString2_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeBitString2_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeBitString2_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeBitString2_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeBitString2_GetBitCount(This, ...) EXEUNT_CALL(This, GetBitCount, __VA_ARGS__)
#define ICertEncodeBitString2_GetBitString(This, ...) EXEUNT_CALL(This, GetBitString, __VA_ARGS__)
#define ICertEncodeBitString2_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeBitString2_DecodeBlob(This, ...) EXEUNT_CALL(This, DecodeBlob, __VA_ARGS__)
#define ICertEncodeBitString2_EncodeBlob(This, ...) EXEUNT_CALL(This, EncodeBlob, __VA_ARGS__)
#define ICertEncodeBitString2_GetBitStringBlob(This, ...) EXEUNT_CALL(This, GetBitStringBlob, __VA_ARGS__)
#endif

#endif
