#include "check.h"

#include <atlbase.h>
extern CComModule _Module;
#include <atlcom.h>

#include <certexit.h>

CComModule _Module;

// The templates' registration asks for the module's own function; this program has no classes to offer.
STDAPI DllGetClassObject(REFCLSID, REFIID, LPVOID *) { return CLASS_E_CLASSNOTAVAILABLE; }

namespace {

int released = 0;

class Described : public CComObjectRootEx<CComMultiThreadModel>,
                  public CComCoClass<Described>,
                  public ISupportErrorInfoImpl<&IID_ICertExit>,
                  public IDispatchImpl<ICertExit> {
public:
    DECLARE_REGISTRY(Described, L"Described.Exit.1", L"Described.Exit", 0, THREADFLAGS_APARTMENT)
    BEGIN_COM_MAP(Described)
    COM_INTERFACE_ENTRY(ICertExit)
    COM_INTERFACE_ENTRY2(IDispatch, ICertExit)
    COM_INTERFACE_ENTRY(ISupportErrorInfo)
    END_COM_MAP()
    void FinalRelease() { ++released; }
    STDMETHOD(Initialize)(BSTR const, LONG *) override { return S_OK; }
    STDMETHOD(Notify)(LONG, LONG) override { return S_OK; }
    STDMETHOD(GetDescription)(BSTR *description) override { return CComBSTR(L"described").CopyTo(description); }
};

ULONG references(IUnknown *object) {
    object->AddRef();
    return object->Release();
}

} // namespace

TEST(objects_of_the_templates) {
    CComPtr<ICertExit> exit;
    SAME(Described::CreateInstance(&exit), S_OK);
    SAME(references(exit), 1u);
    SAME(_Module.GetLockCount(), 1);
    {
        CComQIPtr<ISupportErrorInfo> errors(exit);
        CHECK(errors && errors->InterfaceSupportsErrorInfo(IID_ICertExit) == S_OK);
        SAME(references(exit), 2u);
        CComPtr<IUnknown> first, second;
        SAME(errors.QueryInterface(&first), S_OK);
        SAME(exit.QueryInterface(&second), S_OK);
        CHECK(first.p == second.p); // one identity, whichever interface is asked
        CComQIPtr<IClassFactory> none(exit);
        CHECK(!none);
    }
    CComBSTR text;
    SAME(exit->GetDescription(&text), S_OK);
    CHECK(text == L"described");
    LPOLESTR name = const_cast<LPOLESTR>(L"Notify");
    DISPID id = 0;
    SAME(exit->GetIDsOfNames(IID_NULL, &name, 1, 0, &id), DISP_E_UNKNOWNNAME);
    CComPtr<ICertExit> moved(std::move(exit));
    CHECK(!exit && moved);
    moved.Release();
    SAME(released, 1);
    SAME(_Module.GetLockCount(), 0);
}

TEST(texts_and_values_of_the_templates) {
    CComBSTR text(L"ab");
    text += L"c";
    text += text;
    CHECK(text == L"abcabc" && text.Length() == 6);
    text = static_cast<LPCOLESTR>(text.m_str + 3); // of its own
    CHECK(text == L"abc");
    CComBSTR copy(text), odd;
    odd.Attach(SysAllocStringByteLen("xyz", 3));
    SAME(CComBSTR(odd).ByteLength(), 3u);
    CHECK(copy == text && CComBSTR("\xc3\xa9") == L"\u00e9");
    SAME(std::string(CW2A(L"\u00e9")), "\xc3\xa9");
    SAME(std::wstring(CA2W("\xc3\xa9")), L"\u00e9");

    CComVariant number(static_cast<LONG>(42)), words(L"17");
    SAME(number.ChangeType(VT_BSTR), S_OK);
    SAME(std::wstring(number.bstrVal), L"42");
    SAME(words.ChangeType(VT_I4), S_OK);
    SAME(words.lVal, 17);
    CComVariant other(number);
    CHECK(other.bstrVal != number.bstrVal);
    VARIANT plain;
    VariantInit(&plain);
    SAME(other.Detach(&plain), S_OK);
    CHECK(other.vt == VT_EMPTY && plain.vt == VT_BSTR);
    SAME(other.Attach(&plain), S_OK);
    SAME(plain.vt, VT_EMPTY);
}

TEST(keys_of_the_templates) {
    CRegKey key;
    SAME(key.Create(HKEY_LOCAL_MACHINE, L"Software\\Templates"), ERROR_SUCCESS);
    SAME(key.SetDWORDValue(L"Number", 5), ERROR_SUCCESS);
    SAME(key.SetStringValue(L"Text", L"value"), ERROR_SUCCESS);
    CRegKey again;
    DWORD number = 0;
    wchar_t text[16];
    ULONG characters = 16;
    SAME(again.Open(HKEY_LOCAL_MACHINE, L"software\\templates"), ERROR_SUCCESS);
    SAME(again.QueryDWORDValue(L"Number", number), ERROR_SUCCESS);
    SAME(number, 5u);
    SAME(again.QueryDWORDValue(L"Text", number), ERROR_MORE_DATA); // longer than a number
    SAME(again.QueryStringValue(L"Text", text, &characters), ERROR_SUCCESS);
    SAME(std::wstring(text), L"value");
    SAME(characters, 6u);
}
