/*
 * How interfaces are declared, for C++ and for C, and the first of them. One declaration serves both languages:
 *
 *     #define INTERFACE IThing
 *     DECLARE_INTERFACE_(IThing, IUnknown) {
 *         EXEUNT_IUNKNOWN_METHODS
 *         STDMETHOD(Do)(THIS_ LONG what) PURE;
 *     };
 *     #undef INTERFACE
 */
#ifndef EXEUNT_UNKNWN_H
#define EXEUNT_UNKNWN_H

#include "wtypes.h"

#define STDMETHODCALLTYPE
#define STDMETHODVCALLTYPE
#define STDAPICALLTYPE
#define STDAPI EXTERN_C HRESULT STDAPICALLTYPE
#define STDAPI_(type) EXTERN_C type STDAPICALLTYPE
#define STDMETHODIMP HRESULT STDMETHODCALLTYPE
#define STDMETHODIMP_(type) type STDMETHODCALLTYPE
#define WINOLEAPI STDAPI
#define WINOLEAPI_(type) STDAPI_(type)
#define WINOLEAUTAPI STDAPI
#define WINOLEAUTAPI_(type) STDAPI_(type)
#define BEGIN_INTERFACE
#define END_INTERFACE
#ifndef interface
#define interface struct
#endif
#define MIDL_INTERFACE(uuid) struct

#if defined(__cplusplus) && !defined(CINTERFACE)
#define STDMETHOD(method) virtual HRESULT STDMETHODCALLTYPE method
#define STDMETHOD_(type, method) virtual type STDMETHODCALLTYPE method
#define PURE = 0
#define THIS_
#define THIS void
#define DECLARE_INTERFACE(name) struct name
#define DECLARE_INTERFACE_(name, base) struct name : public base
#define DECLARE_INTERFACE_IID_(name, base, uuid) struct name : public base
#define EXEUNT_FORWARD(name) struct name
#else
#define STDMETHOD(method) HRESULT(STDMETHODCALLTYPE *method)
#define STDMETHOD_(type, method) type(STDMETHODCALLTYPE *method)
#define PURE
#define THIS_ INTERFACE *This,
#define THIS INTERFACE *This
#define DECLARE_INTERFACE(name)                                                                                                \
    typedef struct name##Vtbl name##Vtbl;                                                                                      \
    struct name {                                                                                                              \
        const name##Vtbl *lpVtbl;                                                                                              \
    };                                                                                                                         \
    struct name##Vtbl
#define DECLARE_INTERFACE_(name, base) DECLARE_INTERFACE(name)
#define DECLARE_INTERFACE_IID_(name, base, uuid) DECLARE_INTERFACE(name)
#define EXEUNT_FORWARD(name) typedef struct name name
#endif

/* A call through the table, for the macros that C source uses with COBJMACROS. */
#define EXEUNT_CALL(This, method, ...) ((This)->lpVtbl->method((This)__VA_OPT__(, ) __VA_ARGS__))

#define EXEUNT_IUNKNOWN_METHODS                                                                                                \
    STDMETHOD(QueryInterface)(THIS_ REFIID riid, void **object) PURE;                                                          \
    STDMETHOD_(ULONG, AddRef)(THIS) PURE;                                                                                      \
    STDMETHOD_(ULONG, Release)(THIS) PURE;

EXEUNT_FORWARD(IUnknown);
EXEUNT_FORWARD(IClassFactory);
typedef IUnknown *LPUNKNOWN;
typedef IClassFactory *LPCLASSFACTORY;

EXTERN_C const IID IID_IUnknown;
#define INTERFACE IUnknown
DECLARE_INTERFACE(IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
#if defined(__cplusplus) && !defined(CINTERFACE)
    template <class Q> HRESULT STDMETHODCALLTYPE QueryInterface(Q * *object) {
        return QueryInterface(exeunt_uuidof<Q>(), reinterpret_cast<void **>(object));
    }
#endif
};
#undef INTERFACE
EXEUNT_UUIDOF(IUnknown, IID_IUnknown)

EXTERN_C const IID IID_IClassFactory;
#define INTERFACE IClassFactory
DECLARE_INTERFACE_(IClassFactory, IUnknown) {
    EXEUNT_IUNKNOWN_METHODS
    STDMETHOD(CreateInstance)(THIS_ IUnknown * outer, REFIID riid, void **object) PURE;
    STDMETHOD(LockServer)(THIS_ BOOL lock) PURE;
};
#undef INTERFACE
EXEUNT_UUIDOF(IClassFactory, IID_IClassFactory)

#ifdef COBJMACROS
#define IUnknown_QueryInterface(This, ...) EXEUNT_CALL(This, QueryInterface, __VA_ARGS__)
#define IUnknown_AddRef(This) EXEUNT_CALL(This, AddRef)
#define IUnknown_Release(This) EXEUNT_CALL(This, Release)
#define IClassFactory_CreateInstance(This, ...) EXEUNT_CALL(This, CreateInstance, __VA_ARGS__)
#define IClassFactory_LockServer(This, ...) EXEUNT_CALL(This, LockServer, __VA_ARGS__)
#endif

/* What a module exports. Declared here, so that its definitions are visible outside. */
EXEUNT_BEGIN_C
#pragma GCC visibility push(default)
HRESULT DllGetClassObject(REFCLSID rclsid, REFIID riid, LPVOID *object);
HRESULT DllCanUnloadNow(void);
HRESULT DllRegisterServer(void);
HRESULT DllUnregisterServer(void);
#pragma GCC visibility pop
EXEUNT_END_C

#endif
