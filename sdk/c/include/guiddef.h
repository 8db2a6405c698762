/* GUIDs, and how a source defines its own. */
#ifndef EXEUNT_GUIDDEF_H
#define EXEUNT_GUIDDEF_H

#include <string.h>

#include "windef.h"

typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID, IID, CLSID, FMTID, UUID, *LPGUID, *LPIID, *LPCLSID;
typedef const GUID *LPCGUID;
#define GUID_DEFINED

#ifdef __cplusplus
typedef const GUID &REFGUID;
typedef const IID &REFIID;
typedef const CLSID &REFCLSID;

inline bool IsEqualGUID(REFGUID a, REFGUID b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline bool operator==(REFGUID a, REFGUID b) { return IsEqualGUID(a, b); }
inline bool operator!=(REFGUID a, REFGUID b) { return !IsEqualGUID(a, b); }
#define InlineIsEqualGUID(a, b) IsEqualGUID(a, b)

/* __uuidof(name of an interface or class): what its header declared with EXEUNT_UUIDOF or __CRT_UUID_DECL. Its address may be an
 * argument of a template, as _COM_SMARTPTR_TYPEDEF has it. */
template <typename T> const GUID &exeunt_uuidof();
template <typename T> struct exeunt_declared_uuid;
#define __uuidof(type) exeunt_uuidof<__typeof__(type)>()
#define EXEUNT_UUIDOF(type, guid)                                                                                              \
    template <> constexpr const GUID &exeunt_uuidof<type>() { return guid; }                                                   \
    template <> constexpr const GUID &exeunt_uuidof<type *>() { return guid; }
#define __CRT_UUID_DECL(type, a, b, c, d, e, f, g, h, i, j, k)                                                                 \
    template <> struct exeunt_declared_uuid<type> {                                                                            \
        static constexpr GUID guid = {a, b, c, {d, e, f, g, h, i, j, k}};                                                      \
    };                                                                                                                         \
    EXEUNT_UUIDOF(type, exeunt_declared_uuid<type>::guid)
#else
typedef const GUID *REFGUID;
typedef const IID *REFIID;
typedef const CLSID *REFCLSID;
#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#define EXEUNT_UUIDOF(type, guid)
#define __CRT_UUID_DECL(type, a, b, c, d, e, f, g, h, i, j, k)
#endif
#define IsEqualIID(a, b) IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)

EXTERN_C const IID IID_NULL;
#define GUID_NULL IID_NULL
#define CLSID_NULL IID_NULL

#endif

/* Outside the guard: a source includes initguid.h, and then once more a header that declares GUIDs with DEFINE_GUID. */
#undef DEFINE_GUID
#ifdef INITGUID
#define DEFINE_GUID(name, a, b, c, d, e, f, g, h, i, j, k)                                                                     \
    EXTERN_C __attribute__((weak)) const GUID name;                                                                            \
    const GUID name = {a, b, c, {d, e, f, g, h, i, j, k}}
#else
#define DEFINE_GUID(name, a, b, c, d, e, f, g, h, i, j, k) EXTERN_C const GUID name
#endif
#define DEFINE_OLEGUID(name, a, b, c) DEFINE_GUID(name, a, b, c, 0xc0, 0, 0, 0, 0, 0, 0, 0x46)
