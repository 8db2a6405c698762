#include "check.h"

#include <memory>

#include <comip.h>

#include <certexit.h>

_COM_SMARTPTR_TYPEDEF(ICertExit, __uuidof(ICertExit));
_COM_SMARTPTR_TYPEDEF(ICertExit2, IID_ICertExit2);

// An interface of the source's own.
struct IOwn : IUnknown {};
__CRT_UUID_DECL(IOwn, 0x8c9a1b02, 0x55d1, 0x4a0e, 0x9d, 0x35, 0x6e, 0x10, 0x2f, 0x77, 0xb4, 0xa1)
_COM_SMARTPTR_TYPEDEF(IOwn, __uuidof(IOwn));

namespace {

int alive = 0;

// Two interfaces, with an identity of their own each: what is compared is the object.
class Twofold final : public ICertExit, public IOwn {
public:
    Twofold() { ++alive; }
    ~Twofold() {
        --alive;
        if (at_end != nullptr) *at_end = new Twofold();
    }
    // A pointer that is to have another object when this one ends, with the reference that is the other's first.
    ICertExitPtr *at_end = nullptr;
    HRESULT QueryInterface(REFIID iid, void **object) override {
        *object = nullptr;
        if (iid == IID_IUnknown || iid == IID_IDispatch || iid == IID_ICertExit)
            *object = static_cast<ICertExit *>(this);
        else if (iid == __uuidof(IOwn))
            *object = static_cast<IOwn *>(this);
        else
            return iid == IID_IClassFactory ? E_ACCESSDENIED : E_NOINTERFACE;
        ++references;
        return S_OK;
    }
    ULONG AddRef() override { return ++references; }
    ULONG Release() override {
        ULONG left = --references;
        if (left == 0) delete this;
        return left;
    }
    HRESULT GetTypeInfoCount(UINT *) override { return E_NOTIMPL; }
    HRESULT GetTypeInfo(UINT, LCID, ITypeInfo **) override { return E_NOTIMPL; }
    HRESULT GetIDsOfNames(REFIID, LPOLESTR *, UINT, LCID, DISPID *) override { return E_NOTIMPL; }
    HRESULT Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS *, VARIANT *, EXCEPINFO *, UINT *) override { return E_NOTIMPL; }
    HRESULT Initialize(const BSTR, LONG *mask) override {
        *mask = 5;
        return S_OK;
    }
    HRESULT Notify(LONG, LONG) override { return S_OK; }
    HRESULT GetDescription(BSTR *) override { return E_NOTIMPL; }

    static HRESULT make(REFIID iid, void **object) {
        Twofold *made = new Twofold();
        HRESULT hr = made->QueryInterface(iid, object);
        made->Release();
        return hr;
    }
    // For an [out] parameter.
    static HRESULT give(ICertExit **out) { return make(IID_ICertExit, reinterpret_cast<void **>(out)); }

private:
    ULONG references = 1;
};

ULONG references(IUnknown *object) {
    object->AddRef();
    return object->Release();
}

template <class Call> HRESULT thrown(Call call) {
    try {
        call();
    } catch (const _com_error &error) {
        return error.Error();
    }
    return S_OK;
}

ICertExit *raw(ICertExit *exit) { return exit; }

// The class is known for as long as this is there.
struct Known {
    Known() { known_class = Twofold::make; }
    ~Known() { known_class = nullptr; }
};

} // namespace

TEST(com_ptr_t_owns_its_reference) {
    {
        ICertExitPtr first(new Twofold(), false);
        SAME(references(first), 1u);
        ICertExitPtr second = first, third(raw(first));
        SAME(references(first), 3u);
        second = raw(first); // the same again
        second = second;
        SAME(references(first), 3u);
        third = NULL;
        second = nullptr;
        CHECK(!second && second == NULL && third == nullptr && NULL == third && !(first == NULL));
        SAME(references(first), 1u);
        ICertExit *taken = first.Detach();
        CHECK(!first);
        SAME(alive, 1);
        first.Attach(taken);
        second.Attach(first, true);
        SAME(references(first), 2u);
        ICertExitPtr moved(std::move(second));
        CHECK(!second && moved);
        second = std::move(moved);
        CHECK(!moved && second);
        first.AddRef();
        SAME(references(second), 3u);
        first->Release();
        second.Release();
        CHECK(!second);
        SAME(references(first), 1u);
        first = new Twofold(); // the old one is let go
        SAME(alive, 1);
        first->Release();
        // The place of an [out] parameter is empty.
        SAME(Twofold::give(&first), S_OK);
        SAME(alive, 1);
        LONG mask = 0;
        SAME(first->Initialize(nullptr, &mask), S_OK);
        ICertExit &exit = first;
        SAME(exit.Notify(1, 1), S_OK);
        SAME((*first).Notify(1, 1), S_OK);
        CHECK(first.GetInterfacePtr() == raw(first) && mask == 5);
    }
    SAME(alive, 0);
}

TEST(com_ptr_t_is_set_anew_by_what_it_lets_go) {
    for (bool empty : {false, true}) {
        ICertExitPtr pointer;
        Twofold *last = new Twofold();
        pointer.Attach(last);
        last->at_end = std::addressof(pointer);
        if (empty)
            pointer = nullptr;
        else
            pointer = ICertExitPtr(new Twofold(), false);
        // What came last stays, and is the only one.
        CHECK(pointer && references(pointer) == 2);
        SAME(alive, 1);
        pointer->Release();
    }
    SAME(alive, 0);
}

TEST(com_ptr_t_asks_for_its_interface) {
    {
        ICertExitPtr exit(new Twofold(), false);
        IOwnPtr own = exit;
        IUnknownPtr unknown(own);
        CHECK(own && unknown && references(exit) == 3);
        CHECK(static_cast<void *>(own.GetInterfacePtr()) != static_cast<void *>(exit.GetInterfacePtr()));
        // One object, whichever interface is at hand.
        CHECK(own == exit && exit == own && unknown == own.GetInterfacePtr() && raw(exit) == own && !(own != exit));
        CHECK(own <= exit && own >= exit && !(own < exit) && !(own > exit));
        ICertExitPtr another(new Twofold(), false), none;
        CHECK(another != exit && another != raw(exit) && own != another && (another < own) != (another > own));
        CHECK(none != exit && none < exit && none == ICertExitPtr());
        // What the object does not have is no failure; what it refuses is one.
        ICertExit2Ptr absent = exit;
        CHECK(!absent);
        absent = unknown;
        CHECK(!absent);
        SAME(thrown([&] { IClassFactoryPtr refused = exit; }), E_ACCESSDENIED);
        IClassFactoryPtr refused;
        SAME(thrown([&] { refused = exit; }), E_ACCESSDENIED);
        own = static_cast<IUnknown *>(exit); // of a bare interface
        own = own.GetInterfacePtr();
        CHECK(own == exit);
        IDispatch *dispatch = nullptr;
        SAME(own.QueryInterface(__uuidof(IDispatch), &dispatch), S_OK);
        CHECK(exit == dispatch);
        dispatch->Release();
        SAME(IOwnPtr().QueryInterface(__uuidof(IDispatch), dispatch), E_POINTER);
        // In a value and out of it.
        _variant_t value(exit.GetInterfacePtr()), number(5);
        SAME(value.vt, VT_DISPATCH);
        IOwnPtr of_value(value);
        CHECK(of_value == exit);
        CHECK(FAILED(thrown([&] { of_value = number; })));
        CHECK(__uuidof(ICertExit) == ICertExitPtr::GetIID() && ICertExit2Ptr::GetIID() == IID_ICertExit2);
    }
    SAME(alive, 0);
}

TEST(com_ptr_t_makes_objects) {
    ICertExitPtr exit;
    SAME(exit.CreateInstance(L"Unknown.Exit"), CO_E_CLASSSTRING);
    SAME(exit.CreateInstance(L"Known.Exit"), REGDB_E_CLASSNOTREG);
    SAME(exit.CreateInstance(static_cast<LPCWSTR>(nullptr)), E_INVALIDARG);
    SAME(thrown([] { ICertExitPtr made(L"Unknown.Exit"); }), CO_E_CLASSSTRING);
    {
        Known known;
        CLSID clsid = {7, 0, 0, {0, 0, 0, 0, 0, 0, 0, 0}};
        SAME(exit.CreateInstance(L"Known.Exit"), S_OK);
        SAME(exit.CreateInstance("Known.Exit"), S_OK);
        SAME(exit.CreateInstance(clsid, NULL, CLSCTX_INPROC_SERVER), S_OK);
        SAME(exit.CreateInstance(L"{00000007-0000-0000-0000-000000000000}"), S_OK);
        SAME(alive, 1);
        ICertExitPtr of_class(clsid), of_name(L"Known.Exit"), of_narrow("{00000007-0000-0000-0000-000000000000}");
        CHECK(of_class && of_name && of_narrow);
        ICertExit2Ptr absent(clsid); // the class has no such interface
        CHECK(!absent);
        SAME(thrown([&] { ICertExitPtr inside(clsid, of_class); }), CLASS_E_NOAGGREGATION);
        SAME(exit.CreateInstance(clsid, of_class), CLASS_E_NOAGGREGATION);
        CHECK(!exit); // what it held is gone
    }
    SAME(alive, 0);
}

TEST(com_ptr_t_that_is_null) {
    ICertExitPtr null;
    SAME(thrown([&] { null->Notify(0, 0); }), E_POINTER);
    SAME(thrown([&] { (*null).Notify(0, 0); }), E_POINTER);
    SAME(thrown([&] { static_cast<ICertExit &>(null).Notify(0, 0); }), E_POINTER);
    SAME(thrown([&] { null.AddRef(); }), E_POINTER);
    SAME(thrown([&] { null.Release(); }), E_POINTER);
    ICertExitPtr copied(null), of_null(static_cast<IUnknown *>(nullptr)), zero(NULL);
    CHECK(!copied && !of_null && !zero && raw(null) == nullptr);
}
