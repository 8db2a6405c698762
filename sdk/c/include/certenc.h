/*
 * The encoding objects: extension values, made and read. Each is filled by Decode, or sized by Reset and filled element by
 * element; indexes count from 0. A BSTR of DER counts by its bytes. E_UNEXPECTED for an object that holds nothing yet,
 * E_INVALIDARG for an index outside and for what cannot be encoded, ERROR_INVALID_DATA for bytes that are something else.
 */
#ifndef EXEUNT_CERTENC_H
#define EXEUNT_CERTENC_H

#include "oaidl.h"

/* In the index of a name: the type of a CERT_ALT_NAME_OTHER_NAME, not its value. */
#define EAN_NAMEOBJECTID 0x80000000

EXTERN_C const CLSID CLSID_CCertEncodeStringArray; /* 19a76fe0-7494-11d0-8816-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertEncodeLongArray;   /* 4e0680a0-a0a2-11d0-8821-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertEncodeDateArray;   /* 301f77b0-a470-11d0-8821-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertEncodeCRLDistInfo; /* 01fa60a0-bbff-11d0-8825-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertEncodeAltName;     /* 1cfc4cda-1271-11d1-9bd4-00c04fb683fa */
EXTERN_C const CLSID CLSID_CCertEncodeBitString;   /* 6d6b3cd8-1278-11d1-9bd4-00c04fb683fa */
#ifdef __cplusplus
class CCertEncodeStringArray;
class CCertEncodeLongArray;
class CCertEncodeDateArray;
class CCertEncodeCRLDistInfo;
class CCertEncodeAltName;
class CCertEncodeBitString;
#endif
EXEUNT_UUIDOF(CCertEncodeStringArray, CLSID_CCertEncodeStringArray)
EXEUNT_UUIDOF(CCertEncodeLongArray, CLSID_CCertEncodeLongArray)
EXEUNT_UUIDOF(CCertEncodeDateArray, CLSID_CCertEncodeDateArray)
EXEUNT_UUIDOF(CCertEncodeCRLDistInfo, CLSID_CCertEncodeCRLDistInfo)
EXEUNT_UUIDOF(CCertEncodeAltName, CLSID_CCertEncodeAltName)
EXEUNT_UUIDOF(CCertEncodeBitString, CLSID_CCertEncodeBitString)

/* SEQUENCE OF strings. The type is one of CERT_RDN_*_STRING, or CERT_RDN_ANY_TYPE: PrintableString where that
 * can hold a text, BMPString else. */
#define EXEUNT_ICERTENCODESTRINGARRAY_METHODS                                                                                  \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetStringType)(THIS_ LONG * type) PURE;                                                                          \
    STDMETHOD(GetCount)(THIS_ LONG * count) PURE;                                                                              \
    STDMETHOD(GetValue)(THIS_ LONG index, BSTR * text) PURE;                                                                   \
    STDMETHOD(Reset)(THIS_ LONG count, LONG type) PURE;                                                                        \
    STDMETHOD(SetValue)(THIS_ LONG index, const BSTR text) PURE;                                                               \
    STDMETHOD(Encode)(THIS_ BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeStringArray);
EXTERN_C const IID IID_ICertEncodeStringArray; /* 12a88820-7494-11d0-8816-00a0c903b83c */
#define INTERFACE ICertEncodeStringArray
DECLARE_INTERFACE_(ICertEncodeStringArray, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODESTRINGARRAY_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeStringArray, IID_ICertEncodeStringArray)

/* SEQUENCE OF INTEGER. */
#define EXEUNT_ICERTENCODELONGARRAY_METHODS                                                                                    \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetCount)(THIS_ LONG * count) PURE;                                                                              \
    STDMETHOD(GetValue)(THIS_ LONG index, LONG * value) PURE;                                                                  \
    STDMETHOD(Reset)(THIS_ LONG count) PURE;                                                                                   \
    STDMETHOD(SetValue)(THIS_ LONG index, LONG value) PURE;                                                                    \
    STDMETHOD(Encode)(THIS_ BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeLongArray);
EXTERN_C const IID IID_ICertEncodeLongArray; /* 15e2f230-a0a2-11d0-8821-00a0c903b83c */
#define INTERFACE ICertEncodeLongArray
DECLARE_INTERFACE_(ICertEncodeLongArray, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODELONGARRAY_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeLongArray, IID_ICertEncodeLongArray)

/* SEQUENCE OF UTCTime (1950 to 2049) or GeneralizedTime, with whole seconds. */
#define EXEUNT_ICERTENCODEDATEARRAY_METHODS                                                                                    \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetCount)(THIS_ LONG * count) PURE;                                                                              \
    STDMETHOD(GetValue)(THIS_ LONG index, DATE * value) PURE;                                                                  \
    STDMETHOD(Reset)(THIS_ LONG count) PURE;                                                                                   \
    STDMETHOD(SetValue)(THIS_ LONG index, DATE value) PURE;                                                                    \
    STDMETHOD(Encode)(THIS_ BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeDateArray);
EXTERN_C const IID IID_ICertEncodeDateArray; /* 2f9469a0-a470-11d0-8821-00a0c903b83c */
#define INTERFACE ICertEncodeDateArray
DECLARE_INTERFACE_(ICertEncodeDateArray, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODEDATEARRAY_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeDateArray, IID_ICertEncodeDateArray)

/* CRL distribution points: full names, with the choices and values of ICertEncodeAltName. */
#define EXEUNT_ICERTENCODECRLDISTINFO_METHODS                                                                                  \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetDistPointCount)(THIS_ LONG * points) PURE;                                                                    \
    STDMETHOD(GetNameCount)(THIS_ LONG point, LONG * names) PURE;                                                              \
    STDMETHOD(GetNameChoice)(THIS_ LONG point, LONG name, LONG * choice) PURE;                                                 \
    STDMETHOD(GetName)(THIS_ LONG point, LONG name, BSTR * value) PURE;                                                        \
    STDMETHOD(Reset)(THIS_ LONG points) PURE;                                                                                  \
    STDMETHOD(SetNameCount)(THIS_ LONG point, LONG names) PURE;                                                                \
    STDMETHOD(SetNameEntry)(THIS_ LONG point, LONG name, LONG choice, const BSTR value) PURE;                                  \
    STDMETHOD(Encode)(THIS_ BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeCRLDistInfo);
EXTERN_C const IID IID_ICertEncodeCRLDistInfo; /* 01958640-bbff-11d0-8825-00a0c903b83c */
#define INTERFACE ICertEncodeCRLDistInfo
DECLARE_INTERFACE_(ICertEncodeCRLDistInfo, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODECRLDISTINFO_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeCRLDistInfo, IID_ICertEncodeCRLDistInfo)

/* Alternative names. The choice is one of CERT_ALT_NAME_*. The value is a text for e-mail addresses, DNS names, URLs and
 * registered identifiers; bytes for addresses (4 or 16), and DER for directory names and the value of an other name, whose type is
 * a text at the index with EAN_NAMEOBJECTID. */
#define EXEUNT_ICERTENCODEALTNAME_METHODS                                                                                      \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetNameCount)(THIS_ LONG * names) PURE;                                                                          \
    STDMETHOD(GetNameChoice)(THIS_ LONG name, LONG * choice) PURE;                                                             \
    STDMETHOD(GetName)(THIS_ LONG name, BSTR * value) PURE;                                                                    \
    STDMETHOD(Reset)(THIS_ LONG names) PURE;                                                                                   \
    STDMETHOD(SetNameEntry)(THIS_ LONG name, LONG choice, const BSTR value) PURE;                                              \
    STDMETHOD(Encode)(THIS_ BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeAltName);
EXTERN_C const IID IID_ICertEncodeAltName; /* 1c9a8c70-1271-11d1-9bd4-00c04fb683fa */
#define INTERFACE ICertEncodeAltName
DECLARE_INTERFACE_(ICertEncodeAltName, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODEALTNAME_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeAltName, IID_ICertEncodeAltName)

/* BIT STRING, as key usage is. */
#define EXEUNT_ICERTENCODEBITSTRING_METHODS                                                                                    \
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;                                                                              \
    STDMETHOD(GetBitCount)(THIS_ LONG * bits) PURE;                                                                            \
    STDMETHOD(GetBitString)(THIS_ BSTR * bytes) PURE;                                                                          \
    STDMETHOD(Encode)(THIS_ LONG bits, BSTR bytes, BSTR * der) PURE;

EXEUNT_FORWARD(ICertEncodeBitString);
EXTERN_C const IID IID_ICertEncodeBitString; /* 6db525be-1278-11d1-9bd4-00c04fb683fa */
#define INTERFACE ICertEncodeBitString
DECLARE_INTERFACE_(ICertEncodeBitString, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTENCODEBITSTRING_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeBitString, IID_ICertEncodeBitString)

/* The first interfaces again, with their methods in the tables of C: in C++ they are inherited. */
#define EXEUNT_FIRST(methods) EXEUNT_IUNKNOWN_METHODS EXEUNT_IDISPATCH_METHODS methods
#include "exeunt_certenc2.h"
#undef EXEUNT_FIRST

#ifdef COBJMACROS
#define ICertEncodeStringArray_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeStringArray_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeStringArray_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeStringArray_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeStringArray_GetStringType(This, ...) EXEUNT_CALL(This, GetStringType, __VA_ARGS__)
#define ICertEncodeStringArray_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeStringArray_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeStringArray_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeStringArray_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeStringArray_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeLongArray_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeLongArray_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeLongArray_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeLongArray_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeLongArray_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeLongArray_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeLongArray_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeLongArray_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeLongArray_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeDateArray_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeDateArray_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeDateArray_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeDateArray_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeDateArray_GetCount(This, ...) EXEUNT_CALL(This, GetCount, __VA_ARGS__)
#define ICertEncodeDateArray_GetValue(This, ...) EXEUNT_CALL(This, GetValue, __VA_ARGS__)
#define ICertEncodeDateArray_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeDateArray_SetValue(This, ...) EXEUNT_CALL(This, SetValue, __VA_ARGS__)
#define ICertEncodeDateArray_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeCRLDistInfo_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeCRLDistInfo_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_GetDistPointCount(This, ...) EXEUNT_CALL(This, GetDistPointCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_GetNameCount(This, ...) EXEUNT_CALL(This, GetNameCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_GetNameChoice(This, ...) EXEUNT_CALL(This, GetNameChoice, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_GetName(This, ...) EXEUNT_CALL(This, GetName, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_SetNameCount(This, ...) EXEUNT_CALL(This, SetNameCount, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_SetNameEntry(This, ...) EXEUNT_CALL(This, SetNameEntry, __VA_ARGS__)
#define ICertEncodeCRLDistInfo_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeAltName_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeAltName_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeAltName_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeAltName_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeAltName_GetNameCount(This, ...) EXEUNT_CALL(This, GetNameCount, __VA_ARGS__)
#define ICertEncodeAltName_GetNameChoice(This, ...) EXEUNT_CALL(This, GetNameChoice, __VA_ARGS__)
#define ICertEncodeAltName_GetName(This, ...) EXEUNT_CALL(This, GetName, __VA_ARGS__)
#define ICertEncodeAltName_Reset(This, ...) EXEUNT_CALL(This, Reset, __VA_ARGS__)
#define ICertEncodeAltName_SetNameEntry(This, ...) EXEUNT_CALL(This, SetNameEntry, __VA_ARGS__)
#define ICertEncodeAltName_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#define ICertEncodeBitString_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertEncodeBitString_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertEncodeBitString_Release(This) EXEUNT_CALL(This, Release)
#define ICertEncodeBitString_Decode(This, ...) EXEUNT_CALL(This, Decode, __VA_ARGS__)
#define ICertEncodeBitString_GetBitCount(This, ...) EXEUNT_CALL(This, GetBitCount, __VA_ARGS__)
#define ICertEncodeBitString_GetBitString(This, ...) EXEUNT_CALL(This, GetBitString, __VA_ARGS__)
#define ICertEncodeBitString_Encode(This, ...) EXEUNT_CALL(This, Encode, __VA_ARGS__)
#endif

#endif
