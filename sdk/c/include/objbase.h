/* COM: creating objects, names of classes, memory that changes hands. */
#ifndef EXEUNT_OBJBASE_H
#define EXEUNT_OBJBASE_H

#include "unknwn.h"

EXEUNT_BEGIN_C

/* The host has prepared COM for the thread that calls: these count and answer as on Windows. */
HRESULT CoInitialize(LPVOID reserved);
HRESULT CoInitializeEx(LPVOID reserved, DWORD model);
void CoUninitialize(void);

HRESULT CoCreateInstance(REFCLSID rclsid, LPUNKNOWN outer, DWORD context, REFIID riid, LPVOID *object);
HRESULT CoGetClassObject(REFCLSID rclsid, DWORD context, LPVOID reserved, REFIID riid, LPVOID *object);
HRESULT CLSIDFromProgID(LPCOLESTR name, LPCLSID clsid);
HRESULT ProgIDFromCLSID(REFCLSID clsid, LPOLESTR *name);
/* A text in braces, or a ProgID. */
HRESULT CLSIDFromString(LPCOLESTR text, LPCLSID clsid);
HRESULT IIDFromString(LPCOLESTR text, LPIID iid);
HRESULT StringFromCLSID(REFCLSID clsid, LPOLESTR *text);
HRESULT StringFromIID(REFIID iid, LPOLESTR *text);
/* 39, the characters written with the terminator; 0 where there is less room. */
int StringFromGUID2(REFGUID guid, LPOLESTR text, int characters);
HRESULT CoCreateGuid(GUID *guid);

LPVOID CoTaskMemAlloc(SIZE_T bytes);
LPVOID CoTaskMemRealloc(LPVOID memory, SIZE_T bytes);
void CoTaskMemFree(LPVOID memory);

EXEUNT_END_C

#ifdef __cplusplus
#define IID_PPV_ARGS(object) __uuidof(**(object)), reinterpret_cast<void **>(object)
#endif

#endif
