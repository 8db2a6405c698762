#include "check.h"

namespace {

struct Counted : IUnknown {
    ULONG references = 1;
    HRESULT QueryInterface(REFIID, void **) override { return E_NOINTERFACE; }
    ULONG AddRef() override { return ++references; }
    ULONG Release() override { return --references; }
};

} // namespace

TEST(an_array_of_bytes_is_filled_and_read) {
    SAFEARRAY *array = SafeArrayCreateVector(VT_UI1, 0, 5);
    CHECK(array != nullptr);
    LONG lower = -1, upper = -1;
    SAME(SafeArrayGetLBound(array, 1, &lower), S_OK);
    SAME(SafeArrayGetUBound(array, 1, &upper), S_OK);
    SAME(lower, 0);
    SAME(upper, 4);
    SAME(SafeArrayGetDim(array), 1u);
    SAME(SafeArrayGetElemsize(array), 1u);
    VARTYPE type = VT_EMPTY;
    SAME(SafeArrayGetVartype(array, &type), S_OK);
    SAME(type, VT_UI1);
    SAME(reinterpret_cast<uint32_t *>(array)[-1], static_cast<uint32_t>(VT_UI1)); // where Automation keeps it
    BYTE *bytes = nullptr;
    SAME(SafeArrayAccessData(array, reinterpret_cast<void **>(&bytes)), S_OK);
    memcpy(bytes, "\x30\x03\x02\x01\x07", 5);
    SAME(SafeArrayDestroy(array), DISP_E_ARRAYISLOCKED);
    SAME(SafeArrayUnaccessData(array), S_OK);
    SAME(SafeArrayUnaccessData(array), E_UNEXPECTED);
    LONG index = 4;
    BYTE last = 0;
    SAME(SafeArrayGetElement(array, &index, &last), S_OK);
    SAME(last, 7);
    last = 9;
    SAME(SafeArrayPutElement(array, &index, &last), S_OK);
    SAME(bytes[4], 9);
    for (LONG wrong : {-1, 5}) SAME(SafeArrayGetElement(array, &wrong, &last), DISP_E_BADINDEX);
    SAME(SafeArrayGetUBound(array, 2, &upper), DISP_E_BADINDEX);
    SAME(SafeArrayDestroy(array), S_OK);
    SAME(SafeArrayDestroy(nullptr), S_OK);
    CHECK(SafeArrayCreateVector(VT_EMPTY, 0, 1) == nullptr && SafeArrayCreateVector(VT_RECORD, 0, 1) == nullptr);
    CHECK(SafeArrayCreateVector(VT_VARIANT, 0, UINT32_MAX) == nullptr);
    SAFEARRAY *none = SafeArrayCreateVector(VT_BSTR, 3, 0);
    SAME(SafeArrayGetUBound(none, 1, &upper), S_OK);
    SAME(upper, 2);
    SAME(SafeArrayDestroy(none), S_OK);
}

TEST(an_array_owns_its_texts_and_objects) {
    SAFEARRAY *array = SafeArrayCreateVector(VT_BSTR, 1, 2);
    BSTR text = SysAllocString(L"one"), read = nullptr;
    LONG index = 1;
    SAME(SafeArrayPutElement(array, &index, text), S_OK);
    SAME(SafeArrayPutElement(array, &index, text), S_OK); // frees the first
    SysFreeString(text);
    SAME(SafeArrayGetElement(array, &index, &read), S_OK);
    SAME(std::wstring(read), L"one");
    SysFreeString(read);
    index = 2;
    SAME(SafeArrayGetElement(array, &index, &read), S_OK);
    CHECK(read == nullptr);
    SAFEARRAY *copy = nullptr;
    SAME(SafeArrayCopy(array, &copy), S_OK);
    SAME(SafeArrayDestroy(array), S_OK);
    index = 1;
    SAME(SafeArrayGetElement(copy, &index, &read), S_OK);
    SAME(std::wstring(read), L"one");
    SysFreeString(read);
    SAME(SafeArrayDestroy(copy), S_OK);

    Counted object;
    SAFEARRAY *objects = SafeArrayCreateVector(VT_UNKNOWN, 0, 1);
    index = 0;
    SAME(SafeArrayPutElement(objects, &index, static_cast<IUnknown *>(&object)), S_OK);
    SAME(object.references, 2u);
    SAME(SafeArrayDestroy(objects), S_OK);
    SAME(object.references, 1u);
}

TEST(dimensions_run_first_index_first) {
    SAFEARRAYBOUND bounds[] = {{2, 0}, {3, 10}};
    SAFEARRAY *array = SafeArrayCreate(VT_I4, 2, bounds);
    LONG lower = 0, upper = 0;
    SAME(SafeArrayGetUBound(array, 1, &upper), S_OK);
    SAME(upper, 1);
    SAME(SafeArrayGetLBound(array, 2, &lower), S_OK);
    SAME(lower, 10);
    for (LONG i = 0; i < 2; ++i) {
        for (LONG j = 10; j < 13; ++j) {
            LONG place[] = {i, j}, value = 100 * i + j;
            SAME(SafeArrayPutElement(array, place, &value), S_OK);
        }
    }
    const LONG laid_out[] = {10, 110, 11, 111, 12, 112};
    CHECK(memcmp(array->pvData, laid_out, sizeof(laid_out)) == 0);
    LONG beyond[] = {0, 13}, value;
    SAME(SafeArrayGetElement(array, beyond, &value), DISP_E_BADINDEX);
    SAME(SafeArrayDestroy(array), S_OK);
}

TEST(a_value_holds_an_array) {
    VARIANT value, copy, reference;
    VariantInit(&value);
    VariantInit(&copy);
    VariantInit(&reference);
    value.vt = VT_ARRAY | VT_VARIANT;
    value.parray = SafeArrayCreateVector(VT_VARIANT, 0, 1);
    VARIANT inner;
    VariantInit(&inner);
    inner.vt = VT_BSTR;
    inner.bstrVal = SysAllocString(L"inside");
    LONG index = 0;
    SAME(SafeArrayPutElement(value.parray, &index, &inner), S_OK);
    VariantClear(&inner);
    SAME(VariantCopy(&copy, &value), S_OK);
    CHECK(copy.parray != value.parray);
    reference.vt = VT_ARRAY | VT_VARIANT | VT_BYREF;
    reference.pparray = &value.parray;
    SAME(VariantCopyInd(&copy, &reference), S_OK);
    SAME(copy.vt, VT_ARRAY | VT_VARIANT);
    SAME(VariantClear(&value), S_OK);
    SAME(SafeArrayGetElement(copy.parray, &index, &inner), S_OK);
    SAME(std::wstring(inner.bstrVal), L"inside");
    VariantClear(&inner);
    void *data = nullptr;
    SafeArrayAccessData(copy.parray, &data);
    SAME(VariantClear(&copy), DISP_E_ARRAYISLOCKED);
    SafeArrayUnaccessData(copy.parray);
    SAME(VariantClear(&copy), S_OK);
}
