/* Kept for source that includes it, such as the headers MIDL writes. Nothing is marshalled here. */
#include "objbase.h"
#include "oleauto.h"
