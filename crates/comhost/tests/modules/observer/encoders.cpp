// The encoding objects of the host: through their tables, by name, and what they refuse.

#include <windows.h>
#include <wincrypt.h>
#include <certsrv.h>

#include "automation.h"
#include "encoders.h"

namespace observer {
namespace {

// What an object encodes, called by name, as digits; the code of a failure.
std::string encoded_by_name(IDispatch *object)
{
    VARIANT result;
    VariantInit(&result);
    HRESULT hr = call(object, L"Encode", {}, &result);
    if (FAILED(hr)) {
        return code(hr);
    }
    Text der(result.bstrVal, SysStringByteLen(result.bstrVal));
    VariantClear(&result);
    return der.digits();
}

// The same through the table.
template <class Interface> std::string encoded(Interface *object)
{
    Text der;
    HRESULT hr = object->Encode(&der);
    return FAILED(hr) ? code(hr) : der.digits();
}

// Two objects of a class, for the table and for names; nothing where there is no such class.
template <class Interface> struct Pair {
    Interface *table = nullptr;
    Interface *named = nullptr;

    Pair(const CLSID &clsid, const IID &iid)
    {
        CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, iid, reinterpret_cast<void **>(&table));
        CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER, iid, reinterpret_cast<void **>(&named));
    }
    Pair(const Pair &) = delete;
    ~Pair()
    {
        if (table != nullptr) {
            table->Release();
        }
        if (named != nullptr) {
            named->Release();
        }
    }
    bool made() const { return table != nullptr && named != nullptr; }

    // What was encoded is read by the other object, and encoded again.
    std::string again()
    {
        Text der;
        HRESULT hr = table->Encode(&der);
        if (SUCCEEDED(hr)) {
            hr = call(named, L"Decode", {of(der)}, nullptr);
        }
        return FAILED(hr) ? code(hr) : encoded_by_name(named);
    }

    std::string refused()
    {
        Text wrong("\x30\x01", 2);
        return "wrong " + code(table->Decode(wrong)) + " " + code(call(named, L"Decode", {of(wrong)}, nullptr)) + " nowhere " +
               code(table->Encode(nullptr));
    }
};

void strings(const Write &write)
{
    Pair<ICertEncodeStringArray> pair(CLSID_CCertEncodeStringArray, IID_ICertEncodeStringArray);
    if (!pair.made()) {
        return write("no string array");
    }
    Text one(L"one"), two(L"two");
    write("strings empty " + encoded(pair.table));
    pair.table->Reset(2, CERT_RDN_PRINTABLE_STRING);
    pair.table->SetValue(0, one);
    write("strings half " + encoded(pair.table));
    pair.table->SetValue(1, two);
    write("strings " + encoded(pair.table));
    LONG type = -1, count = -1;
    Text value;
    pair.table->GetStringType(&type);
    pair.table->GetCount(&count);
    pair.table->GetValue(1, &value);
    write("strings type " + std::to_string(type) + " count " + std::to_string(count) + " " + value.ascii());
    Text none;
    write("strings beyond " + code(pair.table->GetValue(2, &none)) + " " + code(pair.table->SetValue(-1, one)));
    call(pair.named, L"reset", {of(2), of(CERT_RDN_PRINTABLE_STRING)}, nullptr);
    call(pair.named, L"setvalue", {of(0), of(one)}, nullptr);
    call(pair.named, L"setvalue", {of(1), of(two)}, nullptr);
    write("strings by name " + encoded_by_name(pair.named));
    write("strings again " + pair.again());
    write("strings " + pair.refused());
}

void longs(const Write &write)
{
    Pair<ICertEncodeLongArray> pair(CLSID_CCertEncodeLongArray, IID_ICertEncodeLongArray);
    if (!pair.made()) {
        return write("no long array");
    }
    const LONG values[] = {1, -1, 70000};
    pair.table->Reset(3);
    call(pair.named, L"Reset", {of(3)}, nullptr);
    for (LONG i = 0; i < 3; i++) {
        pair.table->SetValue(i, values[i]);
        call(pair.named, L"SetValue", {of(i), of(values[i])}, nullptr);
    }
    write("longs " + encoded(pair.table));
    write("longs by name " + encoded_by_name(pair.named));
    VARIANT last;
    VariantInit(&last);
    HRESULT hr = call(pair.named, L"GetValue", {of(2)}, &last);
    LONG count = -1, value = 0;
    pair.table->GetCount(&count);
    pair.table->GetValue(1, &value);
    write("longs count " + std::to_string(count) + " " + std::to_string(value) + " " + code(hr) + " " + std::to_string(last.lVal));
    write("longs again " + pair.again());
    write("longs " + pair.refused());
}

void dates(const Write &write)
{
    Pair<ICertEncodeDateArray> pair(CLSID_CCertEncodeDateArray, IID_ICertEncodeDateArray);
    if (!pair.made()) {
        return write("no date array");
    }
    const DATE noon = 45809.5; // 2025-06-01 12:00:00
    pair.table->Reset(1);
    pair.table->SetValue(0, noon);
    call(pair.named, L"Reset", {of(1)}, nullptr);
    call(pair.named, L"SetValue", {of(0), of_date(noon)}, nullptr);
    write("dates " + encoded(pair.table));
    write("dates by name " + encoded_by_name(pair.named));
    write("dates again " + pair.again());
    DATE value = 0;
    VARIANT named;
    VariantInit(&named);
    pair.table->GetValue(0, &value);
    call(pair.named, L"GetValue", {of(0)}, &named);
    write(value == noon && named.vt == VT_DATE && named.date == noon ? "dates kept" : "dates changed");
    write("dates " + pair.refused());
}

void alternative_names(const Write &write)
{
    Pair<ICertEncodeAltName> pair(CLSID_CCertEncodeAltName, IID_ICertEncodeAltName);
    if (!pair.made()) {
        return write("no alternative name");
    }
    Text host(L"a.example"), address("\xc0\x00\x02\x01", 4), oid(L"1.2.3.4"), null("\x05\x00", 2);
    const LONG type_of_third = static_cast<LONG>(2 | EAN_NAMEOBJECTID);
    pair.table->Reset(3);
    pair.table->SetNameEntry(0, CERT_ALT_NAME_DNS_NAME, host);
    pair.table->SetNameEntry(1, CERT_ALT_NAME_IP_ADDRESS, address);
    pair.table->SetNameEntry(type_of_third, CERT_ALT_NAME_OTHER_NAME, oid);
    pair.table->SetNameEntry(2, CERT_ALT_NAME_OTHER_NAME, null);
    write("names " + encoded(pair.table));
    call(pair.named, L"Reset", {of(3)}, nullptr);
    call(pair.named, L"SetNameEntry", {of(0), of(CERT_ALT_NAME_DNS_NAME), of(host)}, nullptr);
    call(pair.named, L"SetNameEntry", {of(1), of(CERT_ALT_NAME_IP_ADDRESS), of(address)}, nullptr);
    call(pair.named, L"SetNameEntry", {of(2), of(CERT_ALT_NAME_OTHER_NAME), of(null)}, nullptr);
    call(pair.named, L"SetNameEntry", {of(type_of_third), of(CERT_ALT_NAME_OTHER_NAME), of(oid)}, nullptr);
    write("names by name " + encoded_by_name(pair.named));
    write("names again " + pair.again());
    LONG count = -1, choice = -1;
    Text type, value, wrong;
    pair.named->GetNameCount(&count);
    pair.named->GetNameChoice(2, &choice);
    pair.named->GetName(type_of_third, &type);
    pair.named->GetName(1, &value);
    write("names count " + std::to_string(count) + " choice " + std::to_string(choice) + " type " + type.ascii() + " address " +
          value.digits());
    write("names no type " + code(pair.named->GetName(static_cast<LONG>(0 | EAN_NAMEOBJECTID), &wrong)) + " umlaut " +
          code(pair.named->SetNameEntry(0, CERT_ALT_NAME_DNS_NAME, Text(L"\u00fc"))));
    write("names " + pair.refused());
}

void distribution_points(const Write &write)
{
    Pair<ICertEncodeCRLDistInfo> pair(CLSID_CCertEncodeCRLDistInfo, IID_ICertEncodeCRLDistInfo);
    if (!pair.made()) {
        return write("no distribution points");
    }
    Text url(L"http://a/");
    pair.table->Reset(1);
    pair.table->SetNameCount(0, 1);
    pair.table->SetNameEntry(0, 0, CERT_ALT_NAME_URL, url);
    write("points " + encoded(pair.table));
    call(pair.named, L"Reset", {of(1)}, nullptr);
    call(pair.named, L"SetNameCount", {of(0), of(1)}, nullptr);
    call(pair.named, L"SetNameEntry", {of(0), of(0), of(CERT_ALT_NAME_URL), of(url)}, nullptr);
    write("points by name " + encoded_by_name(pair.named));
    write("points again " + pair.again());
    LONG points = -1, names = -1, choice = -1;
    Text name;
    pair.named->GetDistPointCount(&points);
    pair.named->GetNameCount(0, &names);
    pair.named->GetNameChoice(0, 0, &choice);
    pair.named->GetName(0, 0, &name);
    write("points count " + std::to_string(points) + " names " + std::to_string(names) + " choice " + std::to_string(choice) + " " +
          name.ascii());
    write("points " + pair.refused());
}

} // namespace

void use_encoders(const Write &write)
{
    strings(write);
    longs(write);
    dates(write);
    alternative_names(write);
    distribution_points(write);
    use_blobs(write);
}

} // namespace observer
