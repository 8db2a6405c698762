// An exit module as the wizards of a Windows compiler make them, on the templates of the kit.

#include <Windows.h>

#include <AtlBase.h>
extern CComModule _Module;
#include <AtlCom.h>

#include <CertSrv.h>

CComModule _Module;

extern const CLSID CLSID_Templates;
const CLSID CLSID_Templates = {0xc7069348, 0xe67c, 0x480d, {0xaf, 0x70, 0xfc, 0x90, 0xaa, 0xdc, 0xed, 0x34}};
static const GUID LIBID_Templates = {0xc7069349, 0xe67c, 0x480d, {0xaf, 0x70, 0xfc, 0x90, 0xaa, 0xdc, 0xed, 0x34}};

class ATL_NO_VTABLE CTemplates : public CComObjectRootEx<CComMultiThreadModel>,
                                 public CComCoClass<CTemplates, &CLSID_Templates>,
                                 public ISupportErrorInfoImpl<&IID_ICertExit>,
                                 public IDispatchImpl<ICertExit2, &IID_ICertExit2, &LIBID_Templates> {
public:
    DECLARE_REGISTRY(CTemplates, L"Templates.Exit.1", L"Templates.Exit", 0, THREADFLAGS_BOTH)
    DECLARE_NOT_AGGREGATABLE(CTemplates)
    DECLARE_PROTECT_FINAL_CONSTRUCT()
    BEGIN_COM_MAP(CTemplates)
    COM_INTERFACE_ENTRY(ICertExit2)
    COM_INTERFACE_ENTRY(ICertExit)
    COM_INTERFACE_ENTRY(IDispatch)
    COM_INTERFACE_ENTRY(ISupportErrorInfo)
    END_COM_MAP()

    HRESULT FinalConstruct() {
        constructed = L"made";
        return S_OK;
    }

    STDMETHOD(Initialize)(BSTR const config, LONG *mask) override {
        ObjectLock held(*this);
        ca = config;
        *mask = EXITEVENT_CERTISSUED;
        return constructed == L"made" ? S_OK : E_UNEXPECTED;
    }
    STDMETHOD(Notify)(LONG, LONG context) override {
        CComPtr<ICertServerExit> server;
        HRESULT hr = server.CoCreateInstance(CLSID_CCertServerExit);
        if (SUCCEEDED(hr)) hr = server->SetContext(context);
        CComVariant id;
        if (SUCCEEDED(hr)) hr = server->GetRequestProperty(CComBSTR(wszPROPREQUESTREQUESTID), PROPTYPE_LONG, &id);
        if (FAILED(hr)) return hr;
        hr = id.ChangeType(VT_BSTR);
        if (FAILED(hr)) return hr;
        CComBSTR text(L"request ");
        text += id.bstrVal;
        text.Append(L" of ");
        text += ca;
        CComQIPtr<IDispatch> automation(server);
        if (!automation) return E_NOINTERFACE;
        return Error(text, IID_ICertExit, HRESULT_FROM_WIN32(ERROR_BUSY));
    }
    STDMETHOD(GetDescription)(BSTR *description) override { return CComBSTR("made of templates").CopyTo(description); }
    STDMETHOD(GetManageModule)(ICertManageModule **manage) override {
        *manage = nullptr;
        return E_NOTIMPL;
    }

private:
    CComBSTR constructed, ca;
};

BEGIN_OBJECT_MAP(ObjectMap)
OBJECT_ENTRY(CLSID_Templates, CTemplates)
END_OBJECT_MAP()

extern "C" BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID) {
    if (reason == DLL_PROCESS_ATTACH) {
        _Module.Init(ObjectMap, instance, &LIBID_Templates);
        DisableThreadLibraryCalls(instance);
    } else if (reason == DLL_PROCESS_DETACH) {
        _Module.Term();
    }
    return TRUE;
}
STDAPI DllCanUnloadNow(void) { return _Module.GetLockCount() == 0 ? S_OK : S_FALSE; }
STDAPI DllGetClassObject(REFCLSID rclsid, REFIID riid, LPVOID *object) { return _Module.GetClassObject(rclsid, riid, object); }
STDAPI DllRegisterServer(void) { return _Module.RegisterServer(TRUE); }
STDAPI DllUnregisterServer(void) { return _Module.UnregisterServer(TRUE); }
