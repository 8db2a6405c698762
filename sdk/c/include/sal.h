/* Kept for source that includes it: the annotations are in exeunt_compiler.h. */
#include "exeunt_compiler.h"
