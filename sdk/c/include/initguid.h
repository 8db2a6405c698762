/* Included before the headers whose DEFINE_GUIDs this source is to define. */
#define INITGUID
#include "guiddef.h"
