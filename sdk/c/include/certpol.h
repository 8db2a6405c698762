/* ICertPolicy and ICertPolicy2: what a policy module is. The answers of VerifyRequest (VR_*) are in certsrv.h. */
#ifndef EXEUNT_CERTPOL_H
#define EXEUNT_CERTPOL_H

#include "certmod.h"

EXEUNT_FORWARD(ICertPolicy);
EXEUNT_FORWARD(ICertPolicy2);

/* VerifyRequest: new_request is zero when a request is submitted again by an administrator; flags is zero. The disposition is
 * a VR_* value, or a failing HRESULT, which denies with that status. A failing result of the method makes the request failed. */
#define EXEUNT_ICERTPOLICY_METHODS                                                                                             \
    STDMETHOD(Initialize)(THIS_ const BSTR config) PURE;                                                                       \
    STDMETHOD(VerifyRequest)                                                                                                   \
    (THIS_ const BSTR config, LONG context, LONG new_request, LONG flags, LONG *disposition) PURE;                             \
    STDMETHOD(GetDescription)(THIS_ BSTR * description) PURE;                                                                  \
    STDMETHOD(ShutDown)(THIS) PURE;

EXTERN_C const IID IID_ICertPolicy; /* 38bb5a00-7636-11d0-b413-00a0c91bbf8c */
#define INTERFACE ICertPolicy
DECLARE_INTERFACE_(ICertPolicy, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTPOLICY_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertPolicy, IID_ICertPolicy)

EXTERN_C const IID IID_ICertPolicy2; /* 3db4910e-8001-4bf1-aa1b-f43a808317a0 */
#define INTERFACE ICertPolicy2
DECLARE_INTERFACE_(ICertPolicy2, ICertPolicy) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTPOLICY_METHODS
    STDMETHOD(GetManageModule)(THIS_ ICertManageModule * *manage) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertPolicy2, IID_ICertPolicy2)

#ifdef COBJMACROS
#define ICertPolicy_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertPolicy_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertPolicy_Release(This) EXEUNT_CALL(This, Release)
#define ICertPolicy_Initialize(This, ...) EXEUNT_CALL(This, Initialize, __VA_ARGS__)
#define ICertPolicy_VerifyRequest(This, ...) EXEUNT_CALL(This, VerifyRequest, __VA_ARGS__)
#define ICertPolicy_GetDescription(This, ...) EXEUNT_CALL(This, GetDescription, __VA_ARGS__)
#define ICertPolicy_ShutDown(This) EXEUNT_CALL(This, ShutDown)
#define ICertPolicy2_GetManageModule(This, ...) EXEUNT_CALL(This, GetManageModule, __VA_ARGS__)
#endif

#endif
