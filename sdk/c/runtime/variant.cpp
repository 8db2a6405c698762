// VARIANT: made, freed, copied.

#include "runtime.h"

extern "C" {

void VariantInit(VARIANTARG *value) { memset(value, 0, sizeof(*value)); }

HRESULT VariantClear(VARIANTARG *value) {
    if (value == nullptr) return E_INVALIDARG;
    if ((value->vt & VT_BYREF) == 0) {
        if (value->vt == VT_RECORD) return DISP_E_BADVARTYPE;
        if ((value->vt & VT_ARRAY) != 0) {
            HRESULT destroyed = SafeArrayDestroy(value->parray);
            if (FAILED(destroyed)) return destroyed;
        }
        if (value->vt == VT_BSTR) SysFreeString(value->bstrVal);
        if ((value->vt == VT_UNKNOWN || value->vt == VT_DISPATCH) && value->punkVal != nullptr) value->punkVal->Release();
    }
    VariantInit(value);
    return S_OK;
}

HRESULT VariantCopy(VARIANTARG *destination, const VARIANTARG *source) {
    if (destination == nullptr || source == nullptr) return E_INVALIDARG;
    if (destination == source) return S_OK;
    if (source->vt == VT_RECORD) return DISP_E_BADVARTYPE;
    VARIANT copy = *source;
    if ((source->vt & (VT_ARRAY | VT_BYREF)) == VT_ARRAY) {
        HRESULT copied = SafeArrayCopy(source->parray, &copy.parray);
        if (FAILED(copied)) return copied;
    }
    if (source->vt == VT_BSTR && source->bstrVal != nullptr) {
        // By bytes: a binary value may have an odd number of them.
        copy.bstrVal = SysAllocStringByteLen(reinterpret_cast<LPCSTR>(source->bstrVal), SysStringByteLen(source->bstrVal));
        if (copy.bstrVal == nullptr) return E_OUTOFMEMORY;
    }
    if ((source->vt == VT_UNKNOWN || source->vt == VT_DISPATCH) && copy.punkVal != nullptr) copy.punkVal->AddRef();
    HRESULT cleared = VariantClear(destination);
    if (FAILED(cleared)) {
        VariantClear(&copy);
        return cleared;
    }
    *destination = copy;
    return S_OK;
}

HRESULT VariantCopyInd(VARIANT *destination, const VARIANTARG *source) {
    if (destination == nullptr || source == nullptr) return E_INVALIDARG;
    if ((source->vt & VT_BYREF) == 0) return VariantCopy(destination, source);
    if (source->byref == nullptr) return E_INVALIDARG;
    if (source->vt == (VT_BYREF | VT_VARIANT)) {
        if ((source->pvarVal->vt & (VT_BYREF | VT_TYPEMASK)) == (VT_BYREF | VT_VARIANT)) return E_INVALIDARG; // only one level
        return VariantCopyInd(destination, source->pvarVal);
    }
    VARIANT direct;
    VariantInit(&direct);
    direct.vt = static_cast<VARTYPE>(source->vt & ~VT_BYREF);
    if ((direct.vt & VT_ARRAY) != 0) {
        direct.parray = *source->pparray;
        return VariantCopy(destination, &direct);
    }
    switch (direct.vt) {
    case VT_I1:
    case VT_UI1:
        memcpy(&direct.bVal, source->byref, 1);
        break;
    case VT_I2:
    case VT_UI2:
    case VT_BOOL:
        memcpy(&direct.iVal, source->byref, 2);
        break;
    case VT_I4:
    case VT_UI4:
    case VT_INT:
    case VT_UINT:
    case VT_R4:
    case VT_ERROR:
        memcpy(&direct.lVal, source->byref, 4);
        break;
    case VT_I8:
    case VT_UI8:
    case VT_R8:
    case VT_CY:
    case VT_DATE:
    case VT_BSTR:
    case VT_UNKNOWN:
    case VT_DISPATCH:
        memcpy(&direct.llVal, source->byref, 8);
        break;
    default:
        return DISP_E_BADVARTYPE;
    }
    return VariantCopy(destination, &direct);
}

} // extern "C"
