/* Automation: texts with a length (BSTR), VARIANT, dates, error information. */
#ifndef EXEUNT_OLEAUTO_H
#define EXEUNT_OLEAUTO_H

#include "oaidl.h"

EXEUNT_BEGIN_C

/* A BSTR is null-terminated and knows its length; a null pointer is the empty text. Its bytes may be any. */
BSTR SysAllocString(const OLECHAR *text);
BSTR SysAllocStringLen(const OLECHAR *text, UINT characters);
BSTR SysAllocStringByteLen(LPCSTR bytes, UINT count);
INT SysReAllocString(BSTR *text, const OLECHAR *value);
INT SysReAllocStringLen(BSTR *text, const OLECHAR *value, UINT characters);
void SysFreeString(BSTR text);
UINT SysStringLen(BSTR text);
UINT SysStringByteLen(BSTR text);

void VariantInit(VARIANTARG *value);
/* Frees a text or an array, releases an object. */
HRESULT VariantClear(VARIANTARG *value);
HRESULT VariantCopy(VARIANTARG *destination, const VARIANTARG *source);
HRESULT VariantCopyInd(VARIANT *destination, const VARIANTARG *source);
/* Between the integers, floating point, VT_BOOL, VT_DATE, VT_ERROR and texts. DISP_E_TYPEMISMATCH for others and for a text
 * that is no number, DISP_E_OVERFLOW for what does not fit. Texts of numbers and dates do not depend on a locale: a date is
 * "2026-11-22 17:08:00", and so it is read. */
HRESULT VariantChangeType(VARIANTARG *destination, const VARIANTARG *source, USHORT flags, VARTYPE type);
HRESULT VariantChangeTypeEx(VARIANTARG *destination, const VARIANTARG *source, LCID lcid, USHORT flags, VARTYPE type);
#define VARIANT_NOVALUEPROP 0x1
#define VARIANT_ALPHABOOL 0x2
#define LOCALE_USER_DEFAULT 0x400
#define LOCALE_SYSTEM_DEFAULT 0x800

/*
 * Arrays with bounds, of numbers, texts, objects and VARIANTs. Null where there is no memory, or the type is none of these.
 * Dimensions count from 1, and indices from the lower bound of theirs; DISP_E_BADINDEX outside. An element that is put is
 * copied: a text or an object is passed as such, anything else by its address. An element that is read is the caller's.
 * DISP_E_ARRAYISLOCKED for an array that is destroyed between Access and Unaccess.
 */
SAFEARRAY *SafeArrayCreate(VARTYPE type, UINT dimensions, SAFEARRAYBOUND *bounds);
SAFEARRAY *SafeArrayCreateVector(VARTYPE type, LONG lower, ULONG elements);
HRESULT SafeArrayDestroy(SAFEARRAY *array);
HRESULT SafeArrayCopy(SAFEARRAY *array, SAFEARRAY **out);
UINT SafeArrayGetDim(SAFEARRAY *array);
UINT SafeArrayGetElemsize(SAFEARRAY *array);
HRESULT SafeArrayGetVartype(SAFEARRAY *array, VARTYPE *type);
HRESULT SafeArrayGetLBound(SAFEARRAY *array, UINT dimension, LONG *lower);
HRESULT SafeArrayGetUBound(SAFEARRAY *array, UINT dimension, LONG *upper);
HRESULT SafeArrayLock(SAFEARRAY *array);
HRESULT SafeArrayUnlock(SAFEARRAY *array);
HRESULT SafeArrayAccessData(SAFEARRAY *array, void **data);
HRESULT SafeArrayUnaccessData(SAFEARRAY *array);
HRESULT SafeArrayPtrOfIndex(SAFEARRAY *array, LONG *indices, void **element);
HRESULT SafeArrayPutElement(SAFEARRAY *array, LONG *indices, void *value);
HRESULT SafeArrayGetElement(SAFEARRAY *array, LONG *indices, void *value);

/* FALSE outside the years 100 to 9999. Milliseconds are not kept, as on Windows. */
INT SystemTimeToVariantTime(SYSTEMTIME *time, DOUBLE *date);
INT VariantTimeToSystemTime(DOUBLE date, SYSTEMTIME *time);

/* The host reads what was set when a method fails, and puts its description into the error it reports. */
HRESULT CreateErrorInfo(ICreateErrorInfo **info);
HRESULT SetErrorInfo(ULONG reserved, IErrorInfo *info);
HRESULT GetErrorInfo(ULONG reserved, IErrorInfo **info);

/* There are no type libraries on Linux: TYPE_E_CANTLOADLIBRARY and TYPE_E_LIBNOTREGISTERED. A class that builds its IDispatch
 * on one still works, since the host calls the interfaces directly. */
HRESULT LoadTypeLib(const OLECHAR *file, ITypeLib **library);
HRESULT LoadRegTypeLib(REFGUID guid, WORD major, WORD minor, LCID lcid, ITypeLib **library);

EXEUNT_END_C

#endif
