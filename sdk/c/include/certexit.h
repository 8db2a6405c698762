/* ICertExit and ICertExit2: what an exit module is. */
#ifndef EXEUNT_CERTEXIT_H
#define EXEUNT_CERTEXIT_H

#include "certmod.h"

/* Events; a module answers Initialize with the sum of those it wants. */
#define EXITEVENT_INVALID 0x0
#define EXITEVENT_CERTISSUED 0x1
#define EXITEVENT_CERTPENDING 0x2
#define EXITEVENT_CERTDENIED 0x4 /* denied, or failed */
#define EXITEVENT_CERTREVOKED 0x8 /* revoked, or released from hold */
#define EXITEVENT_CERTRETRIEVEPENDING 0x10
#define EXITEVENT_CRLISSUED 0x20
#define EXITEVENT_SHUTDOWN 0x40
#define EXITEVENT_STARTUP 0x80 /* never sent: for a module's own use */
#define EXITEVENT_CERTIMPORTED 0x200

EXEUNT_FORWARD(ICertExit);
EXEUNT_FORWARD(ICertExit2);

/* Initialize gets the name of the CA, GetDescription may come before it. A context is valid until its Notify returns. */
#define EXEUNT_ICERTEXIT_METHODS                                                                                               \
    STDMETHOD(Initialize)(THIS_ const BSTR config, LONG *event_mask) PURE;                                                     \
    STDMETHOD(Notify)(THIS_ LONG event, LONG context) PURE;                                                                    \
    STDMETHOD(GetDescription)(THIS_ BSTR * description) PURE;

EXTERN_C const IID IID_ICertExit; /* e19ae1a0-7364-11d0-8816-00a0c903b83c */
#define INTERFACE ICertExit
DECLARE_INTERFACE_(ICertExit, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTEXIT_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertExit, IID_ICertExit)

EXTERN_C const IID IID_ICertExit2; /* 0abf484b-d049-464d-a7ed-552e7529b0ff */
#define INTERFACE ICertExit2
DECLARE_INTERFACE_(ICertExit2, ICertExit) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    EXEUNT_ICERTEXIT_METHODS
    STDMETHOD(GetManageModule)(THIS_ ICertManageModule * *manage) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertExit2, IID_ICertExit2)

#ifdef COBJMACROS
#define ICertExit_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertExit_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertExit_Release(This) EXEUNT_CALL(This, Release)
#define ICertExit_Initialize(This, ...) EXEUNT_CALL(This, Initialize, __VA_ARGS__)
#define ICertExit_Notify(This, ...) EXEUNT_CALL(This, Notify, __VA_ARGS__)
#define ICertExit_GetDescription(This, ...) EXEUNT_CALL(This, GetDescription, __VA_ARGS__)
#define ICertExit2_GetManageModule(This, ...) EXEUNT_CALL(This, GetManageModule, __VA_ARGS__)
#endif

#endif
