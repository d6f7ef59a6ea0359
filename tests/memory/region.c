/* region.c: regions of which every object is an allocation of its own, which can fail. */
#define ONE_BLOCK_AN_OBJECT 1
#include "../../src/base/region.c"
