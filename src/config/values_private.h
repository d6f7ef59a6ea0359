/* values_private.h: from the text of a value to the field of the
 * configuration, and back. */
#ifndef VIDIMUS_CONFIG_VALUES_PRIVATE_H
#define VIDIMUS_CONFIG_VALUES_PRIVATE_H

#include <stdio.h>

#include "config/errors_private.h"
#include "config/options_private.h"

struct region;

struct value {
    struct text text;
    struct place place;
};

/* Checks VALUES (one, unless OPTION is a list) and stores them in OPTION's
 * field of TARGET, with memory of REGION.  Each bad one is an error. */
void value_store(const struct option *option, const struct value *values, size_t count,
                 void *target, struct region *region, struct errors *errors);

/* Likewise the default. */
void value_store_default(const struct option *option, void *target, struct region *region,
                         struct errors *errors);

/* Prints the value of OPTION's field of TARGET as the file would have it. */
void value_print(const struct option *option, const void *target, FILE *out);

/* Prints S in double quotes. */
void value_print_string(const char *s, FILE *out);

#endif
