/* The headers in C, and the places of the methods in their tables: slot 7 is the first behind IUnknown and IDispatch. */
#define COBJMACROS
#include <windows.h>

#include <certsrv.h>

#define SLOT(interface, method, slot)                                                                                          \
    _Static_assert(offsetof(interface##Vtbl, method) == (slot) * sizeof(void *), #interface "::" #method)

SLOT(IUnknown, Release, 2);
SLOT(IClassFactory, CreateInstance, 3);
SLOT(IDispatch, Invoke, 6);
SLOT(ICertExit, Initialize, 7);
SLOT(ICertExit, Notify, 8);
SLOT(ICertExit, GetDescription, 9);
SLOT(ICertExit2, GetManageModule, 10);
SLOT(ICertPolicy, Initialize, 7);
SLOT(ICertPolicy, VerifyRequest, 8);
SLOT(ICertPolicy, GetDescription, 9);
SLOT(ICertPolicy, ShutDown, 10);
SLOT(ICertPolicy2, GetManageModule, 11);
SLOT(ICertManageModule, GetProperty, 7);
SLOT(ICertManageModule, Configure, 9);
SLOT(ICertServerExit, SetContext, 7);
SLOT(ICertServerExit, GetCertificateProperty, 10);
SLOT(ICertServerExit, GetCertificateExtension, 11);
SLOT(ICertServerExit, EnumerateExtensionsSetup, 13);
SLOT(ICertServerExit, EnumerateAttributesClose, 18);
SLOT(ICertServerPolicy, GetCertificateProperty, 10);
SLOT(ICertServerPolicy, SetCertificateProperty, 11);
SLOT(ICertServerPolicy, GetCertificateExtension, 12);
SLOT(ICertServerPolicy, SetCertificateExtension, 14);
SLOT(ICertServerPolicy, EnumerateExtensionsSetup, 15);
SLOT(ICertServerPolicy, EnumerateAttributesClose, 20);
SLOT(ICertEncodeBitString, Encode, 10);
SLOT(ICertEncodeStringArray, GetStringType, 8);
SLOT(ICertEncodeStringArray, Encode, 13);
SLOT(ICertEncodeLongArray, GetCount, 8);
SLOT(ICertEncodeLongArray, Encode, 12);
SLOT(ICertEncodeDateArray, Encode, 12);
SLOT(ICertEncodeCRLDistInfo, SetNameEntry, 14);
SLOT(ICertEncodeCRLDistInfo, Encode, 15);
SLOT(ICertEncodeAltName, SetNameEntry, 12);
SLOT(ICertEncodeAltName, Encode, 13);
SLOT(ICertEncodeBitString2, DecodeBlob, 11);
SLOT(ICertEncodeBitString2, EncodeBlob, 12);
SLOT(ICertEncodeBitString2, GetBitStringBlob, 13);
SLOT(ICertEncodeStringArray2, DecodeBlob, 14);
SLOT(ICertEncodeStringArray2, EncodeBlob, 15);
SLOT(ICertEncodeLongArray2, DecodeBlob, 13);
SLOT(ICertEncodeLongArray2, EncodeBlob, 14);
SLOT(ICertEncodeDateArray2, DecodeBlob, 13);
SLOT(ICertEncodeDateArray2, EncodeBlob, 14);
SLOT(ICertEncodeCRLDistInfo2, DecodeBlob, 16);
SLOT(ICertEncodeCRLDistInfo2, EncodeBlob, 17);
SLOT(ICertEncodeAltName2, DecodeBlob, 14);
SLOT(ICertEncodeAltName2, EncodeBlob, 15);
SLOT(ICertEncodeAltName2, GetNameBlob, 16);
SLOT(ICertEncodeAltName2, SetNameEntryBlob, 17);

_Static_assert(sizeof(VARIANT) == 24 && offsetof(VARIANT, bstrVal) == 8, "VARIANT");
_Static_assert(sizeof(LONG) == 4 && sizeof(DWORD) == 4 && sizeof(WCHAR) == 2 && sizeof(GUID) == 16 && sizeof(HANDLE) == 8, "sizes");
_Static_assert(sizeof(DISPPARAMS) == 24 && sizeof(EXCEPINFO) == 64 && sizeof(SYSTEMTIME) == 16 && sizeof(FILETIME) == 8, "structures");
_Static_assert(E_FAIL == (HRESULT)0x80004005 && FAILED(E_FAIL) && SUCCEEDED(S_FALSE), "HRESULT");

HRESULT read_through_macros(ICertServerExit *server, BSTR name, VARIANT *value);
HRESULT read_through_macros(ICertServerExit *server, BSTR name, VARIANT *value) {
    HRESULT hr = ICertServerExit_SetContext(server, 1);
    if (SUCCEEDED(hr)) hr = ICertServerExit_GetRequestProperty(server, name, PROPTYPE_LONG, value);
    ICertServerExit_EnumerateAttributesClose(server);
    return hr == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) ? S_FALSE : hr;
}
