/*
 * The part of Windows that exit and policy modules use, for a module compiled on Linux. What is here is declared only if it is
 * carried out: a call that the kit does not know fails to compile, and not at the CA.
 */
#ifndef EXEUNT_WINDOWS_H
#define EXEUNT_WINDOWS_H

#include "windef.h"

#include "winerror.h"

#include "winbase.h"
#include "winnls.h"
#include "winreg.h"
#include "winuser.h"

#include "exeunt_wide.h"

#include "objbase.h"
#include "oleauto.h"

#endif
