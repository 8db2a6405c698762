/* The classes that the host creates for a module, ICertConfig, and the constants of requests. */
#ifndef EXEUNT_CERTCLI_H
#define EXEUNT_CERTCLI_H

#include "certif.h"

EXTERN_C const CLSID CLSID_CCertServerExit;   /* 4c4a5e40-732c-11d0-8816-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertServerPolicy; /* aa000926-ffbe-11cf-8800-00a0c903b83c */
EXTERN_C const CLSID CLSID_CCertConfig;       /* 372fce38-4324-11d0-8810-00a0c903b83c */
#ifdef __cplusplus
class CCertServerExit;
class CCertServerPolicy;
class CCertConfig;
#endif
EXEUNT_UUIDOF(CCertServerExit, CLSID_CCertServerExit)
EXEUNT_UUIDOF(CCertServerPolicy, CLSID_CCertServerPolicy)
EXEUNT_UUIDOF(CCertConfig, CLSID_CCertConfig)

#define wszCONFIG_COMMONNAME L"CommonName"
#define wszCONFIG_ORGUNIT L"OrgUnit"
#define wszCONFIG_ORGANIZATION L"Organization"
#define wszCONFIG_LOCALITY L"Locality"
#define wszCONFIG_STATE L"State"
#define wszCONFIG_COUNTRY L"Country"
#define wszCONFIG_CONFIG L"Config"
#define wszCONFIG_EXCHANGECERTIFICATE L"ExchangeCertificate"
#define wszCONFIG_SIGNATURECERTIFICATE L"SignatureCertificate"
#define wszCONFIG_DESCRIPTION L"Description"
#define wszCONFIG_COMMENT L"Comment"
#define wszCONFIG_SERVER L"Server"
#define wszCONFIG_AUTHORITY L"Authority"
#define wszCONFIG_SANITIZEDNAME L"SanitizedName"
#define wszCONFIG_SHORTNAME L"ShortName"
#define wszCONFIG_SANITIZEDSHORTNAME L"SanitizedShortName"
#define wszCONFIG_FLAGS L"Flags"
#define CAIF_DSENTRY 0x1
#define CAIF_SHAREDFOLDERENTRY 0x2
#define CAIF_REGISTRY 0x4
#define CAIF_LOCAL 0x8
#define CAIF_REGISTRYPARENT 0x10

#define CC_DEFAULTCONFIG 0
#define CC_UIPICKCONFIG 0x1
#define CC_FIRSTCONFIG 0x2
#define CC_LOCALCONFIG 0x3
#define CC_LOCALACTIVECONFIG 0x4
#define CC_UIPICKCONFIGSKIPLOCALCA 0x5

EXEUNT_FORWARD(ICertConfig);
EXTERN_C const IID IID_ICertConfig; /* 372fce34-4324-11d0-8810-00a0c903b83c */
#define INTERFACE ICertConfig
DECLARE_INTERFACE_(ICertConfig, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    STDMETHOD(Reset)(THIS_ LONG index, LONG * count) PURE;
    STDMETHOD(Next)(THIS_ LONG * index) PURE;
    STDMETHOD(GetField)(THIS_ const BSTR name, BSTR *value) PURE;
    STDMETHOD(GetConfig)(THIS_ LONG flags, BSTR * config) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertConfig, IID_ICertConfig)

/* Request.RequestType: encoding, format, origin. */
#define CR_IN_BASE64HEADER 0x0
#define CR_IN_BASE64 0x1
#define CR_IN_BINARY 0x2
#define CR_IN_ENCODEANY 0xff
#define CR_IN_ENCODEMASK 0xff
#define CR_IN_FORMATANY 0x0
#define CR_IN_PKCS10 0x100
#define CR_IN_KEYGEN 0x200
#define CR_IN_PKCS7 0x300
#define CR_IN_CMC 0x400
#define CR_IN_CHALLENGERESPONSE 0x500
#define CR_IN_SIGNEDCERTIFICATETIMESTAMPLIST 0x600
#define CR_IN_FORMATMASK 0xff00
#define CR_IN_SCEP 0x10000
#define CR_IN_RPC 0x20000
#define CR_IN_HTTP 0x30000
#define CR_IN_FULLRESPONSE 0x40000
#define CR_IN_CRLS 0x80000
#define CR_IN_MACHINE 0x100000
#define CR_IN_ROBO 0x200000
#define CR_IN_CLIENTIDNONE 0x400000
#define CR_IN_CONNECTONLY 0x800000
#define CR_IN_RETURNCHALLENGE 0x1000000
#define CR_IN_SCEPPOST 0x2000000
#define CR_IN_CERTIFICATETRANSPARENCY 0x4000000
#define CR_IN_PRESIGN 0x8000000

#define CR_DISP_INCOMPLETE 0
#define CR_DISP_ERROR 0x1
#define CR_DISP_DENIED 0x2
#define CR_DISP_ISSUED 0x3
#define CR_DISP_ISSUED_OUT_OF_BAND 0x4
#define CR_DISP_UNDER_SUBMISSION 0x5
#define CR_DISP_REVOKED 0x6

#define CR_OUT_BASE64HEADER 0x0
#define CR_OUT_BASE64 0x1
#define CR_OUT_BINARY 0x2
#define CR_OUT_BASE64REQUESTHEADER 0x3
#define CR_OUT_HEX 0x4
#define CR_OUT_BASE64X509CRLHEADER 0x9
#define CR_OUT_ENCODEMASK 0xff
#define CR_OUT_CHAIN 0x100
#define CR_OUT_CRLS 0x200
#define CR_OUT_NOCRLF 0x40000000
#define CR_OUT_NOCR 0x80000000

#endif
