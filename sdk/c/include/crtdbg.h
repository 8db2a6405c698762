/* Assertions, checked where the module is compiled with _DEBUG, as on Windows. */
#ifndef EXEUNT_CRTDBG_H
#define EXEUNT_CRTDBG_H

#include <assert.h>

#ifdef _DEBUG
#define _ASSERT(condition) assert(condition)
#define _ASSERTE(condition) assert(condition)
#else
#define _ASSERT(condition) ((void)0)
#define _ASSERTE(condition) ((void)0)
#endif

#endif
