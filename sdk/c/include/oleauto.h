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
/* Frees a text, releases an object. Arrays are not made here, and DISP_E_BADVARTYPE is answered for them. */
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
