/*
 * ICertServerExit and ICertServerPolicy: what a module reads through, and a policy module writes.
 *
 * An object starts with context 0, which knows the CA's own properties. SetContext binds it to the request of a Notify or
 * VerifyRequest. What has no value is CERTSRV_E_PROPERTY_EMPTY; binary values are texts whose byte length counts.
 */
#ifndef EXEUNT_CERTIF_H
#define EXEUNT_CERTIF_H

#include "oaidl.h"

#define ENUMEXT_OBJECTID 0x1

EXEUNT_FORWARD(ICertServerExit);
EXEUNT_FORWARD(ICertServerPolicy);

/* The two interfaces share these, but not their places in the table: the policy's two setters stand among them. */
#define EXEUNT_SERVER_READ_PROPERTIES                                                                                          \
    STDMETHOD(SetContext)(THIS_ LONG context) PURE;                                                                            \
    STDMETHOD(GetRequestProperty)(THIS_ const BSTR name, LONG type, VARIANT *value) PURE;                                      \
    STDMETHOD(GetRequestAttribute)(THIS_ const BSTR name, BSTR *value) PURE;                                                   \
    STDMETHOD(GetCertificateProperty)(THIS_ const BSTR name, LONG type, VARIANT *value) PURE;
#define EXEUNT_SERVER_READ_EXTENSIONS                                                                                          \
    STDMETHOD(GetCertificateExtension)(THIS_ const BSTR name, LONG type, VARIANT *value) PURE;                                 \
    STDMETHOD(GetCertificateExtensionFlags)(THIS_ LONG * flags) PURE;
/* The next name until S_FALSE, then close. flags is zero. */
#define EXEUNT_SERVER_ENUMERATE                                                                                                \
    STDMETHOD(EnumerateExtensionsSetup)(THIS_ LONG flags) PURE;                                                                \
    STDMETHOD(EnumerateExtensions)(THIS_ BSTR * name) PURE;                                                                    \
    STDMETHOD(EnumerateExtensionsClose)(THIS) PURE;                                                                            \
    STDMETHOD(EnumerateAttributesSetup)(THIS_ LONG flags) PURE;                                                                \
    STDMETHOD(EnumerateAttributes)(THIS_ BSTR * name) PURE;                                                                    \
    STDMETHOD(EnumerateAttributesClose)(THIS) PURE;

EXTERN_C const IID IID_ICertServerExit; /* 4ba9eb90-732c-11d0-8816-00a0c903b83c */
#define INTERFACE ICertServerExit
DECLARE_INTERFACE_(ICertServerExit, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_SERVER_READ_PROPERTIES
    EXEUNT_SERVER_READ_EXTENSIONS
    EXEUNT_SERVER_ENUMERATE
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertServerExit, IID_ICertServerExit)

EXTERN_C const IID IID_ICertServerPolicy; /* aa000922-ffbe-11cf-8800-00a0c903b83c */
#define INTERFACE ICertServerPolicy
DECLARE_INTERFACE_(ICertServerPolicy, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_SERVER_READ_PROPERTIES
    STDMETHOD(SetCertificateProperty)(THIS_ const BSTR name, LONG type, const VARIANT *value) PURE;
    EXEUNT_SERVER_READ_EXTENSIONS
    STDMETHOD(SetCertificateExtension)(THIS_ const BSTR name, LONG type, LONG flags, const VARIANT *value) PURE;
    EXEUNT_SERVER_ENUMERATE
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertServerPolicy, IID_ICertServerPolicy)

#ifdef COBJMACROS
#define ICertServerExit_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertServerExit_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertServerExit_Release(This) EXEUNT_CALL(This, Release)
#define ICertServerExit_SetContext(This, ...) EXEUNT_CALL(This, SetContext, __VA_ARGS__)
#define ICertServerExit_GetRequestProperty(This, ...) EXEUNT_CALL(This, GetRequestProperty, __VA_ARGS__)
#define ICertServerExit_GetRequestAttribute(This, ...) EXEUNT_CALL(This, GetRequestAttribute, __VA_ARGS__)
#define ICertServerExit_GetCertificateProperty(This, ...) EXEUNT_CALL(This, GetCertificateProperty, __VA_ARGS__)
#define ICertServerExit_GetCertificateExtension(This, ...) EXEUNT_CALL(This, GetCertificateExtension, __VA_ARGS__)
#define ICertServerExit_GetCertificateExtensionFlags(This, ...) EXEUNT_CALL(This, GetCertificateExtensionFlags, __VA_ARGS__)
#define ICertServerExit_EnumerateExtensionsSetup(This, ...) EXEUNT_CALL(This, EnumerateExtensionsSetup, __VA_ARGS__)
#define ICertServerExit_EnumerateExtensions(This, ...) EXEUNT_CALL(This, EnumerateExtensions, __VA_ARGS__)
#define ICertServerExit_EnumerateExtensionsClose(This) EXEUNT_CALL(This, EnumerateExtensionsClose)
#define ICertServerExit_EnumerateAttributesSetup(This, ...) EXEUNT_CALL(This, EnumerateAttributesSetup, __VA_ARGS__)
#define ICertServerExit_EnumerateAttributes(This, ...) EXEUNT_CALL(This, EnumerateAttributes, __VA_ARGS__)
#define ICertServerExit_EnumerateAttributesClose(This) EXEUNT_CALL(This, EnumerateAttributesClose)
#define ICertServerPolicy_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertServerPolicy_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertServerPolicy_Release(This) EXEUNT_CALL(This, Release)
#define ICertServerPolicy_SetContext(This, ...) EXEUNT_CALL(This, SetContext, __VA_ARGS__)
#define ICertServerPolicy_GetRequestProperty(This, ...) EXEUNT_CALL(This, GetRequestProperty, __VA_ARGS__)
#define ICertServerPolicy_GetRequestAttribute(This, ...) EXEUNT_CALL(This, GetRequestAttribute, __VA_ARGS__)
#define ICertServerPolicy_GetCertificateProperty(This, ...) EXEUNT_CALL(This, GetCertificateProperty, __VA_ARGS__)
#define ICertServerPolicy_SetCertificateProperty(This, ...) EXEUNT_CALL(This, SetCertificateProperty, __VA_ARGS__)
#define ICertServerPolicy_GetCertificateExtension(This, ...) EXEUNT_CALL(This, GetCertificateExtension, __VA_ARGS__)
#define ICertServerPolicy_GetCertificateExtensionFlags(This, ...) EXEUNT_CALL(This, GetCertificateExtensionFlags, __VA_ARGS__)
#define ICertServerPolicy_SetCertificateExtension(This, ...) EXEUNT_CALL(This, SetCertificateExtension, __VA_ARGS__)
#define ICertServerPolicy_EnumerateExtensionsSetup(This, ...) EXEUNT_CALL(This, EnumerateExtensionsSetup, __VA_ARGS__)
#define ICertServerPolicy_EnumerateExtensions(This, ...) EXEUNT_CALL(This, EnumerateExtensions, __VA_ARGS__)
#define ICertServerPolicy_EnumerateExtensionsClose(This) EXEUNT_CALL(This, EnumerateExtensionsClose)
#define ICertServerPolicy_EnumerateAttributesSetup(This, ...) EXEUNT_CALL(This, EnumerateAttributesSetup, __VA_ARGS__)
#define ICertServerPolicy_EnumerateAttributes(This, ...) EXEUNT_CALL(This, EnumerateAttributes, __VA_ARGS__)
#define ICertServerPolicy_EnumerateAttributesClose(This) EXEUNT_CALL(This, EnumerateAttributesClose)
#endif

#endif
