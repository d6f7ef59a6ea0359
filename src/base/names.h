/* names.h: one name table an enum, used by parser, printer and log alike. */
#ifndef VIDIMUS_BASE_NAMES_H
#define VIDIMUS_BASE_NAMES_H

#include <stdbool.h>

#include "base/text.h"

struct name {
    int value;
    const char *name; /* NULL ends the table */
};

/* The name of VALUE, or "?" when the table does not hold it. */
const char *name_of(const struct name *table, int value);

/* The value named NAME, ASCII case ignored; false when there is none. */
bool name_value(const struct name *table, struct text name, int *value);

#endif
