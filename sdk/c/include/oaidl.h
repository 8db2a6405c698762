/* VARIANT and the interfaces of Automation. */
#ifndef EXEUNT_OAIDL_H
#define EXEUNT_OAIDL_H

#include "unknwn.h"

EXEUNT_FORWARD(IDispatch);
EXEUNT_FORWARD(ITypeInfo);
EXEUNT_FORWARD(ITypeLib);
EXEUNT_FORWARD(IErrorInfo);
EXEUNT_FORWARD(ICreateErrorInfo);
EXEUNT_FORWARD(ISupportErrorInfo);
typedef IDispatch *LPDISPATCH;
typedef struct tagVARIANT VARIANT, *LPVARIANT, VARIANTARG, *LPVARIANTARG;

typedef struct tagSAFEARRAYBOUND {
    ULONG cElements;
    LONG lLbound;
} SAFEARRAYBOUND;
typedef struct tagSAFEARRAY {
    USHORT cDims;
    USHORT fFeatures;
    ULONG cbElements;
    ULONG cLocks;
    PVOID pvData;
    SAFEARRAYBOUND rgsabound[1];
} SAFEARRAY, *LPSAFEARRAY;

/* What is in SAFEARRAY.fFeatures. */
#define FADF_AUTO 0x1
#define FADF_STATIC 0x2
#define FADF_EMBEDDED 0x4
#define FADF_FIXEDSIZE 0x10
#define FADF_RECORD 0x20
#define FADF_HAVEIID 0x40
#define FADF_HAVEVARTYPE 0x80
#define FADF_BSTR 0x100
#define FADF_UNKNOWN 0x200
#define FADF_DISPATCH 0x400
#define FADF_VARIANT 0x800

/* 24 bytes; the value starts at byte 8. */
struct tagVARIANT {
    __extension__ union {
        __extension__ struct {
            VARTYPE vt;
            WORD wReserved1;
            WORD wReserved2;
            WORD wReserved3;
            __extension__ union {
                LONGLONG llVal;
                LONG lVal;
                BYTE bVal;
                SHORT iVal;
                FLOAT fltVal;
                DOUBLE dblVal;
                VARIANT_BOOL boolVal;
                SCODE scode;
                CY cyVal;
                DATE date;
                BSTR bstrVal;
                IUnknown *punkVal;
                IDispatch *pdispVal;
                SAFEARRAY *parray;
                BYTE *pbVal;
                SHORT *piVal;
                LONG *plVal;
                LONGLONG *pllVal;
                DOUBLE *pdblVal;
                VARIANT_BOOL *pboolVal;
                SCODE *pscode;
                DATE *pdate;
                BSTR *pbstrVal;
                IUnknown **ppunkVal;
                IDispatch **ppdispVal;
                SAFEARRAY **pparray;
                VARIANT *pvarVal;
                PVOID byref;
                CHAR cVal;
                USHORT uiVal;
                ULONG ulVal;
                ULONGLONG ullVal;
                INT intVal;
                UINT uintVal;
                CHAR *pcVal;
                USHORT *puiVal;
                ULONG *pulVal;
                ULONGLONG *pullVal;
                INT *pintVal;
                UINT *puintVal;
                __extension__ struct {
                    PVOID pvRecord;
                    PVOID pRecInfo;
                };
            };
        };
        DECIMAL decVal;
    };
};

/* The macros with which source written for C reaches into a VARIANT. */
#define V_UNION(v, member) ((v)->member)
#define V_VT(v) ((v)->vt)
#define V_ISBYREF(v) (V_VT(v) & VT_BYREF)
#define V_ISARRAY(v) (V_VT(v) & VT_ARRAY)
#define V_I2(v) V_UNION(v, iVal)
#define V_I4(v) V_UNION(v, lVal)
#define V_I8(v) V_UNION(v, llVal)
#define V_UI1(v) V_UNION(v, bVal)
#define V_UI4(v) V_UNION(v, ulVal)
#define V_R8(v) V_UNION(v, dblVal)
#define V_BOOL(v) V_UNION(v, boolVal)
#define V_DATE(v) V_UNION(v, date)
#define V_ERROR(v) V_UNION(v, scode)
#define V_BSTR(v) V_UNION(v, bstrVal)
#define V_DISPATCH(v) V_UNION(v, pdispVal)
#define V_UNKNOWN(v) V_UNION(v, punkVal)
#define V_ARRAY(v) V_UNION(v, parray)
#define V_ARRAYREF(v) V_UNION(v, pparray)
#define V_BYREF(v) V_UNION(v, byref)
#define V_I4REF(v) V_UNION(v, plVal)
#define V_BSTRREF(v) V_UNION(v, pbstrVal)
#define V_VARIANTREF(v) V_UNION(v, pvarVal)

typedef struct tagDISPPARAMS {
    VARIANTARG *rgvarg; /* the last argument first */
    DISPID *rgdispidNamedArgs;
    UINT cArgs;
    UINT cNamedArgs;
} DISPPARAMS;

typedef struct tagEXCEPINFO {
    WORD wCode;
    WORD wReserved;
    BSTR bstrSource;
    BSTR bstrDescription;
    BSTR bstrHelpFile;
    DWORD dwHelpContext;
    PVOID pvReserved;
    HRESULT (*pfnDeferredFillIn)(struct tagEXCEPINFO *);
    SCODE scode;
} EXCEPINFO, *LPEXCEPINFO;

#define DISPATCH_METHOD 0x1
#define DISPATCH_PROPERTYGET 0x2
#define DISPATCH_PROPERTYPUT 0x4
#define DISPATCH_PROPERTYPUTREF 0x8
#define DISPID_UNKNOWN (-1)
#define DISPID_VALUE 0
#define DISPID_PROPERTYPUT (-3)

#define EXEUNT_IDISPATCH_METHODS                                                                                               \
    STDMETHOD(GetTypeInfoCount)(THIS_ UINT * count) PURE;                                                                      \
    STDMETHOD(GetTypeInfo)(THIS_ UINT index, LCID lcid, ITypeInfo * *info) PURE;                                               \
    STDMETHOD(GetIDsOfNames)(THIS_ REFIID riid, LPOLESTR * names, UINT count, LCID lcid, DISPID * ids) PURE;                   \
    STDMETHOD(Invoke)                                                                                                          \
    (THIS_ DISPID id, REFIID riid, LCID lcid, WORD flags, DISPPARAMS * arguments, VARIANT * result, EXCEPINFO * exception,     \
     UINT * argument) PURE;

EXTERN_C const IID IID_IDispatch;
#define INTERFACE IDispatch
DECLARE_INTERFACE_(IDispatch, IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
    EXEUNT_IDISPATCH_METHODS
};
#undef INTERFACE
EXEUNT_UUIDOF(IDispatch, IID_IDispatch)

EXTERN_C const IID IID_ISupportErrorInfo;
#define INTERFACE ISupportErrorInfo
DECLARE_INTERFACE_(ISupportErrorInfo, IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
    STDMETHOD(InterfaceSupportsErrorInfo)(THIS_ REFIID riid) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ISupportErrorInfo, IID_ISupportErrorInfo)

EXTERN_C const IID IID_IErrorInfo;
#define INTERFACE IErrorInfo
DECLARE_INTERFACE_(IErrorInfo, IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
    STDMETHOD(GetGUID)(THIS_ GUID * guid) PURE;
    STDMETHOD(GetSource)(THIS_ BSTR * source) PURE;
    STDMETHOD(GetDescription)(THIS_ BSTR * description) PURE;
    STDMETHOD(GetHelpFile)(THIS_ BSTR * file) PURE;
    STDMETHOD(GetHelpContext)(THIS_ DWORD * context) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(IErrorInfo, IID_IErrorInfo)

EXTERN_C const IID IID_ICreateErrorInfo;
#define INTERFACE ICreateErrorInfo
DECLARE_INTERFACE_(ICreateErrorInfo, IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
    STDMETHOD(SetGUID)(THIS_ REFGUID guid) PURE;
    STDMETHOD(SetSource)(THIS_ LPOLESTR source) PURE;
    STDMETHOD(SetDescription)(THIS_ LPOLESTR description) PURE;
    STDMETHOD(SetHelpFile)(THIS_ LPOLESTR file) PURE;
    STDMETHOD(SetHelpContext)(THIS_ DWORD context) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(ICreateErrorInfo, IID_ICreateErrorInfo)

#ifdef COBJMACROS
#define IDispatch_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define IDispatch_AddRef(This) EXEUNT_CALL(This, AddRef)
#define IDispatch_Release(This) EXEUNT_CALL(This, Release)
#define IDispatch_GetIDsOfNames(This, ...) EXEUNT_CALL(This, GetIDsOfNames, __VA_ARGS__)
#define IDispatch_Invoke(This, ...) EXEUNT_CALL(This, Invoke, __VA_ARGS__)
#endif

#endif
