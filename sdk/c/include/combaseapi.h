/* Kept for source that includes it. */
#include "objbase.h"
#include "oleauto.h"
