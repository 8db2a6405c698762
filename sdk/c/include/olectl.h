/* What DllRegisterServer answers. */
#ifndef EXEUNT_OLECTL_H
#define EXEUNT_OLECTL_H

#include "oleauto.h"

#define SELFREG_E_TYPELIB ((HRESULT)0x80040200)
#define SELFREG_E_CLASS ((HRESULT)0x80040201)

#endif
