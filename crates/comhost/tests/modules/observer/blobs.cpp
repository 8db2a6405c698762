// The second interfaces of the encoding objects, which pass DER, names and bits as texts. Held by the smart pointers of comdef.h,
// as source of the time of these interfaces does.

#include <comdef.h>
#include <wincrypt.h>
#include <certsrv.h>

#include "automation.h"
#include "encoders.h"

_COM_SMARTPTR_TYPEDEF(ICertEncodeStringArray2, __uuidof(ICertEncodeStringArray2));
_COM_SMARTPTR_TYPEDEF(ICertEncodeLongArray2, __uuidof(ICertEncodeLongArray2));
_COM_SMARTPTR_TYPEDEF(ICertEncodeDateArray2, __uuidof(ICertEncodeDateArray2));
_COM_SMARTPTR_TYPEDEF(ICertEncodeCRLDistInfo2, __uuidof(ICertEncodeCRLDistInfo2));
_COM_SMARTPTR_TYPEDEF(ICertEncodeAltName2, __uuidof(ICertEncodeAltName2));
_COM_SMARTPTR_TYPEDEF(ICertEncodeBitString2, __uuidof(ICertEncodeBitString2));

namespace observer {
namespace {

const EncodingType digits = static_cast<EncodingType>(XCN_CRYPT_STRING_HEXRAW | XCN_CRYPT_STRING_NOCRLF);
const EncodingType base64 = static_cast<EncodingType>(XCN_CRYPT_STRING_BASE64 | XCN_CRYPT_STRING_NOCRLF);

// An argument that may be left out, and is: as scripts pass one in the middle.
VARIANT left_out()
{
    VARIANT nothing;
    VariantInit(&nothing);
    nothing.vt = VT_ERROR;
    nothing.scode = DISP_E_PARAMNOTFOUND;
    return nothing;
}

// What a member gives, called by name: its text, or the code of its failure.
std::string text_by_name(IDispatch *object, const wchar_t *member, std::vector<VARIANT> arguments)
{
    VARIANT result;
    VariantInit(&result);
    HRESULT hr = call(object, member, arguments, &result);
    if (FAILED(hr)) {
        return code(hr);
    }
    Text text(result.bstrVal);
    VariantClear(&result);
    return text.ascii();
}

// DER comes in as base64, which is what is meant where nothing is said, goes out as digits, and back.
template <class Pointer> Pointer passed(const std::string &what, REFCLSID clsid, const wchar_t *der, const Write &write)
{
    Pointer object(clsid);
    write(what + " blob " + code(object->DecodeBlob(Text(der))));
    write(what + " by name " + code(call(object, L"DecodeBlob", {of(Text(der))}, nullptr)));
    Text wrong(L"*");
    write(what + " wrong " + code(object->DecodeBlob(wrong)) + " " + code(call(object, L"DecodeBlob", {of(wrong)}, nullptr)));
    return object;
}

template <class Pointer> void array(const std::string &what, REFCLSID clsid, const wchar_t *der, const Write &write)
{
    Pointer object = passed<Pointer>(what, clsid, der, write);
    Text text, none;
    HRESULT hr = object->EncodeBlob(digits, &text);
    write(what + " digits " + (FAILED(hr) ? code(hr) : text.ascii()));
    write(what + " base64 " + text_by_name(object, L"EncodeBlob", {of(static_cast<LONG>(base64))}));
    write(what + " unknown " + code(object->EncodeBlob(static_cast<EncodingType>(99), &none)));
}

void names(const Write &write)
{
    array<ICertEncodeAltName2Ptr>("name blobs", __uuidof(CCertEncodeAltName), L"MAaHBMAAAgE=", write);
    ICertEncodeAltName2Ptr object(__uuidof(CCertEncodeAltName));
    object->Reset(2);
    Text address(L"wAACAQ=="), host(L"a.example");
    write("name blobs set " + code(object->SetNameEntryBlob(0, CERT_ALT_NAME_IP_ADDRESS, address)) + " " +
          code(call(object, L"SetNameEntryBlob", {of(1), of(CERT_ALT_NAME_DNS_NAME), of(host)}, nullptr)));
    Text value;
    HRESULT hr = object->GetNameBlob(0, digits, &value);
    write("name blobs got " + (FAILED(hr) ? code(hr) : value.ascii()) + " " +
          text_by_name(object, L"GetNameBlob", {of(1), left_out()}));
    write("name blobs made " + text_by_name(object, L"EncodeBlob", {of(static_cast<LONG>(digits))}));
}

void bits(const Write &write)
{
    ICertEncodeBitString2Ptr object = passed<ICertEncodeBitString2Ptr>("bits", __uuidof(CCertEncodeBitString), L"AwIFoA==", write);
    Text value, made;
    HRESULT hr = object->GetBitStringBlob(digits, &value);
    write("bits got " + (FAILED(hr) ? code(hr) : value.ascii()) + " " +
          text_by_name(object, L"GetBitStringBlob", {of(static_cast<LONG>(base64))}));
    hr = object->EncodeBlob(3, Text(L"a0"), digits, base64, &made);
    write("bits made " + (FAILED(hr) ? code(hr) : made.ascii()) + " " +
          text_by_name(object, L"EncodeBlob", {of(3), of(made), of(static_cast<LONG>(base64)), of(static_cast<LONG>(digits))}));
}

} // namespace

void use_blobs(const Write &write)
{
    try {
        array<ICertEncodeStringArray2Ptr>("string blobs", __uuidof(CCertEncodeStringArray), L"MAoTA29uZRMDdHdv", write);
        array<ICertEncodeLongArray2Ptr>("long blobs", __uuidof(CCertEncodeLongArray), L"MAsCAQECAf8CAwERcA==", write);
        array<ICertEncodeDateArray2Ptr>("date blobs", __uuidof(CCertEncodeDateArray), L"MA8XDTI1MDYwMTEyMDAwMFo=", write);
        array<ICertEncodeCRLDistInfo2Ptr>("point blobs", __uuidof(CCertEncodeCRLDistInfo), L"MBEwD6ANoAuGCWh0dHA6Ly9hLw==", write);
        names(write);
        bits(write);
        ICertEncodeBitString2Ptr none(IID_NULL);
        write("an object of no class");
    } catch (const _com_error &error) {
        write("no class " + code(error.Error()));
    }
}

} // namespace observer
