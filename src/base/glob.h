/* glob.h: patterns in which * stands for any octets, and nothing else is special. */
#ifndef VIDIMUS_BASE_GLOB_H
#define VIDIMUS_BASE_GLOB_H

#include <stdbool.h>

#include "base/text.h"

/* Whether all of T is what PATTERN means; ASCII case is ignored. */
bool glob_matches(struct text pattern, struct text t);

#endif
