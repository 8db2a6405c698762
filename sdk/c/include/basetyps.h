/* Kept for source that includes it: see unknwn.h. */
#include "unknwn.h"
