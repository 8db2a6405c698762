#include "check.h"

#include <comdef.h>

#include <thread>
#include <vector>

namespace {

// Error information without a host.
struct Said : IErrorInfo {
    ULONG references = 1;
    HRESULT QueryInterface(REFIID, void **) override { return E_NOINTERFACE; }
    ULONG AddRef() override { return ++references; }
    ULONG Release() override { return --references; }
    HRESULT GetGUID(GUID *guid) override {
        *guid = IID_IUnknown;
        return S_OK;
    }
    HRESULT GetSource(BSTR *text) override {
        *text = SysAllocString(L"a source");
        return S_OK;
    }
    HRESULT GetDescription(BSTR *text) override {
        *text = SysAllocString(L"what went wrong");
        return S_OK;
    }
    HRESULT GetHelpFile(BSTR *) override { return E_NOTIMPL; }
    HRESULT GetHelpContext(DWORD *context) override {
        *context = 7;
        return S_OK;
    }
};

HRESULT thrown(void (*call)()) {
    try {
        call();
    } catch (const _com_error &error) {
        return error.Error();
    }
    return S_OK;
}

} // namespace

TEST(bstr_t_shares_and_joins) {
    _bstr_t empty, one(L"one"), narrow("gr\xc3\xbc\xc3\x9f");
    CHECK(!empty && empty.length() == 0 && static_cast<const wchar_t *>(empty) == nullptr);
    _bstr_t shared = one;
    CHECK(static_cast<const wchar_t *>(shared) == static_cast<const wchar_t *>(one));
    shared += L", two";
    SAME(std::wstring(static_cast<const wchar_t *>(shared)), L"one, two");
    SAME(std::wstring(static_cast<const wchar_t *>(one)), L"one");
    SAME(std::wstring(static_cast<const wchar_t *>(L"<" + one + ">")), L"<one>");
    SAME(std::string(static_cast<const char *>(narrow)), std::string("gr\xc3\xbc\xc3\x9f"));
    SAME(narrow.length(), 4u);
    CHECK(one == _bstr_t(L"one") && one != shared && one < shared && shared > one && empty < one && empty == _bstr_t(L""));
    BSTR copied = one.copy();
    CHECK(copied != static_cast<wchar_t *>(one) && one.copy(false) == static_cast<wchar_t *>(one));
    _bstr_t taken(copied, false), other = taken;
    BSTR detached = taken.Detach(); // of a text that is shared: a copy
    CHECK(!taken && other == one);
    taken.Attach(detached);
    SAME(thrown([] { _bstr_t().Detach(); }), E_POINTER);
    taken.Assign(one.GetBSTR());
    CHECK(taken == one);
    BSTR *place = taken.GetAddress();
    CHECK(*place == nullptr);
    *place = SysAllocString(L"given");
    CHECK(taken == _bstr_t(L"given"));
    one = one;
    one = static_cast<const wchar_t *>(one) + 1; // of its own text
    SAME(std::wstring(static_cast<const wchar_t *>(one)), L"ne");
    one = static_cast<const wchar_t *>(nullptr);
    CHECK(!one);
    BSTR odd = SysAllocStringByteLen("abc", 3);
    _bstr_t binary(odd, true);
    SysFreeString(odd);
    SAME(SysStringByteLen(binary.GetBSTR()), 3u);
}

TEST(bstr_t_is_read_by_several_threads) {
    constexpr size_t length = 1 << 16;
    for (int round = 0; round < 100; ++round) {
        _bstr_t one(std::wstring(length, L'x').c_str());
        std::atomic<int> wrong(0), ready(0);
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([copy = one, &wrong, &ready] {
                ++ready;
                while (ready < 4) std::this_thread::yield();
                for (int j = 0; j < 4; ++j) wrong += strlen(static_cast<const char *>(copy)) != length;
            });
        }
        for (std::thread &thread : threads) thread.join();
        SAME(wrong.load(), 0);
    }
    _bstr_t changed(L"one");
    const char *first = changed;
    CHECK(first == static_cast<const char *>(changed));
    changed.GetBSTR()[0] = L'O';
    SAME(std::string(static_cast<const char *>(changed)), std::string("One"));
}

TEST(variant_t_converts_and_owns) {
    _variant_t text(L"42"), number(42), truth(true), wide(5LL), real(0.5);
    SAME(text.vt, VT_BSTR);
    SAME(number.vt, VT_I4);
    SAME(truth.boolVal, VARIANT_TRUE);
    SAME(wide.vt, VT_I8);
    SAME(static_cast<LONG>(text), 42);
    SAME(static_cast<long>(text), 42);
    CHECK(static_cast<double>(real) == 0.5 && static_cast<bool>(truth));
    _bstr_t said = number;
    CHECK(said == _bstr_t(L"42"));
    CHECK(text != number);
    text.ChangeType(VT_I4);
    CHECK(text == number);
    _variant_t copy = said;
    CHECK(copy == _variant_t(L"42") && copy.bstrVal != said.GetBSTR());
    copy = 7;
    SAME(copy.lVal, 7);
    copy = L"seven";
    CHECK(_bstr_t(copy) == _bstr_t(L"seven"));
    copy.SetString("eight");
    CHECK(_bstr_t(copy) == _bstr_t("eight"));
    VARIANT bare = copy.Detach();
    SAME(copy.vt, VT_EMPTY);
    _variant_t taken(bare, false);
    SAME(bare.vt, VT_EMPTY);
    CHECK(_bstr_t(taken) == _bstr_t(L"eight"));
    VARIANT *place = taken.GetAddress();
    SAME(place->vt, VT_EMPTY);
    SAME(thrown([] { (void)static_cast<LONG>(_variant_t(L"no number")); }), DISP_E_TYPEMISMATCH);
    SAME(thrown([] { _variant_t(5L << 40); }), DISP_E_OVERFLOW);
    SAME(thrown([] { _variant_t(1.0, VT_BSTR); }), E_INVALIDARG);
    SAME(thrown([] { _variant_t(static_cast<const VARIANT *>(nullptr)); }), E_POINTER);
    SAME(vtMissing.scode, DISP_E_PARAMNOTFOUND);
    _variant_t array;
    array.vt = VT_ARRAY | VT_UI1;
    array.parray = SafeArrayCreateVector(VT_UI1, 0, 3);
    _variant_t second = array;
    CHECK(second.parray != array.parray);
    Said object;
    {
        _variant_t held(static_cast<IUnknown *>(&object)), again = held;
        SAME(object.references, 3u);
    }
    SAME(object.references, 1u);
}

TEST(com_error_says_what_is_known) {
    Said said;
    {
        said.AddRef();
        _com_error error(E_FAIL, &said);
        _com_error copied = error;
        copied = error;
        SAME(copied.Error(), E_FAIL);
        CHECK(copied.Description() == _bstr_t(L"what went wrong") && copied.Source() == _bstr_t(L"a source"));
        CHECK(!copied.HelpFile());
        SAME(copied.HelpContext(), 7u);
        CHECK(copied.GUID() == IID_IUnknown);
        IErrorInfo *info = copied.ErrorInfo();
        CHECK(info == &said);
        info->Release();
    }
    SAME(said.references, 1u);
    _com_error plain(HRESULT_FROM_WIN32(ERROR_FILE_EXISTS));
    CHECK(!plain.Description() && plain.ErrorInfo() == nullptr && plain.GUID() == GUID_NULL);
    std::wstring message = plain.ErrorMessage();
    CHECK(!message.empty() && message.back() != L'\n');
    SAME(std::wstring(_com_error(static_cast<HRESULT>(0x8abc1234)).ErrorMessage()), L"Unknown error 0x8ABC1234");
    SAME(_com_error(static_cast<HRESULT>(0x80040205)).WCode(), 5);
    SAME(_com_error::WCodeToHRESULT(5), static_cast<HRESULT>(0x80040205));
    SAME(thrown([] { _com_util::CheckError(E_ACCESSDENIED); }), E_ACCESSDENIED);
    SAME(thrown([] { _com_util::CheckError(S_FALSE); }), S_OK);
    SAME(thrown([] { _com_issue_errorex(E_ABORT, nullptr, IID_IUnknown); }), E_ABORT);
}
