// SAFEARRAY: arrays that know their bounds and the type of their elements.
//
// The descriptor stands 16 bytes behind the start of its block; the four bytes in front of it hold the type of the elements. The
// bounds stand last dimension first, the elements with the first index running fastest: as Automation lays them out.

#include <new>

#include "runtime.h"

namespace {

constexpr size_t header = 16;

// Bytes of an element; 0 for a type that no array has.
ULONG size_of(VARTYPE type) {
    switch (type) {
    case VT_I1:
    case VT_UI1:
        return 1;
    case VT_I2:
    case VT_UI2:
    case VT_BOOL:
        return 2;
    case VT_I4:
    case VT_UI4:
    case VT_INT:
    case VT_UINT:
    case VT_R4:
    case VT_ERROR:
        return 4;
    case VT_I8:
    case VT_UI8:
    case VT_R8:
    case VT_CY:
    case VT_DATE:
    case VT_BSTR:
    case VT_UNKNOWN:
    case VT_DISPATCH:
        return 8;
    case VT_DECIMAL:
        return sizeof(DECIMAL);
    case VT_VARIANT:
        return sizeof(VARIANT);
    default:
        return 0;
    }
}

USHORT features_of(VARTYPE type) {
    switch (type) {
    case VT_BSTR:
        return FADF_HAVEVARTYPE | FADF_BSTR;
    case VT_UNKNOWN:
        return FADF_HAVEVARTYPE | FADF_UNKNOWN;
    case VT_DISPATCH:
        return FADF_HAVEVARTYPE | FADF_DISPATCH;
    case VT_VARIANT:
        return FADF_HAVEVARTYPE | FADF_VARIANT;
    default:
        return FADF_HAVEVARTYPE;
    }
}

VARTYPE &type_of(SAFEARRAY *array) { return *reinterpret_cast<VARTYPE *>(reinterpret_cast<char *>(array) - 4); }

// How many elements there are; false where their bytes would not fit into an address.
bool count_of(const SAFEARRAY *array, size_t &count) {
    count = 1;
    for (USHORT i = 0; i < array->cDims; ++i) {
        if (__builtin_mul_overflow(count, static_cast<size_t>(array->rgsabound[i].cElements), &count)) return false;
    }
    size_t bytes;
    return !__builtin_mul_overflow(count, static_cast<size_t>(array->cbElements), &bytes) && bytes <= UINT32_MAX;
}

// Frees what an element holds, and makes it empty.
void clear(SAFEARRAY *array, void *element) {
    if ((array->fFeatures & FADF_BSTR) != 0)
        SysFreeString(*static_cast<BSTR *>(element));
    else if ((array->fFeatures & FADF_VARIANT) != 0)
        VariantClear(static_cast<VARIANT *>(element));
    else if ((array->fFeatures & (FADF_UNKNOWN | FADF_DISPATCH)) != 0 && *static_cast<IUnknown **>(element) != nullptr)
        (*static_cast<IUnknown **>(element))->Release();
    memset(element, 0, array->cbElements);
}

// A copy of an element, in an empty place.
HRESULT copy(SAFEARRAY *array, const void *from, void *to) {
    if ((array->fFeatures & FADF_BSTR) != 0) {
        BSTR text = *static_cast<const BSTR *>(from);
        BSTR made = text == nullptr ? nullptr : SysAllocStringByteLen(reinterpret_cast<LPCSTR>(text), SysStringByteLen(text));
        if (text != nullptr && made == nullptr) return E_OUTOFMEMORY;
        *static_cast<BSTR *>(to) = made;
        return S_OK;
    }
    if ((array->fFeatures & FADF_VARIANT) != 0) return VariantCopy(static_cast<VARIANT *>(to), static_cast<const VARIANT *>(from));
    memcpy(to, from, array->cbElements);
    if ((array->fFeatures & (FADF_UNKNOWN | FADF_DISPATCH)) != 0 && *static_cast<IUnknown *const *>(from) != nullptr)
        (*static_cast<IUnknown *const *>(from))->AddRef();
    return S_OK;
}

bool holds_pointers(const SAFEARRAY *array) { return (array->fFeatures & (FADF_BSTR | FADF_UNKNOWN | FADF_DISPATCH)) != 0; }

} // namespace

extern "C" {

SAFEARRAY *SafeArrayCreate(VARTYPE type, UINT dimensions, SAFEARRAYBOUND *bounds) {
    ULONG size = size_of(type);
    if (size == 0 || dimensions == 0 || dimensions > UINT16_MAX || bounds == nullptr) return nullptr;
    size_t bytes = header + sizeof(SAFEARRAY) + (dimensions - 1) * sizeof(SAFEARRAYBOUND);
    char *block = static_cast<char *>(calloc(1, bytes));
    if (block == nullptr) return nullptr;
    SAFEARRAY *array = reinterpret_cast<SAFEARRAY *>(block + header);
    array->cDims = static_cast<USHORT>(dimensions);
    array->fFeatures = features_of(type);
    array->cbElements = size;
    type_of(array) = type;
    for (UINT i = 0; i < dimensions; ++i) array->rgsabound[i] = bounds[dimensions - 1 - i];
    size_t count;
    if (count_of(array, count)) array->pvData = calloc(count == 0 ? 1 : count, size);
    if (array->pvData == nullptr) {
        free(block);
        return nullptr;
    }
    return array;
}

SAFEARRAY *SafeArrayCreateVector(VARTYPE type, LONG lower, ULONG elements) {
    SAFEARRAYBOUND bound = {elements, lower};
    return SafeArrayCreate(type, 1, &bound);
}

HRESULT SafeArrayDestroy(SAFEARRAY *array) {
    if (array == nullptr) return S_OK;
    if (array->cLocks != 0) return DISP_E_ARRAYISLOCKED;
    size_t count;
    if (holds_pointers(array) || (array->fFeatures & FADF_VARIANT) != 0) {
        if (count_of(array, count)) {
            for (size_t i = 0; i < count; ++i) clear(array, static_cast<char *>(array->pvData) + i * array->cbElements);
        }
    }
    free(array->pvData);
    free(reinterpret_cast<char *>(array) - header);
    return S_OK;
}

HRESULT SafeArrayCopy(SAFEARRAY *array, SAFEARRAY **out) {
    if (out == nullptr) return E_INVALIDARG;
    *out = nullptr;
    if (array == nullptr) return S_OK;
    // In the order that SafeArrayCreate takes them.
    SAFEARRAYBOUND few[8];
    SAFEARRAYBOUND *bounds = array->cDims <= 8 ? few : new (std::nothrow) SAFEARRAYBOUND[array->cDims];
    if (bounds == nullptr) return E_OUTOFMEMORY;
    for (USHORT i = 0; i < array->cDims; ++i) bounds[i] = array->rgsabound[array->cDims - 1 - i];
    SAFEARRAY *made = SafeArrayCreate(type_of(array), array->cDims, bounds);
    if (bounds != few) delete[] bounds;
    size_t count;
    if (made == nullptr || !count_of(array, count)) return E_OUTOFMEMORY;
    for (size_t i = 0; i < count; ++i) {
        size_t place = i * array->cbElements;
        HRESULT result = copy(array, static_cast<char *>(array->pvData) + place, static_cast<char *>(made->pvData) + place);
        if (FAILED(result)) {
            SafeArrayDestroy(made);
            return result;
        }
    }
    *out = made;
    return S_OK;
}

UINT SafeArrayGetDim(SAFEARRAY *array) { return array == nullptr ? 0 : array->cDims; }

UINT SafeArrayGetElemsize(SAFEARRAY *array) { return array == nullptr ? 0 : array->cbElements; }

HRESULT SafeArrayGetVartype(SAFEARRAY *array, VARTYPE *type) {
    if (array == nullptr || type == nullptr) return E_INVALIDARG;
    *type = type_of(array);
    return S_OK;
}

HRESULT SafeArrayGetLBound(SAFEARRAY *array, UINT dimension, LONG *lower) {
    if (array == nullptr || lower == nullptr) return E_INVALIDARG;
    if (dimension == 0 || dimension > array->cDims) return DISP_E_BADINDEX;
    *lower = array->rgsabound[array->cDims - dimension].lLbound;
    return S_OK;
}

HRESULT SafeArrayGetUBound(SAFEARRAY *array, UINT dimension, LONG *upper) {
    if (array == nullptr || upper == nullptr) return E_INVALIDARG;
    if (dimension == 0 || dimension > array->cDims) return DISP_E_BADINDEX;
    const SAFEARRAYBOUND &bound = array->rgsabound[array->cDims - dimension];
    *upper = static_cast<LONG>(static_cast<int64_t>(bound.lLbound) + bound.cElements - 1);
    return S_OK;
}

HRESULT SafeArrayLock(SAFEARRAY *array) {
    if (array == nullptr) return E_INVALIDARG;
    if (array->cLocks >= UINT16_MAX) return E_UNEXPECTED;
    __atomic_add_fetch(&array->cLocks, 1, __ATOMIC_SEQ_CST);
    return S_OK;
}

HRESULT SafeArrayUnlock(SAFEARRAY *array) {
    if (array == nullptr) return E_INVALIDARG;
    if (array->cLocks == 0) return E_UNEXPECTED;
    __atomic_sub_fetch(&array->cLocks, 1, __ATOMIC_SEQ_CST);
    return S_OK;
}

HRESULT SafeArrayAccessData(SAFEARRAY *array, void **data) {
    if (array == nullptr || data == nullptr) return E_INVALIDARG;
    HRESULT locked = SafeArrayLock(array);
    *data = SUCCEEDED(locked) ? array->pvData : nullptr;
    return locked;
}

HRESULT SafeArrayUnaccessData(SAFEARRAY *array) { return SafeArrayUnlock(array); }

HRESULT SafeArrayPtrOfIndex(SAFEARRAY *array, LONG *indices, void **element) {
    if (array == nullptr || indices == nullptr || element == nullptr) return E_INVALIDARG;
    size_t place = 0, stride = 1;
    for (USHORT i = 0; i < array->cDims; ++i) {
        const SAFEARRAYBOUND &bound = array->rgsabound[array->cDims - 1 - i];
        int64_t offset = static_cast<int64_t>(indices[i]) - bound.lLbound;
        if (offset < 0 || offset >= static_cast<int64_t>(bound.cElements)) return DISP_E_BADINDEX;
        place += static_cast<size_t>(offset) * stride;
        stride *= bound.cElements;
    }
    *element = static_cast<char *>(array->pvData) + place * array->cbElements;
    return S_OK;
}

HRESULT SafeArrayPutElement(SAFEARRAY *array, LONG *indices, void *value) {
    void *place = nullptr;
    if (array == nullptr || indices == nullptr) return E_INVALIDARG;
    HRESULT result = SafeArrayPtrOfIndex(array, indices, &place);
    if (FAILED(result)) return result;
    // Texts and objects are passed as they are, everything else by its address.
    const void *from = holds_pointers(array) ? static_cast<const void *>(&value) : value;
    if (from == nullptr) return E_INVALIDARG;
    // The copy first: what is put may be what the place holds.
    alignas(16) char made[sizeof(VARIANT)] = {};
    result = copy(array, from, made);
    if (FAILED(result)) return result;
    clear(array, place);
    memcpy(place, made, array->cbElements);
    return S_OK;
}

HRESULT SafeArrayGetElement(SAFEARRAY *array, LONG *indices, void *value) {
    void *place = nullptr;
    if (array == nullptr || indices == nullptr || value == nullptr) return E_INVALIDARG;
    HRESULT result = SafeArrayPtrOfIndex(array, indices, &place);
    if (FAILED(result)) return result;
    memset(value, 0, array->cbElements); // what the caller's place held is the caller's to have cleared
    return copy(array, place, value);
}

} // extern "C"
