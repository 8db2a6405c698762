/* The encoding objects. Of these the host has CCertEncodeBitString, which policy modules use for key usage. */
#ifndef EXEUNT_CERTENC_H
#define EXEUNT_CERTENC_H

#include "oaidl.h"

EXTERN_C const CLSID CLSID_CCertEncodeBitString; /* 6d6b3cd8-1278-11d1-9bd4-00c04fb683fa */
#ifdef __cplusplus
class CCertEncodeBitString;
#endif
EXEUNT_UUIDOF(CCertEncodeBitString, CLSID_CCertEncodeBitString)

EXEUNT_FORWARD(ICertEncodeBitString);
EXTERN_C const IID IID_ICertEncodeBitString; /* 6db525be-1278-11d1-9bd4-00c04fb683fa */
#define INTERFACE ICertEncodeBitString
DECLARE_INTERFACE_(ICertEncodeBitString, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    STDMETHOD(Decode)(THIS_ const BSTR der) PURE;
    STDMETHOD(GetBitCount)(THIS_ LONG * bits) PURE;
    STDMETHOD(GetBitString)(THIS_ BSTR * bytes) PURE;
    STDMETHOD(Encode)(THIS_ LONG bits, BSTR bytes, BSTR * der) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertEncodeBitString, IID_ICertEncodeBitString)

#endif
