/* ICertManageModule: what a module says about itself to the tools of administration. */
#ifndef EXEUNT_CERTMOD_H
#define EXEUNT_CERTMOD_H

#include "oaidl.h"

#define wszCMM_PROP_NAME L"Name"
#define wszCMM_PROP_DESCRIPTION L"Description"
#define wszCMM_PROP_COPYRIGHT L"Copyright"
#define wszCMM_PROP_FILEVER L"File Version"
#define wszCMM_PROP_PRODUCTVER L"Product Version"
#define wszCMM_PROP_DISPLAY_HWND L"HWND"
#define wszCMM_PROP_ISMULTITHREADED L"IsMultiThreaded"

/* Flags of Configure. */
#define CMM_REFRESHONLY 0x1
#define CMM_READONLY 0x2

EXEUNT_FORWARD(ICertManageModule);
EXTERN_C const IID IID_ICertManageModule; /* e7d7ad42-bd3d-11d1-9a4d-00c04fc297eb */

#define INTERFACE ICertManageModule
DECLARE_INTERFACE_(ICertManageModule, IDispatch) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
    /* S_FALSE for a name that the module does not know. config is MACHINE\CA name, location the registry key below HKLM. */
    STDMETHOD(GetProperty)
    (THIS_ const BSTR config, BSTR location, BSTR name, LONG flags, VARIANT * value) PURE;
    STDMETHOD(SetProperty)
    (THIS_ const BSTR config, BSTR location, BSTR name, LONG flags, const VARIANT *value) PURE;
    STDMETHOD(Configure)(THIS_ const BSTR config, BSTR location, LONG flags) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICertManageModule, IID_ICertManageModule)

#ifdef COBJMACROS
#define ICertManageModule_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define ICertManageModule_AddRef(This) EXEUNT_CALL(This, AddRef)
#define ICertManageModule_Release(This) EXEUNT_CALL(This, Release)
#define ICertManageModule_GetProperty(This, ...) EXEUNT_CALL(This, GetProperty, __VA_ARGS__)
#define ICertManageModule_SetProperty(This, ...) EXEUNT_CALL(This, SetProperty, __VA_ARGS__)
#define ICertManageModule_Configure(This, ...) EXEUNT_CALL(This, Configure, __VA_ARGS__)
#endif

#endif
